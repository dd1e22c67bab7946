"""The small replications of the field reports: the mechanism is there, and it is not an accident of the settings."""

import numpy as np
import pytest

from labs_py.core import report_facts
from labs_py.core.facts import FACTS


@pytest.mark.parametrize("beta", [0.05, 0.1, 0.3])
def test_plain_dpo_lowers_the_chosen_answer_and_the_likelihood_term_keeps_it(beta: float):
    plain = FACTS["chosen_probability_after_dpo"](0.0, beta)
    anchored = FACTS["chosen_probability_after_dpo"](0.2, beta)
    assert plain < 0.02 < 1 / 6 < 0.8 < anchored


def test_untrained_the_six_answers_are_level():
    assert report_facts.chosen_probability_after_dpo(0.0, steps=0) == pytest.approx(1 / 6)


@pytest.mark.parametrize("nll", [0.0, 0.2])
def test_the_probabilities_of_the_six_answers_add_up(nll: float):
    found = np.exp(report_facts.answers_after_dpo(nll))
    assert found.sum() == pytest.approx(1) and found[0] == FACTS["chosen_probability_after_dpo"](nll)
    assert found.argmax() == (2 if nll == 0 else 0)  # without the term an answer wins that nobody labelled


def test_a_chain_succeeds_when_every_step_does():
    assert FACTS["chain_success"](0.5) == pytest.approx(1 / 64)


def test_rl_needs_a_base_that_sometimes_succeeds_and_distillation_does_not():
    weak, strong = 0.2, 0.5
    assert FACTS["chain_after_rl"](weak) < 0.2
    assert FACTS["chain_after_rl"](strong) > 0.9
    assert FACTS["chain_after_distillation"](weak) == pytest.approx(FACTS["chain_after_distillation"](strong), abs=0.02)
    assert FACTS["chain_after_distillation"](weak) > 0.9


def test_without_updates_the_chain_is_the_base():
    assert report_facts.chain_after_rl(0.5, updates=0, runs=1) == pytest.approx(1 / 64)
    assert report_facts.chain_after_distillation(0.5, updates=0) == pytest.approx(1 / 64)


def test_weights_at_so_many_bits():
    assert FACTS["weights_bytes"](3.8e9, 4) == pytest.approx(1.9e9)
    assert FACTS["weights_gibibytes"](3.8e9, 4) == pytest.approx(1.77, abs=0.005)


def test_gpu_hours():
    assert FACTS["gpu_hours"](512, 198) == 101_376
