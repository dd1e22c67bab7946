"""The RLHF Lab: picks become a reward model, and a policy is optimised against it.

Without ``train`` the weights are the exact optimum, by Newton's method, so that every slider is light. With
``train`` gradient descent goes there from zero, one frame every few steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import preference
from labs_py.labs.rlhf import (
    annotators,
    answer_pairs,
    candidate_answers,
    optimisation,
    own_picks,
    reward_model,
    summaries,
)
from labs_py.spec import Result

STEPS = 300
STEPS_PER_FRAME = 4


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame from the exact fit; with ``train``, the frames of gradient descent from zero."""
    picks, complaint = own_picks.read(params["picks"])
    key = reward_model.evidence_key(params, picks)
    evidence = reward_model.evidence_for(*key)
    texts = {"error:picks": complaint} if complaint else {}
    if params["train"] and evidence.labels:
        yield from _train(params, picks, key, texts)
        return
    fit = reward_model.exact_fit(*key, params["l2"])
    yield _state(
        params, picks, key, fit.weights, fit.losses / max(evidence.labels, 1.0), np.arange(len(fit.losses)), texts
    )


def _train(
    params: dict[str, Any], picks: tuple[own_picks.Pick, ...], key: tuple, texts: dict[str, str]
) -> Iterator[Result]:
    evidence = reward_model.evidence_for(*key)
    differences = reward_model.seen_differences(evidence)
    size = preference.safe_step(differences, evidence.for_a, evidence.for_b, params["l2"])
    losses: list[float] = []
    path = preference.descend(differences, evidence.for_a, evidence.for_b, params["l2"], STEPS, size)
    for step, (weights, value) in enumerate(path):
        losses.append(value / evidence.labels)
        if step % STEPS_PER_FRAME == 0:
            yield _state(params, picks, key, weights, np.array(losses), np.arange(step + 1), texts, step)


def _state(
    params: dict[str, Any],
    picks: tuple[own_picks.Pick, ...],
    key: tuple,
    weights: np.ndarray,
    losses: np.ndarray,
    steps: np.ndarray,
    texts: dict[str, str],
    done: int = 0,
) -> Result:
    """The whole lab at these weights."""
    evidence = reward_model.evidence_for(*key)
    scalars: dict[str, float] = {}
    arrays: dict[str, np.ndarray] = {"loss": losses, "loss_step": steps}
    for part in (
        reward_model.picked(params, picks),
        reward_model.fitted(params, evidence, weights),
        reward_model.labelled(params, key, weights),
        optimisation.chased(params, key, weights),
        optimisation.grouped(params, weights),
    ):
        scalars |= part[0]
        arrays |= part[1]
    if evidence.annotator == "you":
        scalars["heldout_accuracy"] = scalars["sealed_accuracy"]
    texts = texts | summaries.describe(params, evidence.annotator, len(picks), scalars, arrays)
    seal = reward_model.sealed(picks, params["l2"], params["see_truth"])
    texts["pair"] = json.dumps(own_picks.card(picks, seal, own_picks.scaled_differences(params["see_truth"])))
    return Result(scalars, arrays, texts, done, STEPS if params["train"] else 0)


def forget() -> None:
    """Drop all memos, so that edited code takes effect."""
    for memo in (
        reward_model.evidence_for,
        reward_model.exact_fit,
        reward_model.trained_by_dpo,
        reward_model.sealed,
        reward_model._label_curve,
        reward_model._condition_number,
        optimisation.candidates,
        optimisation.curves,
        optimisation.drawn_group,
        own_picks.feature_rows,
        optimisation.groups_of_answers,
        answer_pairs.load,
        candidate_answers.load,
        annotators.scaled_pairs,
        annotators.labels,
    ):
        memo.cache_clear()
