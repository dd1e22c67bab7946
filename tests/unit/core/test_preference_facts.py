"""Numbers that pages print about labels, best of n and groups."""

import math

import numpy as np
import pytest

from labs_py.core.facts import FACTS


def test_best_of_kl():
    assert FACTS["best_of_kl"](16) == pytest.approx(math.log(16) - 15 / 16)
    assert FACTS["best_of_kl"](1) == 0.0


def test_agreement_under_slips():
    assert FACTS["agreement_under_slips"](1.0, 0.2) == pytest.approx(0.8)
    assert FACTS["agreement_under_slips"](0.9, 0.5) == pytest.approx(0.5)


def test_equal_group_chance():
    assert FACTS["equal_group_chance"](0.5, 2) == 0.5
    assert FACTS["equal_group_chance"](1.0, 8) == 1.0


def test_agreement_ceiling_bounds_what_a_model_can_predict():
    ceiling = FACTS["agreement_ceiling"]
    assert ceiling(0.5) == 0.5 and ceiling(1.0) == 1.0
    rng = np.random.default_rng(0)
    for sharpness in (0.2, 1.0, 5.0):  # from sure labels to labels that are all alike
        chance = rng.beta(sharpness, sharpness, 100_000)
        agreement, best = np.mean(chance**2 + (1 - chance) ** 2), np.mean(np.maximum(chance, 1 - chance))
        assert agreement <= best <= ceiling(agreement) + 1e-12


def test_label_loss():
    assert FACTS["label_loss"](0.0) == pytest.approx(math.log(2))


def test_an_answers_ratio_is_the_product_of_its_tokens():
    assert FACTS["answer_ratio"](0.0, 1000) == 1
    assert FACTS["answer_ratio"](math.log(2), 3) == pytest.approx(8)
