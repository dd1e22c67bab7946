"""Muon's step keeps the directions and evens out their lengths."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py.core.orthogonal import orthogonalise


@pytest.mark.parametrize("shape", [(24, 24), (12, 30), (30, 12)])
def test_directions_stay_and_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    update = np.random.default_rng(0).standard_normal(shape)
    u, s, v = np.linalg.svd(update, full_matrices=False)
    found = orthogonalise(update)
    inside = u.T @ found @ v.T
    assert np.allclose(inside - np.diag(np.diag(inside)), 0, atol=1e-8)
    large = s > 0.05 * s[0]
    assert (np.diag(inside)[large] > 0.6).all() and (np.diag(inside) < 1.25).all()


def test_the_scale_of_the_update_does_not_matter() -> None:
    update = np.random.default_rng(1).standard_normal((8, 8))
    assert np.allclose(orthogonalise(update), orthogonalise(1e6 * update))


def test_the_numbers_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    import inspect

    from labs_py.core import orthogonal

    given = inspect.signature(torch.optim.Muon.__init__).parameters["ns_coefficients"].default
    assert tuple(given) == (orthogonal.A, orthogonal.B, orthogonal.C)
