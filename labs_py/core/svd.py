"""Singular value decomposition by one-sided Jacobi rotations, our own, a few rounds at a time.

The method (Hestenes 1958) turns pairs of columns of a matrix until every pair is orthogonal. Then the
columns' lengths are the singular values. Half of the columns can be turned against the other half in one
numpy call, so a *round* is ``columns / 2`` rotations and a *sweep* (every pair once) is ``columns - 1`` rounds.

Shapes: ``M`` rows and ``N`` columns of the matrix, ``K = min(M, N)`` singular values. Everything is float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labs_py.core import products

TOLERANCE = 1e-12
SMALL = 64
MAX_SWEEPS = 40
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Decomposition:
    """One state of the decomposition ``matrix = left @ diag(values) @ right``.

    At every moment the product is the matrix; only when ``finished`` are ``left`` and ``right`` orthogonal.

    Attributes:
        left: (M, K); columns are the left singular vectors.
        values: (K,) singular values, largest first; those below rounding are exactly 0 once finished.
        right: (K, N); rows are the right singular vectors.
        off_norms: for each sweep begun, the off-diagonal part of the Gram matrix as the sweep met it:
            ``sqrt(sum over pairs of 2 * dot**2) / squared length of all columns``; 0 = all orthogonal.
        sweeps: finished sweeps.
        rounds: finished rounds of the sweep under way.
        rounds_per_sweep: rounds that make one sweep.
        finished: True for the last state.
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    off_norms: tuple[float, ...]
    sweeps: int
    rounds: int
    rounds_per_sweep: int
    finished: bool


# fmt: off
# --8<-- [start:rotate]
def rotate_pairs(
    top: np.ndarray, bottom: np.ndarray, width: int, floor: float
) -> tuple:
    """Turn each row of ``top`` against the same row of ``bottom`` until the two are
    orthogonal.

    Args:
        top, bottom: (N / 2, width + N). A row holds one column of the matrix,
            then its row of V.
        width: how many leading entries of a row are the matrix's column.
        floor: columns shorter than this are rounding noise and are left alone.

    Returns:
        The turned ``top`` and ``bottom``, the largest cosine met,
        and the sum of the squared dot products.
    """
    first, second = top[:, :width], bottom[:, :width]
    first_square = np.einsum("ij,ij->i", first, first)
    second_square = np.einsum("ij,ij->i", second, second)
    dot = np.einsum("ij,ij->i", first, second)
    lengths = np.sqrt(first_square * second_square)
    real = np.minimum(first_square, second_square) > floor * floor
    cosine = np.where(real, np.abs(dot) / np.where(real, lengths, 1.0), 0.0)
    turn = cosine > TOLERANCE * 0.01
    # The smaller of the two angles that make the dot product zero (Rutishauser's
    # formula).
    cotangent = (second_square - first_square) / np.where(turn, 2.0 * dot, 1.0)
    tangent = np.where(cotangent >= 0, 1.0, -1.0) / (
        np.abs(cotangent) + np.sqrt(1.0 + cotangent * cotangent)
    )
    tangent = np.where(turn, tangent, 0.0)[:, None]
    cos = 1.0 / np.sqrt(1.0 + tangent * tangent)
    sin = cos * tangent
    return (
        cos * top - sin * bottom, sin * top + cos * bottom, float(cosine.max()),
        float(dot @ dot),
    )


# --8<-- [end:rotate]
# fmt: on


def change_seats(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seat the columns for the next round: one stays, the others move one place round the table.

    After ``N - 1`` rounds each column has faced each other column once: the circle method of tournaments.
    """
    if len(top) == 1:
        return top, bottom
    return np.concatenate([top[:1], bottom[:1], top[1:-1]]), np.concatenate([bottom[1:], top[-1:]])


def jacobi_steps(matrix: np.ndarray, rounds_per_step: int = 32) -> Iterator[Decomposition]:
    """Decompose ``matrix``, yielding a state every ``rounds_per_step`` rounds and at the end of each sweep.

    Args:
        matrix: (M, N), any shape with at least one entry, any scale, any rank.
        rounds_per_step: rounds between two states within a sweep. States do not depend on the clock.

    Yields:
        States whose product is the matrix; the last is ``finished``, with orthonormal ``left`` and ``right``
        and the values below ``max(M, N) * eps * (length of the whole matrix)``, which no method can tell
        from rounding, set to exactly 0 (their left vectors complete a basis).

    Raises:
        ValueError: the matrix is not two-dimensional, is empty, or holds a value that is not finite.
    """
    matrix = _checked(matrix)
    wide = matrix.shape[0] < matrix.shape[1]
    tall = matrix.T if wide else matrix
    # A power of two brings every scale to about 1 without rounding anything.
    exponent = int(np.frexp(np.abs(tall).max())[1])
    for state in _tall_steps(np.ldexp(tall, -exponent), rounds_per_step):
        values = np.ldexp(state.values, exponent)
        left, right = (state.right.T, state.left.T) if wide else (state.left, state.right)
        yield Decomposition(left, values, right, *_progress(state))


def _checked(matrix: np.ndarray) -> np.ndarray:
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"a matrix with at least one entry is expected, not shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("the matrix holds values that are not finite")
    return matrix


def sketch(matrix: np.ndarray, width: int = 24) -> Decomposition:
    """A rough decomposition in a few milliseconds: the first ``width`` values closely, the others by their mean.

    Method: a random range finder with one power iteration (Halko, Martinsson and Tropp 2011, arXiv 0909.4061), in
    float32; LAPACK for matrices of at most ``SMALL`` columns, which it decomposes as quickly.

    Args:
        matrix: (N, N).
        width: directions that are looked for; the vectors of the others are zero, and their values share the energy
            that is left.

    Raises:
        ValueError: as ``jacobi_steps``.
    """
    matrix = _checked(matrix)
    size = len(matrix)
    found = min(width, size) if size > SMALL else size
    basis = np.eye(size) if found == size else _range_of(matrix.astype(np.float32), found)
    inner, first, outer = np.linalg.svd(products.matmul(basis.T, matrix.astype(basis.dtype)), full_matrices=False)
    rest = max(0.0, float(np.einsum("ij,ij->", matrix, matrix) - first @ first))
    others = np.full(size - found, np.sqrt(rest / max(1, size - found)))
    left, right = np.zeros((size, size)), np.zeros((size, size))
    left[:, :found], right[:found] = basis @ inner, outer
    return Decomposition(left, np.concatenate([first, np.minimum(others, first[-1])]), right, (), 0, 0, 0, False)


def _range_of(matrix: np.ndarray, width: int) -> np.ndarray:
    """(N, width): orthonormal columns near the space of a float32 matrix's first singular vectors."""
    drawn = np.random.default_rng(0).standard_normal((len(matrix), width), dtype=np.float32)
    basis, _ = np.linalg.qr(products.matmul(matrix, drawn))
    basis, _ = np.linalg.qr(products.matmul(matrix, products.matmul(matrix.T, basis)))
    return basis


def decompose(matrix: np.ndarray) -> Decomposition:
    """The finished decomposition of ``matrix``; see ``jacobi_steps``."""
    *_, last = jacobi_steps(matrix, rounds_per_step=1 << 30)
    return last


Progress = tuple[tuple[float, ...], int, int, int, bool]


def _progress(state: Decomposition) -> Progress:
    return state.off_norms, state.sweeps, state.rounds, state.rounds_per_sweep, state.finished


# --8<-- [start:jacobi]
def _tall_steps(matrix: np.ndarray, rounds_per_step: int) -> Iterator[Decomposition]:
    """``jacobi_steps`` for a matrix with at least as many rows as columns and entries
    of at most 1."""
    rows, columns = matrix.shape
    seats = columns + columns % 2  # an odd one out sits opposite a column of zeros
    table = np.zeros((seats, rows + seats))
    table[:columns, :rows] = matrix.T
    table[:, rows:] = np.eye(seats)
    top, bottom = table[: seats // 2], table[seats // 2 :]
    energy = float(np.einsum("ij,ij->", matrix, matrix))
    floor = rows * EPSILON * np.sqrt(energy)
    off_norms: list[float] = []
    for sweep in range(MAX_SWEEPS):
        largest_cosine = met = 0.0
        off_norms.append(0.0)
        for round_number in range(1, seats):
            top, bottom, cosine, squares = rotate_pairs(top, bottom, rows, floor)
            top, bottom = change_seats(top, bottom)
            largest_cosine, met = max(largest_cosine, cosine), met + squares
            off_norms[-1] = np.sqrt(2.0 * met) / energy if energy else 0.0
            if round_number % rounds_per_step == 0 and round_number < seats - 1:
                progress = (tuple(off_norms), sweep, round_number, seats - 1, False)
                yield _state(top, bottom, (rows, columns), floor, progress)
        finished = largest_cosine <= TOLERANCE or sweep == MAX_SWEEPS - 1
        progress = (tuple(off_norms), sweep + 1, 0, seats - 1, finished)
        yield _state(top, bottom, (rows, columns), floor, progress)
        if finished:
            return


# --8<-- [end:jacobi]


def _state(
    top: np.ndarray, bottom: np.ndarray, shape: tuple[int, int], floor: float, progress: Progress
) -> Decomposition:
    """Read lengths and directions off the turned columns, longest first."""
    rows, columns = shape
    table = np.concatenate([top, bottom])
    turned = table[:, :rows]
    lengths = np.sqrt(np.einsum("ij,ij->i", turned, turned))
    order = np.argsort(-lengths, kind="stable")[:columns]
    values, directions, right = lengths[order], turned[order], table[order, rows : rows + columns]
    finished = progress[-1]
    zero = values <= (floor if finished else 0.0)
    left = directions / np.where(zero, 1.0, values)[:, None]
    if finished and zero.any():
        values = np.where(zero, 0.0, values)
        left[zero] = _complete(left[~zero], int(zero.sum()))
    return Decomposition(left.T, values, right, *progress)


def _complete(rows: np.ndarray, count: int) -> np.ndarray:
    """``count`` unit vectors, (count, width), orthogonal to the orthonormal ``rows`` and to each other."""
    width = rows.shape[1]
    found = np.zeros((0, width))
    basis = rows
    candidates = np.eye(width)
    # Standard basis vectors with the largest part outside of what is spanned go first.
    outside = candidates - (candidates @ rows.T) @ rows
    for candidate in outside[np.argsort(-np.einsum("ij,ij->i", outside, outside), kind="stable")]:
        for _ in range(2):  # a second pass removes what rounding left behind
            candidate = candidate - (candidate @ basis.T) @ basis
        length = np.sqrt(candidate @ candidate)
        if length > 1e-6:
            unit = candidate / length
            found, basis = np.vstack([found, unit]), np.vstack([basis, unit])
        if len(found) == count:
            return found
    return found
