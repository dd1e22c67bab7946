"""Numbers on pages that come out of a lab."""

from __future__ import annotations

import pytest

from labs_py import lab_facts


def test_lab_scalar_is_the_labs_own_number_and_refuses_repaired_settings() -> None:
    assert lab_facts.lab_scalar("quantization", "bits_per_weight", {"format": "nf4"}) == 4.5
    with pytest.raises(ValueError, match="below the smallest"):
        lab_facts.lab_scalar("quantization", "rmse", {"bits": 1})
    with pytest.raises(KeyError):
        lab_facts.lab_scalar("quantization", "no_such_scalar")


def test_stored_bits_and_gigabytes() -> None:
    assert lab_facts.stored_bits(4, 64) == 4.5
    assert lab_facts.stored_bits(4, 64, double=True) == pytest.approx(4.127, abs=5e-4)
    assert lab_facts.stored_bits(4, 32, 16, 16) == 5.0
    assert lab_facts.stored_gigabytes(70, 4.5) == pytest.approx(39.375)


def test_steps_of_grid() -> None:
    assert [lab_facts.steps_of_grid(b) for b in (8, 4)] == [255, 15]
    assert [lab_facts.steps_of_grid(b, symmetric=True) for b in (8, 4)] == [127, 7]


def test_step_growth_and_blended_saving() -> None:
    assert lab_facts.step_growth(8, 4) == 17.0
    assert lab_facts.step_growth(8, 4, symmetric=True) == pytest.approx(18.14, abs=0.01)
    assert lab_facts.blended_saving(0.92, 0.1) == pytest.approx(5.81, abs=0.01)
    assert lab_facts.blended_saving(1.0, 0.1) == pytest.approx(10.0)


def test_fewest_differing() -> None:
    assert [lab_facts.fewest_differing(alpha) for alpha in (0.1, 0.05, 0.01)] == [5, 6, 8]
