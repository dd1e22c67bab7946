"""The one matrix product: numpy's by default, a kernel's where one is in use and fits."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import products


def at(address: int, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 block at an address."""
    count = int(np.prod(shape))
    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).reshape(shape)


@pytest.fixture
def kernel():
    """A stand-in that multiplies by address, and counts."""
    calls = []

    def multiply(a, b, c, rows, columns, inner, pairs):
        calls.append((rows, columns, inner, pairs))
        at(c, (pairs, rows, columns))[:] = at(a, (pairs, rows, inner)) @ at(b, (pairs, inner, columns))

    products.use(multiply)
    yield calls
    products.use(None)


def test_numpy_multiplies_when_there_is_no_kernel():
    assert not products.fast()
    a = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    assert np.array_equal(products.matmul(a, a.T), a @ a.T)


def test_a_kernel_gets_whole_blocks_of_views_too(kernel):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=size).astype(np.float32) for size in ((40, 70), (50, 70)))
    assert products.fast()
    assert np.allclose(products.matmul(a, b.T), a @ b.T, atol=1e-4)
    stack = rng.normal(size=(2, 3, 20, 16)).astype(np.float32)
    assert np.allclose(products.matmul(stack, stack.swapaxes(-1, -2)), stack @ stack.swapaxes(-1, -2), atol=1e-4)
    assert kernel == [(40, 50, 70, 1), (20, 20, 16, 6)]


def test_columns_that_are_no_fours_get_company_where_there_are_many_rows(kernel):
    rng = np.random.default_rng(0)
    for rows, columns, wanted in ((96, 31, 32), (96, 32, 32), (40, 31, 31)):
        a, b = (rng.normal(size=size).astype(np.float32) for size in ((rows, 70), (70, columns)))
        found = products.matmul(a, b)
        assert found.flags.c_contiguous and found.shape == (rows, columns)
        assert np.allclose(found, a @ b, atol=1e-4)
        assert kernel.pop() == (rows, wanted, 70, 1)
    assert not kernel


def test_small_products_and_other_numbers_stay_with_numpy(kernel):
    a = np.ones((4, 4), np.float32)
    assert np.array_equal(products.matmul(a, a), a @ a)
    b = np.ones((64, 64))
    assert products.matmul(b, b).dtype == np.float64
    assert np.array_equal(
        products.matmul(np.ones((64, 0), np.float32), np.ones((0, 64), np.float32)), np.zeros((64, 64))
    )
    assert not kernel


def test_shapes_that_do_not_fit_are_refused_as_numpy_does(kernel):
    with pytest.raises(ValueError):
        products.matmul(np.ones((64, 64), np.float32), np.ones((63, 64), np.float32))
    assert not kernel


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_any_shape_comes_out_as_numpys(rows: int, inner: int, columns: int):
    rng = np.random.default_rng(rows * 1600 + inner * 40 + columns)
    a, b = (rng.normal(size=size).astype(np.float32) for size in ((rows, inner), (inner, columns)))
    assert np.allclose(products.matmul(a, b), a @ b)
