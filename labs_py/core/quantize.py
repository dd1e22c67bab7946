"""Quantisation: put weights on a coarse grid, bring them back, and count honestly what the grid costs.

Every coder takes blocks (G groups, n weights each) and returns ``Coded``. Codes are chosen with the exact scale;
what is stored of the scale (exact, fp16, or itself quantised) only matters when weights are brought back, as in
bitsandbytes and GGUF. Rounding is to the nearest, ties to even, throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# The 16 levels of NormalFloat-4 as bitsandbytes has them (float32 values); QLoRA, arXiv 2305.14314, appendix E.
NF4_LEVELS = np.array(
    [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
     -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
     0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
)  # fmt: skip
SECOND_BLOCK = 256
"""Scales that share one 32-bit number under double quantisation (QLoRA, section 3)."""

Store = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Coded:
    """Quantised blocks.

    Attributes:
        codes: which level each weight took (G, n); for fp8 the unscaled fp8 value itself.
        scales: one exact scale per group (G, 1).
        restored: what comes back (G, n).
    """

    codes: np.ndarray
    scales: np.ndarray
    restored: np.ndarray


def exact(scales: np.ndarray) -> np.ndarray:
    """Scales kept as they are (a float32 would change them by a part in ten million)."""
    return scales


def as_fp16(scales: np.ndarray) -> np.ndarray:
    """Scales rounded to fp16, as the GGUF formats store them."""
    return cast_float(scales, "fp16", saturate=True)


def to_groups(weights: np.ndarray, granularity: str, size: int = 64) -> np.ndarray:
    """Split a matrix (R, D) into the blocks that share a scale, (G, n).

    Groups run along a row. When ``size`` does not divide D, each row's last group is short; it is filled up with
    copies of the row's last weight, which change neither its largest nor its smallest value.
    """
    rows, width = weights.shape
    if granularity == "tensor":
        return weights.reshape(1, -1)
    if granularity == "row" or size >= width:
        return weights
    short = -width % size
    if short:
        weights = np.concatenate([weights, np.repeat(weights[:, -1:], short, axis=1)], axis=1)
    return weights.reshape(-1, size)


def from_groups(blocks: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Undo ``to_groups``: (G, n) back to (R, D), filling dropped."""
    rows, width = shape
    return blocks.reshape(rows, -1)[:, :width]


def _safe(scales: np.ndarray) -> np.ndarray:
    return np.where(scales > 0, scales, 1.0)  # a group of zeros: any scale brings zeros back


# --8<-- [start:symmetric]
def symmetric(blocks: np.ndarray, bits: int, store: Store = exact) -> Coded:
    """Absmax: codes -L..L with L = 2^(bits-1) - 1,
    so zero is a level and 127 is the largest code of INT8."""
    largest_code = 2 ** (bits - 1) - 1
    scales = _safe(np.abs(blocks).max(axis=1, keepdims=True) / largest_code)
    codes = np.rint(blocks / scales)
    return Coded(codes, scales, codes * store(scales))


# --8<-- [end:symmetric]


# --8<-- [start:affine]
def affine(blocks: np.ndarray, bits: int, store: Store = exact) -> Coded:
    """Codes 0..2^bits - 1 between the group's smallest and largest weight; the smallest
    is stored beside the scale."""
    lowest = blocks.min(axis=1, keepdims=True)
    scales = _safe((blocks.max(axis=1, keepdims=True) - lowest) / (2**bits - 1))
    codes = np.rint((blocks - lowest) / scales)
    kept_lowest = as_fp16(lowest) if store is as_fp16 else lowest
    return Coded(codes, scales, codes * store(scales) + kept_lowest)


# --8<-- [end:affine]


def zero_point(blocks: np.ndarray, bits: int, store: Store = exact) -> Coded:
    """Affine with a whole-number offset, so that zero is exactly a level: x = (code - zero) * scale."""
    lowest = np.minimum(blocks.min(axis=1, keepdims=True), 0.0)
    highest = np.maximum(blocks.max(axis=1, keepdims=True), 0.0)
    scales = _safe((highest - lowest) / (2**bits - 1))
    zeros = np.rint(-lowest / scales)
    codes = np.clip(np.rint(blocks / scales) + zeros, 0, 2**bits - 1)
    return Coded(codes, scales, (codes - zeros) * store(scales))


# --8<-- [start:nf4]
def nf4(blocks: np.ndarray, store: Store = exact) -> Coded:
    """NormalFloat-4: divide by the group's largest magnitude, take the nearest of 16
    levels spaced for bell curves."""
    scales = _safe(np.abs(blocks).max(axis=1, keepdims=True))
    normalised = blocks / scales
    codes = np.zeros(blocks.shape, dtype=np.int8)
    for boundary in (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2:
        codes += normalised > boundary
    return Coded(codes, scales, NF4_LEVELS[codes] * store(scales))


# --8<-- [end:nf4]


@dataclass(frozen=True)
class FloatFormat:
    """A floating-point format: widths of its fields, its largest number, whether it has infinities."""

    exponent_bits: int
    mantissa_bits: int
    largest: float
    infinities: bool = True

    @property
    def bits(self) -> int:
        """Sign, exponent and mantissa together."""
        return 1 + self.exponent_bits + self.mantissa_bits


FLOATS = {
    "fp16": FloatFormat(5, 10, 65504.0),
    "bf16": FloatFormat(8, 7, (2 - 2**-7) * 2.0**127),
    # The OCP variant "fn" gives up infinities to reach 448; torch.float8_e4m3fn is the same.
    "fp8_e4m3": FloatFormat(4, 3, 448.0, infinities=False),
    "fp8_e5m2": FloatFormat(5, 2, 57344.0),
}


# fmt: off
# --8<-- [start:cast]
def cast_float(values: np.ndarray, name: str, saturate: bool = False) -> np.ndarray:
    """Round to the nearest number of a float format, ties to the even mantissa,
    subnormals included.

    Args:
        values: any shape.
        name: key of ``FLOATS``.
        saturate: too large values become the largest number; otherwise infinity. A
            format without infinities always saturates,
            as torch does since 2.13 (older versions gave NaN).

    Returns:
        float64 array whose values the format holds exactly.
    """
    form = FLOATS[name]
    values = np.asarray(values, dtype=np.float64)
    smallest_exponent = 2 - 2 ** (form.exponent_bits - 1)
    # Below it the spacing stops shrinking
    exponent = np.maximum(np.frexp(values)[1] - 1, smallest_exponent)
    spacing_exponent = exponent - form.mantissa_bits
    rounded = np.ldexp(np.rint(np.ldexp(values, -spacing_exponent)), spacing_exponent)
    rounded = np.where(np.isfinite(values), rounded, values)
    if saturate or not form.infinities:
        return np.clip(rounded, -form.largest, form.largest)
    return np.where(
        np.abs(rounded) > form.largest, np.copysign(np.inf, values), rounded
    )


# --8<-- [end:cast]
# fmt: on


def scaled_float(blocks: np.ndarray, name: str, store: Store = exact) -> Coded:
    """Scale each group so that its largest magnitude is the format's largest number, then cast: how fp8 is used."""
    scales = _safe(np.abs(blocks).max(axis=1, keepdims=True) / FLOATS[name].largest)
    codes = cast_float(blocks / scales, name, saturate=True)
    return Coded(codes, scales, codes * store(scales))


def dynamic_levels() -> np.ndarray:
    """The 256 sorted levels of bitsandbytes' signed dynamic 8-bit type: per decade, ever more evenly spaced means."""
    levels = [0.0, 1.0]
    for decade in range(7):
        edges = np.linspace(0.1, 1.0, 2**decade + 1)
        means = (edges[1:] + edges[:-1]) / 2 * 10.0 ** (decade - 6)
        levels += [*means, *-means]
    return np.sort(np.array(levels))


def double_quantised(scales: np.ndarray) -> np.ndarray:
    """Scales as double quantisation keeps them: their mean, and 8 bits each in blocks of 256 (as bitsandbytes does)."""
    mean = scales.mean()
    centred = (scales - mean).ravel()
    padded = np.concatenate([centred, np.zeros(-centred.size % SECOND_BLOCK)]).reshape(-1, SECOND_BLOCK)
    largest = _safe(np.abs(padded).max(axis=1, keepdims=True))
    levels = dynamic_levels()
    nearest = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, padded / largest)]
    return mean + (nearest * largest).ravel()[: scales.size].reshape(scales.shape)


# --8<-- [start:bits]
def bits_per_weight(
    code_bits: int,
    n_weights: int,
    n_groups: int,
    scale_bits: int,
    offset_bits: int = 0,
    double: bool = False,
) -> float:
    """True storage per weight: the codes, each group's scale (and offset), and the
    second level's 32-bit numbers.

    QLoRA's own count: NF4, groups of 64, 32-bit scales = 4.5; with double quantisation
    4 + 8/64 + 32/(64*256) = 4.127. The single mean that double quantisation keeps per
    matrix is left out, as there.
    """
    per_group = (8 if double else scale_bits) + offset_bits
    second_level = -(-n_groups // SECOND_BLOCK) * 32 if double else 0
    return code_bits + (n_groups * per_group + second_level) / n_weights


# --8<-- [end:bits]


# --8<-- [start:repair]
def repair(residual: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors B (R, r) and A (r, D) whose product is the best rank-r stand-in for what
    quantisation lost."""
    left, values, right = np.linalg.svd(residual, full_matrices=False)
    return left[:, :rank] * values[:rank], right[:rank]


# --8<-- [end:repair]


def fit_down(residual: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The A (r, D) that is best for a given B (R, r): least squares, one half-step of the live fit."""
    return np.linalg.solve(up.T @ up + 1e-12 * np.eye(up.shape[1]), up.T @ residual)


def fit_up(residual: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The B (R, r) that is best for a given A (r, D): the other half-step."""
    return np.linalg.solve(down @ down.T + 1e-12 * np.eye(down.shape[0]), down @ residual.T).T


def read_q4_1(content: bytes, rows: int) -> np.ndarray:
    """Weights (rows, D) from raw GGUF Q4_1 blocks: fp16 step, fp16 minimum, 16 bytes with two 4-bit codes each."""
    blocks = np.frombuffer(content, np.uint8).reshape(-1, 20)
    step, lowest = np.ascontiguousarray(blocks[:, :4]).view("<f2").astype(np.float64).T
    nibbles = blocks[:, 4:]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=1)  # low halves are the block's first 16 weights
    return (codes * step[:, None] + lowest[:, None]).reshape(rows, -1)
