"""One matrix product behind all that trains in the browser: numpy's, or a faster one that the page brings.

Numpy in WebAssembly has neither BLAS nor SIMD. The page's worker may hand over a kernel that works on the same
memory (overrides/labs/kernel.js); natively, and where that fails, numpy multiplies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Kernel = Callable[[int, int, int, int, int, int, int], None]
SMALLEST = 4_000
"""Multiplications below which numpy is as quick as the call of a kernel."""

LANES, MANY = 4, 64
"""The kernel takes columns by fours and the rest one by one; from so many rows on, columns of zeros cost less."""

_kernel: list[Kernel] = []


def use(kernel: Kernel | None) -> None:
    """Multiply float32 matrices by ``kernel(a, b, c, rows, columns, inner, pairs)`` from now on; None: by numpy.

    The first three are addresses of whole, row-major blocks: c = a b for each of ``pairs`` pairs of matrices.
    """
    _kernel[:] = [] if kernel is None else [kernel]


def fast() -> bool:
    """True while a kernel multiplies."""
    return bool(_kernel)


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for matrices, or for stacks of equally many of them."""
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    pairs = a.size // max(1, rows * inner)
    same = a.shape[:-2] == b.shape[:-2] and inner == b.shape[-2]
    small = pairs * rows * inner * columns < SMALLEST
    if not _kernel or small or not same or a.dtype != np.float32 or b.dtype != np.float32:
        return a @ b
    if columns % LANES and rows >= MANY and a.ndim == 2:
        wide = np.zeros((inner, columns + -columns % LANES), np.float32)
        wide[:, :columns] = b
        return np.ascontiguousarray(matmul(a, wide)[:, :columns])
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    c = np.empty((*a.shape[:-1], columns), np.float32)
    _kernel[0](_address(a), _address(b), _address(c), rows, columns, inner, pairs)
    return c


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
