"""The RLHF Lab's written answers: as many and as varied as the page says, and no feature gives the verdict away."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py.core import preference, text_features
from labs_py.labs.rlhf import annotators, answer_pairs, candidate_answers

TRAIN, HELD_OUT = answer_pairs.load()
TOPICS = {"house", "science", "computing", "work", "care"}


def test_joined_counts_equal_the_counts_of_the_joined_text():
    raw, _, words, truth = candidate_answers.load()
    for i in range(len(raw)):
        text = candidate_answers.text(i)
        assert np.allclose(text_features.describe(text, truth[i]), raw[i]), text
        assert text_features.count_words(text) == words[i]


def test_the_pairs_are_as_many_and_as_varied_as_the_page_says():
    assert len(TRAIN) == 55 and len(HELD_OUT) == 30
    prompts = [p.prompt for p in TRAIN + HELD_OUT]
    assert len(set(prompts)) == 85
    assert {p.topic for p in TRAIN} == {p.topic for p in HELD_OUT} == TOPICS
    a, b = answer_pairs.describe(TRAIN + HELD_OUT)
    assert (np.sum(a != b, axis=0) >= 9).all(), "every feature differs in at least nine pairs"
    longest = np.exp(np.maximum(a, b)[:, 0].max())
    assert longest < annotators.PATIENCE, "no labelled answer may show that length has an end"


def test_no_feature_repeats_the_others():
    a, b, held_out, _ = annotators.scaled_pairs()
    assert text_features.condition_number(a - b) < 30
    assert text_features.condition_number(held_out) < 30
    assert np.allclose(np.mean((a - b) ** 2, axis=0), 1.0)


def test_neither_side_is_the_better_one_by_habit():
    a, b, held_out, _ = annotators.scaled_pairs()
    for differences in (a - b, held_out):
        share = np.mean(differences @ annotators.WEIGHTS["careful"] > 0)
        assert 0.35 < share < 0.65


def test_the_longer_answer_is_the_better_one_about_half_the_time():
    a, b, _, _ = annotators.scaled_pairs()
    margin = (a - b) @ annotators.WEIGHTS["careful"]
    assert 0.35 < np.mean(margin * (a - b)[:, 0] > 0) < 0.65


@pytest.mark.parametrize("annotator", annotators.WEIGHTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_fitted_annotator_beats_the_majority_pick_on_held_out_pairs(annotator, seed):
    a, b, held_out, _ = annotators.scaled_pairs()
    order, chose_a = annotators.labels(annotator, 0.0, seed)
    for_a = np.bincount(order[:300], weights=chose_a[:300], minlength=len(a))
    for_b = np.bincount(order[:300], weights=1 - chose_a[:300], minlength=len(a))
    weights = preference.fit_newton(a - b, for_a, for_b, 1.0).weights
    prefers_a = held_out @ annotators.WEIGHTS[annotator] > 0
    majority = max(prefers_a.mean(), 1 - prefers_a.mean())
    assert np.mean((held_out @ weights > 0) == prefers_a) > majority + 0.1


def test_list_items_stand_on_lines_of_their_own():
    answers = [answer for pair in TRAIN + HELD_OUT for answer in pair.answers]
    items = [text_features.count(answer).list_items for answer in answers]
    assert (len(answers), np.count_nonzero(items), sum(items)) == (170, 9, 36)
    assert not any(" - " in line or line != line.strip() for answer in answers for line in answer.split("\n"))
