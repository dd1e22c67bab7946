"""InfoNCE in numpy: by hand, by finite differences, and what its training does to the made-up corpus."""

import math

import numpy as np
import pytest

from labs_py.core import contrast_facts, contrastive
from labs_py.core.facts import FACTS


def pairs(seed: int = 0, n: int = 5, extra: int = 3, width: int = 6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)), rng.normal(size=(n + extra, width))


def test_a_case_by_hand():
    questions, passages = np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 5.0]])
    assert contrastive.info_nce(questions, passages, scale=1.0) == pytest.approx(math.log(1 + math.exp(-1)))


def test_equal_similarities_cost_the_logarithm():
    same = np.ones((4, 3))
    assert contrastive.info_nce(same, same) == pytest.approx(FACTS["chance_loss"](4))


@pytest.mark.parametrize("widths", [(6,), (2, 4, 6)])
def test_gradients_are_the_slopes(widths):
    questions, passages = pairs()

    def loss(q, p):
        return sum(contrastive.info_nce(q[:, :d], p[:, :d], 5.0) for d in widths)

    got = contrastive.matryoshka_gradient(questions, passages, widths, 5.0)
    for which, side in enumerate((questions, passages)):
        for place in np.ndindex(side.shape):
            step = np.zeros_like(side)
            step[place] = 1e-6
            up, down = ((questions + s, passages) if which == 0 else (questions, passages + s) for s in (step, -step))
            assert got[which][place] == pytest.approx((loss(*up) - loss(*down)) / 2e-6, abs=1e-6)


def test_a_gradient_never_points_along_its_vector():
    questions, passages = pairs(1)
    for side, gradient in zip((questions, passages), contrastive.info_nce_gradient(questions, passages), strict=True):
        assert np.abs((side * gradient).sum(-1)).max() < 1e-12


def test_mining_finds_the_nearest_wrong_one_and_leaves_out_what_it_is_told_to():
    questions = np.array([[1.0, 0.0]])
    passages = np.array([[1.0, 0.1], [1.0, 0.11], [1.0, 0.5], [0.0, 1.0]])
    own = np.array([0])
    assert contrastive.mine(questions, passages, own)[0] == 1
    assert contrastive.mine(questions, passages, own, skip=1)[0] == 2
    assert contrastive.mine(questions, passages, own, margin=0.05)[0] == 2


def test_places_and_their_scores():
    places = contrastive.ranks(np.eye(3), np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 1.0]]))
    assert places.tolist() == [1, 3, 2]
    assert contrastive.recall_at(places, 2) == pytest.approx(2 / 3)
    assert contrastive.reciprocal_rank(places) == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)
    assert contrastive.ndcg_at(places, 2) == pytest.approx((1 + 1 / math.log2(3)) / 3)


def test_a_collapsed_space_scores_last_and_not_first():
    assert contrastive.ranks(np.ones((4, 2)), np.ones((4, 2))).tolist() == [4, 4, 4, 4]


def test_training_helps_the_search_it_was_trained_for_and_hard_negatives_more():
    none, batch, hard = (FACTS["toy_recall"](negatives) for negatives in ("none", "batch", "hard"))
    assert none + 0.1 < batch and batch + 0.05 < hard
    assert FACTS["toy_ndcg"]("none") < FACTS["toy_ndcg"]("batch") < FACTS["toy_ndcg"]("hard")


def test_and_harms_the_job_it_was_not_trained_for():
    none, batch, hard = (FACTS["toy_same_topic"](negatives) for negatives in ("none", "batch", "hard"))
    assert none > batch > hard + 0.05


def test_nested_widths_keep_more_of_the_search_when_the_vector_is_cut():
    cut = {negatives: FACTS["toy_recall"](negatives, width=8) for negatives in ("batch", "nested")}
    assert cut["nested"] > cut["batch"] + 0.08
    assert abs(FACTS["toy_recall"]("nested") - FACTS["toy_recall"]("batch")) < 0.1


def test_the_untrained_map_is_the_identity():
    assert np.array_equal(contrast_facts.trained_map("none"), np.eye(contrast_facts.DIM))


def test_chances_and_bytes():
    assert FACTS["false_negative_chance"](2, 10) == pytest.approx(0.1)
    assert FACTS["index_bytes"](1e6, 768) == 3.072e9
