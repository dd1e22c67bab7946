"""Weights in 4 and 8 bits by blocks of 32, as llama.cpp stores them, and products with them.

Q4_1 keeps a step d, a lowest value m (16-bit floats) and 32 whole numbers q from 0 to 15: a weight is d q + m. Q8_0
keeps d and 32 whole numbers from -127 to 127: a weight is d q. Source: ``block_q4_1`` and ``block_q8_0`` in
ggml/src/ggml-common.h of llama.cpp; ``tests/parity/test_llama.py`` compares each number with the gguf package's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labs_py.core import products

WEIGHTS = 32  # of a block
SIZES = {"Q4_1": 20, "Q8_0": 34}  # bytes of a block
CODES = {"Q4_1": 0, "Q8_0": 1}  # as the kernel of the page numbers them
LARGEST = 32_767  # 16-bit number that a rounded activation becomes
FEW = 4  # rows of activations up to which the packed weights are multiplied as they are


class Kernel(Protocol):
    """What a page may bring; all arguments but the last are addresses and counts on numpy's own memory."""

    def multiply(self, code: int, w: int, x: int, y: int, rows: int, columns: int, count: int) -> None:
        """y (count, rows) = x (count, columns) wᵀ."""

    def expand(self, code: int, w: int, out: int, blocks: int) -> None:
        """The float32 weights of so many blocks."""

    def step(self, plan: int, token: int, place: int, quick: bool) -> None:
        """A token through the whole model, as ``one_token`` plans it; ``quick`` rounds activations as ``rounded``."""


@dataclass(frozen=True)
class Blocks:
    """A matrix of packed weights.

    Attributes:
        kind: key of ``SIZES``.
        data: bytes, (D_out, D_in / 32 * size of a block), row by row.
    """

    kind: str
    data: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(D_out, D_in)."""
        return self.data.shape[0], self.data.shape[1] // SIZES[self.kind] * WEIGHTS

    def take(self, rows: np.ndarray | slice) -> Blocks:
        """Some of the rows, in the order given."""
        return Blocks(self.kind, self.data[rows])


Matrix = np.ndarray | Blocks
_brought: list[tuple[Kernel, bool]] = []


def use(kernel: Kernel | None, quick: bool = False) -> None:
    """Multiply packed weights by ``kernel`` from now on; None: by numpy.

    Args:
        quick: let it round activations where a single token passes.
    """
    _brought[:] = [] if kernel is None else [(kernel, quick)]


def brought() -> tuple[Kernel, bool] | None:
    """The kernel that multiplies, and whether it may round; None while numpy does."""
    return _brought[0] if _brought else None


def unpack(packed: Blocks, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """The weights as floats, (D_out, D_in)."""
    if _brought and dtype is np.float32:
        data, out = np.ascontiguousarray(packed.data), np.empty(packed.shape, np.float32)
        _brought[0][0].expand(CODES[packed.kind], address(data), address(out), out.size // WEIGHTS)
        return out
    rows, columns = packed.shape
    whole = packed.data.reshape(rows, columns // WEIGHTS, SIZES[packed.kind])
    step = _halves(whole[..., :2], dtype)
    if packed.kind == "Q8_0":
        return (step * whole[..., 2:].view(np.int8).astype(dtype)).reshape(rows, columns)
    nibbles = np.concatenate([whole[..., 4:] & 15, whole[..., 4:] >> 4], -1)
    return (step * nibbles.astype(dtype) + _halves(whole[..., 2:4], dtype)).reshape(rows, columns)


def _halves(pairs: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
    """16-bit floats out of pairs of bytes, (..., 2) -> (..., 1)."""
    return np.ascontiguousarray(pairs).view("<f2").astype(dtype)


# --8<-- [start:seam]
def times(x: np.ndarray, weights: Matrix) -> np.ndarray:
    """x Wᵀ, (T, D_in) -> (T, D_out): the one product that every linear layer goes
    through."""
    if isinstance(weights, np.ndarray):
        return products.matmul(x, weights.T)
    if _brought and len(x) <= FEW and x.dtype == np.float32:
        return _packed_times(x, weights)
    # Wx rather than xWᵀ: it is the activations that get turned over in memory,
    # not the much larger weights.
    return np.ascontiguousarray(products.matmul(floats(weights, x.dtype.type), x.T).T)


def times_back(dy: np.ndarray, weights: Matrix) -> np.ndarray:
    """dy W, (T, D_out) -> (T, D_in): the gradient of ``times`` with respect to x."""
    return products.matmul(dy, floats(weights, dy.dtype.type))


# --8<-- [end:seam]


# --8<-- [start:rounded]
def rounded(x: np.ndarray) -> np.ndarray:
    """Activations as the quick path rounds them: in each block of 32 the largest
    becomes 32,767, a 16-bit number."""
    whole = x.reshape(-1, WEIGHTS)
    step = np.maximum(
        np.abs(whole).max(-1, keepdims=True) / x.dtype.type(LARGEST),
        x.dtype.type(1e-30),
    )
    return (np.rint(whole / step) * step).reshape(x.shape)


# --8<-- [end:rounded]


def floats(weights: Matrix, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """A matrix as floats, whatever it is stored in."""
    return weights if isinstance(weights, np.ndarray) else unpack(weights, dtype)


def _packed_times(x: np.ndarray, weights: Blocks) -> np.ndarray:
    (kernel, _), (rows, columns) = _brought[0], weights.shape
    x, y = np.ascontiguousarray(x), np.empty((len(x), rows), np.float32)
    data = np.ascontiguousarray(weights.data)
    kernel.multiply(CODES[weights.kind], address(data), address(x), address(y), rows, columns, len(x))
    return y


def address(array: np.ndarray) -> int:
    """Where an array's numbers begin."""
    return array.__array_interface__["data"][0]
