"""The first half of the RLHF Lab: labels, the fits to them, and how good a fit they allow."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_py.core import preference, text_features
from labs_py.labs.rlhf import annotators, answer_pairs, own_picks

LABEL_GRID = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
LENGTH = text_features.NAMES.index("length")
CORRECT = text_features.NAMES.index("correct")
Part = tuple[dict[str, float], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Evidence:
    """The labels of one frame: who gave them, and how often A and B were picked in each training pair.

    ``annotator`` is "you" or the simulated one whose taste is known.
    """

    annotator: str
    for_a: np.ndarray
    for_b: np.ndarray
    features_used: np.ndarray

    @property
    def labels(self) -> float:
        """Number of labels."""
        return float(np.sum(self.for_a) + np.sum(self.for_b))


def evidence_key(params: dict[str, Any], picks: tuple[own_picks.Pick, ...]) -> tuple:
    """What the labels depend on, as a key for the memos below."""
    used = (params["see_truth"], params["length_repair"] != "drop")
    if params["annotator"] == "you" and picks:
        return "you", picks, 0.0, 0, 0, *used
    annotator = "careful" if params["annotator"] == "you" else params["annotator"]
    return annotator, (), params["noise"], params["n_labels"], params["seed"], *used


@functools.lru_cache(maxsize=64)
def evidence_for(
    annotator: str, picks: tuple, noise: float, n: int, seed: int, see_truth: bool, see_length: bool
) -> Evidence:
    """The labels behind a key of ``evidence_key``, counted by pair."""
    used = np.ones(len(text_features.NAMES))
    used[CORRECT], used[LENGTH] = see_truth, see_length
    if annotator == "you":
        return Evidence(annotator, *own_picks.counts(picks), used)
    order, chose_a = annotators.labels(annotator, noise, seed)
    pairs = len(answer_pairs.load()[0])
    for_a = np.bincount(order[:n], weights=chose_a[:n], minlength=pairs)
    for_b = np.bincount(order[:n], weights=1 - chose_a[:n], minlength=pairs)
    return Evidence(annotator, for_a, for_b, used)


def seen_differences(evidence: Evidence) -> np.ndarray:
    """Training differences with the features that the model may not see set to zero."""
    a, b, _, _ = annotators.scaled_pairs()
    return (a - b) * evidence.features_used


@functools.lru_cache(maxsize=64)
def exact_fit(*key_and_l2: Any) -> preference.Fit:
    """The reward model that fits the labels of a key best at a ridge."""
    evidence = evidence_for(*key_and_l2[:-1])
    return preference.fit_newton(seen_differences(evidence), evidence.for_a, evidence.for_b, key_and_l2[-1])


@functools.lru_cache(maxsize=64)
def trained_by_dpo(*key_and_l2_and_beta: Any) -> np.ndarray:
    """Weights (F,) that DPO learns from the labels of a key, at a ridge and a beta."""
    evidence = evidence_for(*key_and_l2_and_beta[:-2])
    l2, beta = key_and_l2_and_beta[-2:]
    a, b, _, _ = annotators.scaled_pairs()
    used = evidence.features_used
    reference = np.log(np.full((len(a), 2), 0.5))
    # At another beta DPO starts from the weights found at beta 1; at beta 1 it starts from the reference.
    start = None if beta == 1 else trained_by_dpo(*key_and_l2_and_beta[:-1], 1.0)
    return preference.dpo_fit(a * used, b * used, reference, evidence.for_a, evidence.for_b, beta, l2, start=start)


@functools.lru_cache(maxsize=64)
def sealed(picks: tuple, l2: float, see_truth: bool) -> own_picks.Sealed:
    """What the model said of each pick before it was made; see ``own_picks.sealed``."""
    return own_picks.sealed(picks, own_picks.scaled_differences(see_truth), l2)


@functools.lru_cache(maxsize=32)
def _label_curve(annotator: str, noise: float, seed: int, see_truth: bool, see_length: bool, l2: float) -> np.ndarray:
    """For each n of ``LABEL_GRID``: agreement with fresh labels and the median standard error, (2, n)."""
    sets = [evidence_for(annotator, (), noise, int(n), seed, see_truth, see_length) for n in LABEL_GRID]
    differences = seen_differences(sets[0])
    for_a, for_b = np.array([s.for_a for s in sets]), np.array([s.for_b for s in sets])
    weights = preference.fit_many(differences, for_a, for_b, l2)
    used = sets[0].features_used > 0
    errors = [
        np.median(preference.standard_errors(w, differences, a, b, l2)[used])
        for w, a, b in zip(weights, for_a, for_b, strict=True)
    ]
    return np.array([[_fresh_agreement(annotator, noise, w) for w in weights], errors])


def _fresh_agreement(annotator: str, noise: float, weights: np.ndarray) -> float:
    """Expected share of fresh labels on the held-out pairs that a model with these weights predicts."""
    held_out = annotators.scaled_pairs()[2]
    chance = annotators.chance_of_a(annotator, held_out, noise)
    side = np.sign(held_out @ weights)
    return float(np.mean(0.5 + side * (chance - 0.5)))


def picked(params: dict[str, Any], picks: tuple[own_picks.Pick, ...]) -> Part:
    """How often the model foresaw the reader's picks: the share, and its course over the picks."""
    hits = sealed(picks, params["l2"], params["see_truth"]).hits
    known = hits[~np.isnan(hits)]
    if not len(known):
        return {"sealed_accuracy": np.nan}, {}
    number = np.arange(1, len(known) + 1)
    return (
        {"sealed_accuracy": float(known.mean())},
        {"sealed_running": np.cumsum(known) / number, "sealed_number": number, "sealed_coin": np.full(len(known), 0.5)},
    )


def fitted(params: dict[str, Any], evidence: Evidence, weights: np.ndarray) -> Part:
    """The fit at these weights (F,): features, weights with their standard errors, likelihood and accuracy."""
    a, b, held_out, _ = annotators.scaled_pairs()
    differences = seen_differences(evidence)
    errors = preference.standard_errors(weights, differences, evidence.for_a, evidence.for_b, params["l2"])
    used = evidence.features_used > 0
    kept = evidence.features_used.copy()
    if params["length_repair"] == "zero":
        kept[LENGTH] = 0.0
    taste = annotators.WEIGHTS.get(evidence.annotator, np.full(len(weights), np.nan))
    arrays = {
        "features": a - b,
        "heldout_features": held_out,
        "weights": weights,
        "standard_errors": errors,
        "weights_low": weights - 1.96 * errors,
        "weights_high": weights + 1.96 * errors,
        "weights_kept": kept,
        "annotator_weights": taste,
        "labels_for_a": evidence.for_a,
        "labels_for_b": evidence.for_b,
    }
    scalars = {
        "labels_used": evidence.labels,
        "log_likelihood": preference.log_likelihood(weights, differences, evidence.for_a, evidence.for_b),
        "heldout_accuracy": _heldout_accuracy(evidence.annotator, weights),
        "median_standard_error": float(np.median(errors[used])),
        "condition_number": _condition_number(),
    }
    return scalars, arrays


@functools.lru_cache(maxsize=1)
def _condition_number() -> float:
    a, b, _, _ = annotators.scaled_pairs()
    return text_features.condition_number(a - b)


def _heldout_accuracy(annotator: str, weights: np.ndarray) -> float:
    """Share of held-out pairs on which model and annotator prefer the same side; a tie counts half."""
    if annotator == "you":
        return np.nan
    held_out = annotators.scaled_pairs()[2]
    return (
        _fresh_agreement(annotator, 0.0, weights)
        if annotator == "noisy"
        else float(np.mean(0.5 + 0.5 * np.sign(held_out @ weights) * np.sign(held_out @ annotators.WEIGHTS[annotator])))
    )


def labelled(params: dict[str, Any], key: tuple, weights: np.ndarray) -> Part:
    """What more labels of this annotator would give: agreement, its ceiling, and standard errors by their number."""
    annotator, _, noise, _, seed, see_truth, see_length = key
    if annotator == "you":
        names = ("label_agreement", "agreement_ceiling", "self_agreement", "error_ratio_100")
        return dict.fromkeys(names, np.nan), {}
    held_out = annotators.scaled_pairs()[2]
    chance = annotators.chance_of_a(annotator, held_out, noise)
    ceiling = float(np.mean(np.maximum(chance, 1 - chance)))
    agreement, errors = _label_curve(annotator, noise, seed, see_truth, see_length, params["l2"])
    at_hundred = errors[list(LABEL_GRID).index(100)]
    scalars = {
        "label_agreement": _fresh_agreement(annotator, noise, weights),
        "agreement_ceiling": ceiling,
        "self_agreement": float(np.mean(chance**2 + (1 - chance) ** 2)),
        "error_ratio_100": float(at_hundred / errors[-1]),
    }
    arrays = {
        "labels_n": LABEL_GRID,
        "labels_agreement": agreement,
        "labels_ceiling": np.full(len(LABEL_GRID), ceiling),
        "errors_median": errors,
        "errors_root": at_hundred * np.sqrt(100 / LABEL_GRID),
    }
    return scalars, arrays
