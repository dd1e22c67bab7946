"""Arithmetic of data and teachers."""

import pytest

from labs_py.core import chat_data
from labs_py.core.facts import FACTS


def test_the_curve_is_the_one_of_the_checkers_signature():
    assert chat_data.BANDS == 16 and chat_data.SIGNATURE // chat_data.BANDS == 4
    assert FACTS["near_duplicate_caught"](1.0) == 1.0
    assert FACTS["near_duplicate_caught"](0.5) == pytest.approx(1 - (15 / 16) ** 16)


def test_stored_scores():
    assert FACTS["scores_bytes"](1e6, 49_152, 2) == 98.304e9
    assert FACTS["scores_bytes"](1e6, 64, 6) == 384e6


def test_samples():
    assert FACTS["some_answer_right"](0.5, 2) == 0.75
    assert FACTS["some_answer_right"](0.3, 1) == pytest.approx(0.3)


def test_savings():
    assert FACTS["saving_limit"](0.75) == 4
    assert FACTS["remaining_cost"](0.8, 1.2) == pytest.approx(0.24)
    assert FACTS["compute_ratio"](12.0, 3.0) == 4


def test_intervals_are_wilsons():
    assert FACTS["interval_low"](0, 10) == 0.0 and FACTS["interval_high"](10, 10) == 1.0
    assert FACTS["interval_low"](50, 100) == pytest.approx(0.4038, abs=1e-4)
    assert FACTS["interval_high"](50, 100) == pytest.approx(0.5962, abs=1e-4)
