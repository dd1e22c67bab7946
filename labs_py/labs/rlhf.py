"""The RLHF Lab: picks become a reward model, and a policy chases it.

Without ``train`` the weights are the exact optimum, by Newton's method, so that every slider is light. With
``train`` gradient descent walks there from zero, one frame every few steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import preference
from labs_py.labs import (
    _rlhf_annotators,
    _rlhf_candidates,
    _rlhf_evidence,
    _rlhf_leash,
    _rlhf_pairs,
    _rlhf_picks,
    _rlhf_tasks,
    _rlhf_words,
)
from labs_py.labs._rlhf_lessons import PREDICTIONS, PRESETS
from labs_py.labs._rlhf_params import PARAMS, SECTIONS
from labs_py.labs._rlhf_shown import CHARTS, OUTPUTS
from labs_py.spec import LabSpec, Result

SPEC = LabSpec(
    slug="rlhf",
    title="The RLHF Lab",
    summary="Pick the better of two answers and watch your picks become a reward model, and what chasing it does.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=_rlhf_tasks.CHALLENGES,
    run_label="Fit by gradient descent",
    code=(
        "labs_py.core.preference:log_likelihood",
        "labs_py.core.preference:gradient",
        "labs_py.core.preference:standard_errors",
        "labs_py.core.preference:dpo_loss",
        "labs_py.core.policy:tilt",
        "labs_py.core.policy:best_of_n",
        "labs_py.core.policy:group_advantages",
        "labs_py.core.text_features:features",
    ),
    training_command="python -m training dpo --config training/configs/dpo/smollm2_shift_notes.yaml",
    view="rlhf",
)

STEPS = 300
STEPS_PER_FRAME = 4


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame from the exact fit; with ``train``, the frames of gradient descent from zero."""
    picks, complaint = _rlhf_picks.read(params["picks"])
    key = _rlhf_evidence.evidence_key(params, picks)
    evidence = _rlhf_evidence.evidence_for(*key)
    texts = {"error:picks": complaint} if complaint else {}
    if params["train"] and evidence.labels:
        yield from _train(params, picks, key, texts)
        return
    fit = _rlhf_evidence.exact_fit(*key, params["l2"])
    yield _state(
        params, picks, key, fit.weights, fit.losses / max(evidence.labels, 1.0), np.arange(len(fit.losses)), texts
    )


def _train(
    params: dict[str, Any], picks: tuple[_rlhf_picks.Pick, ...], key: tuple, texts: dict[str, str]
) -> Iterator[Result]:
    evidence = _rlhf_evidence.evidence_for(*key)
    differences = _rlhf_evidence.seen_differences(evidence)
    size = preference.safe_step(differences, evidence.for_a, evidence.for_b, params["l2"])
    losses: list[float] = []
    path = preference.descend(differences, evidence.for_a, evidence.for_b, params["l2"], STEPS, size)
    for step, (weights, value) in enumerate(path):
        losses.append(value / evidence.labels)
        if step % STEPS_PER_FRAME == 0:
            yield _state(params, picks, key, weights, np.array(losses), np.arange(step + 1), texts, step)


def _state(
    params: dict[str, Any],
    picks: tuple[_rlhf_picks.Pick, ...],
    key: tuple,
    weights: np.ndarray,
    losses: np.ndarray,
    steps: np.ndarray,
    texts: dict[str, str],
    done: int = 0,
) -> Result:
    """The whole lab at these weights."""
    evidence = _rlhf_evidence.evidence_for(*key)
    scalars: dict[str, float] = {}
    arrays: dict[str, np.ndarray] = {"loss": losses, "loss_step": steps}
    for part in (
        _rlhf_evidence.picked(params, picks),
        _rlhf_evidence.fitted(params, evidence, weights),
        _rlhf_evidence.labelled(params, key, weights),
        _rlhf_leash.chased(params, key, weights),
        _rlhf_leash.grouped(params, weights),
    ):
        scalars |= part[0]
        arrays |= part[1]
    if evidence.annotator == "you":
        scalars["heldout_accuracy"] = scalars["sealed_accuracy"]
    texts = texts | _rlhf_words.describe(params, evidence.annotator, len(picks), scalars, arrays)
    seal = _rlhf_evidence.sealed(picks, params["l2"], params["see_truth"])
    texts["pair"] = json.dumps(_rlhf_picks.card(picks, seal, _rlhf_picks.scaled_differences(params["see_truth"])))
    return Result(scalars, arrays, texts, done, STEPS if params["train"] else 0)


def forget() -> None:
    """Drop all memos, so that edited code takes effect."""
    for memo in (
        _rlhf_evidence.evidence_for,
        _rlhf_evidence.exact_fit,
        _rlhf_evidence.trained_by_dpo,
        _rlhf_evidence.sealed,
        _rlhf_evidence._label_curve,
        _rlhf_evidence._condition_number,
        _rlhf_leash.candidates,
        _rlhf_leash.curves,
        _rlhf_leash.drawn_group,
        _rlhf_picks.feature_rows,
        _rlhf_leash.groups_of_answers,
        _rlhf_pairs.load,
        _rlhf_candidates.load,
        _rlhf_annotators.scaled_pairs,
        _rlhf_annotators.labels,
    ):
        memo.cache_clear()
