"""TIES on numbers that can be checked by hand, and on random ones against PEFT's."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py.core.merging import ties


def test_by_hand() -> None:
    # Kept: 4, -3 of the first, 2, 5 of the second. Signs: + (4 + 2), + (-3 + 5), then nothing.
    updates = np.array([[4.0, -3.0, 0.1, 0.2], [2.0, 5.0, -0.3, 0.1]])
    assert ties(updates).tolist() == [3.0, 5.0, 0.0, 0.0]


def test_one_update_is_its_trimmed_self_and_equal_ones_are_their_mean() -> None:
    update = np.random.default_rng(0).standard_normal((6, 5))
    kept = ties(update[None], density=0.4)
    assert (kept != 0).sum() == 12 and np.allclose(kept[kept != 0], update[kept != 0])
    assert np.allclose(ties(np.stack([update, update]), 1.0), update)


def test_it_is_pefts() -> None:
    torch = pytest.importorskip("torch")
    merge_utils = pytest.importorskip("peft.utils.merge_utils")
    updates = np.random.default_rng(2).standard_normal((3, 8, 5))
    theirs = merge_utils.ties([torch.tensor(u) for u in updates], torch.ones(3, dtype=torch.float64), 0.5)
    assert np.allclose(ties(updates, 0.5), theirs.numpy())
