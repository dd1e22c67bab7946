"""Features counted by rule, and the pairs of the RLHF Lab that they describe."""

import math

import numpy as np
import pytest

from labs_py.core import preference, text_features
from labs_py.labs import _rlhf_annotators, _rlhf_candidates, _rlhf_pairs

TRAIN, HELD_OUT = _rlhf_pairs.load()


def named(text, correct=0.0):
    return dict(zip(text_features.NAMES, text_features.describe(text, correct), strict=True))


def test_each_feature_on_a_text_counted_by_hand():
    found = named("Great question! I am happy to help. It might be 384,400 km, perhaps.\n- one\n- two", 1.0)
    assert found["length"] == pytest.approx(math.log(15))
    assert found["hedging"] == pytest.approx(100 * 2 / 15)
    assert found["courtesy"] == pytest.approx(math.log(3))
    assert found["lists"] == pytest.approx(math.log(3))
    assert found["directness"] == pytest.approx(-math.log1p(7))
    assert found["numbers"] == pytest.approx(math.log(2))
    assert found["refusal"] == 0.0 and found["correct"] == 1.0


def test_empty_text_is_finite():
    assert not text_features.describe("", 0.0).any()


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I'm sorry, but I can't give any medical information.", True),
        ("I won't help with that.", True),
        ("I'm not able to write frightening content.", True),
        ("You can't put it in the dishwasher.", False),
        ("It won't rust if you dry it.", False),
    ],
)
def test_refusals(text, refuses):
    assert named(text)["refusal"] == float(refuses)


def test_numbered_list_marks_are_neither_words_nor_numbers():
    assert text_features.count("1. Stop.\n2. Look.").words == 2
    assert text_features.count("1. Stop.\n2. Look.").numbers == 0


def test_joined_counts_equal_the_counts_of_the_joined_text():
    raw, _, words, truth = _rlhf_candidates.load()
    for i in range(len(raw)):
        text = _rlhf_candidates.text(i)
        assert np.allclose(text_features.describe(text, truth[i]), raw[i]), text
        assert text_features.count_words(text) == words[i]


def test_the_pairs_are_as_many_and_as_varied_as_the_page_says():
    assert len(TRAIN) == 55 and len(HELD_OUT) == 30
    prompts = [p.prompt for p in TRAIN + HELD_OUT]
    assert len(set(prompts)) == 85
    assert {p.topic for p in TRAIN} == {p.topic for p in HELD_OUT} == set(_rlhf_pairs.TOPICS)
    a, b = _rlhf_pairs.describe(TRAIN + HELD_OUT)
    assert (np.sum(a != b, axis=0) >= 9).all(), "every feature differs in at least nine pairs"
    longest = np.exp(np.maximum(a, b)[:, 0].max())
    assert longest < _rlhf_annotators.PATIENCE, "no labelled answer may show that length has an end"


def test_no_feature_repeats_the_others():
    a, b, held_out, _ = _rlhf_annotators.scaled_pairs()
    assert text_features.condition_number(a - b) < 30
    assert text_features.condition_number(held_out) < 30
    assert np.allclose(np.mean((a - b) ** 2, axis=0), 1.0)


def test_neither_side_is_the_better_one_by_habit():
    a, b, held_out, _ = _rlhf_annotators.scaled_pairs()
    for differences in (a - b, held_out):
        share = np.mean(differences @ _rlhf_annotators.WEIGHTS["careful"] > 0)
        assert 0.35 < share < 0.65


def test_the_longer_answer_is_the_better_one_about_half_the_time():
    a, b, _, _ = _rlhf_annotators.scaled_pairs()
    margin = (a - b) @ _rlhf_annotators.WEIGHTS["careful"]
    assert 0.35 < np.mean(margin * (a - b)[:, 0] > 0) < 0.65


@pytest.mark.parametrize("annotator", _rlhf_annotators.WEIGHTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_fitted_annotator_beats_the_majority_pick_on_held_out_pairs(annotator, seed):
    a, b, held_out, _ = _rlhf_annotators.scaled_pairs()
    order, chose_a = _rlhf_annotators.labels(annotator, 0.0, seed)
    for_a = np.bincount(order[:300], weights=chose_a[:300], minlength=len(a))
    for_b = np.bincount(order[:300], weights=1 - chose_a[:300], minlength=len(a))
    weights = preference.fit_newton(a - b, for_a, for_b, 1.0).weights
    prefers_a = held_out @ _rlhf_annotators.WEIGHTS[annotator] > 0
    majority = max(prefers_a.mean(), 1 - prefers_a.mean())
    assert np.mean((held_out @ weights > 0) == prefers_a) > majority + 0.1


def test_list_items_keep_their_lines_when_paragraphs_are_joined():
    text = _rlhf_pairs.join_lines(["Do this:", "- one", "  more of one", "- two.", "Then rest."])
    assert text == "Do this:\n- one   more of one\n- two.\nThen rest."
