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


def test_one_vote_is_one_sample_and_a_lone_right_answer_wins():
    assert FACTS["majority_right"](0.4, 0.6, 1) == pytest.approx(0.4)
    assert FACTS["majority_right"](0.4, 0.0, 64) > 0.999
    assert FACTS["majority_right"](0.4, 0.6, 65) < 0.06 < 0.94 < FACTS["majority_right"](0.6, 0.4, 65)


@pytest.mark.parametrize("rival", [0.0, 0.3, 0.6])
def test_the_majority_is_what_drawing_gives(rival: float):
    rng, votes, wins = np.random.default_rng(0), 7, 0.0
    for _ in range(20_000):
        drawn = rng.choice(3, size=votes, p=[0.4, rival, 0.6 - rival])
        counts = [(drawn == 0).sum(), (drawn == 1).sum(), *[1] * (drawn == 2).sum()]
        wins += (counts[0] == max(counts)) / counts.count(max(counts))
    assert FACTS["majority_right"](0.4, rival, votes) == pytest.approx(wins / 20_000, abs=0.012)
