"""Our Jacobi SVD against LAPACK, over shapes, scales and ranks; and what its states promise on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import svd
from tests.effort import examples


def _check(matrix: np.ndarray, tolerance: float = 1e-12) -> svd.Decomposition:
    found = svd.decompose(matrix)
    reference = np.linalg.svd(matrix, compute_uv=False)
    count, scale = min(matrix.shape), float(reference[0])
    assert found.finished
    assert np.abs(found.values - reference).max() <= tolerance * scale
    assert (np.diff(found.values) <= 0).all()
    assert np.abs(found.left.T @ found.left - np.eye(count)).max() < 1e-11
    assert np.abs(found.right @ found.right.T - np.eye(count)).max() < 1e-11
    assert np.abs((found.left * found.values) @ found.right - matrix).max() <= tolerance * scale
    return found


@examples(40, 1000)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    seed=st.integers(0, 10_000),
    exponent=st.integers(-250, 250),
    rank=st.integers(1, 40),
)
def test_agrees_with_lapack_on_any_shape_scale_and_rank(rows, columns, seed, exponent, rank):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((rows, rank)), rng.standard_normal((rank, columns))
    # In float64 the squares of 1e-250 are zero: without scaling, everything would look orthogonal.
    _check(factors[0] @ factors[1] * 10.0**exponent)


@pytest.mark.parametrize("size", [32, 33, 64, 97])
@pytest.mark.parametrize("kind", ["full", "power", "steep", "equal"])
def test_agrees_with_lapack_on_spectra_of_every_kind(size, kind):
    rng = np.random.default_rng(size)
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(2))
    values = {
        "full": np.linspace(2, 1, size),
        "power": np.arange(1, size + 1.0) ** -2,
        "steep": 10.0 ** -np.linspace(0, 14, size),
        "equal": np.ones(size),
    }[kind]
    _check(left * values @ right)


def test_exactly_low_rank_gives_exact_zeros_and_complete_bases():
    rng = np.random.default_rng(0)
    matrix = rng.integers(-9, 10, (48, 5)) @ rng.integers(-9, 10, (5, 48)).astype(float)
    found = _check(matrix)
    assert (found.values[5:] == 0).all() and (found.values[:5] > 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (7, 4), (4, 7), (1, 9), (9, 1)])
def test_zero_matrix_has_zero_values_and_orthonormal_vectors(shape):
    found = _check(np.zeros(shape))
    assert (found.values == 0).all()


def test_some_zero_columns_and_repeated_columns():
    matrix = np.zeros((20, 12))
    matrix[:, 3] = matrix[:, 7] = np.arange(20)
    found = _check(matrix)
    assert np.count_nonzero(found.values) == 1


def test_the_largest_and_smallest_floats():
    for scale in (1e307, 5e-324, 1e-308):
        assert svd.decompose(np.array([[scale, 0.0], [0.0, 0.0]])).values[0] == scale


@pytest.mark.parametrize("matrix", [np.zeros((0, 3)), np.zeros(3), np.array([[1.0, np.nan]]), np.array([[np.inf]])])
def test_what_cannot_be_decomposed_is_said(matrix):
    with pytest.raises(ValueError, match="expected|finite"):
        svd.decompose(matrix)


@pytest.mark.parametrize("size", [1, 32, 64, 128, 256])
@pytest.mark.parametrize("decay", [0.3, 1.0, 3.0])
def test_a_sketch_is_close_where_it_matters_and_keeps_the_energy(size, decay):
    rng = np.random.default_rng(size)
    values = np.arange(1, size + 1.0) ** -decay
    turned = [np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2)]
    rough = svd.sketch(turned[0] * values @ turned[1])
    assert not rough.finished and (np.diff(rough.values) <= 1e-12).all()
    assert np.abs(rough.values[:20] - values[:20]).max() < 0.1
    assert np.sum(rough.values**2) == pytest.approx(np.sum(values**2), rel=0.1)


def test_every_state_multiplies_to_the_matrix_and_the_last_sweeps_converge():
    matrix = np.random.default_rng(1).standard_normal((24, 24))
    states = list(svd.jacobi_steps(matrix, rounds_per_step=5))
    for state in states:
        assert np.allclose((state.left * state.values) @ state.right, matrix, atol=1e-12)
    # 23 rounds a sweep: states after 5, 10, 15, 20 and at the end.
    assert [s.rounds for s in states[:5]] == [5, 10, 15, 20, 0]
    assert [s.finished for s in states].count(True) == 1 and states[-1].finished
    off = states[-1].off_norms
    assert len(off) == states[-1].sweeps < 12
    assert off[-1] < 1e-13 and off[0] > 0.05
    # Quadratic at the end: one sweep at least squares a small off-diagonal norm, up to a constant.
    before = next(i for i, x in enumerate(off) if x < 1e-4)
    assert off[before + 1] < 1e-6


def test_steps_do_not_change_the_result():
    matrix = np.random.default_rng(2).standard_normal((30, 18))
    fine, coarse = list(svd.jacobi_steps(matrix, 1))[-1], svd.decompose(matrix)
    assert (fine.values == coarse.values).all() and (fine.left == coarse.left).all()
    assert fine.off_norms == coarse.off_norms


def test_circle_method_meets_every_pair_once():
    seats = 10
    table = np.arange(seats, dtype=float)[:, None]
    top, bottom = table[:5], table[5:]
    met = set()
    for _ in range(seats - 1):
        met |= {frozenset(pair) for pair in zip(top[:, 0], bottom[:, 0], strict=True)}
        top, bottom = svd.change_seats(top, bottom)
    assert len(met) == seats * (seats - 1) // 2


def test_one_rotation_makes_a_pair_orthogonal_and_keeps_its_energy():
    rng = np.random.default_rng(3)
    top, bottom = rng.standard_normal((4, 6)), rng.standard_normal((4, 6))
    new_top, new_bottom, cosine, squares = svd.rotate_pairs(top, bottom, 6, 0.0)
    assert np.abs(np.einsum("ij,ij->i", new_top, new_bottom)).max() < 1e-14
    assert np.isclose((new_top**2 + new_bottom**2).sum(), (top**2 + bottom**2).sum())
    assert 0 < cosine <= 1 and np.isclose(squares, (np.einsum("ij,ij->i", top, bottom) ** 2).sum())
