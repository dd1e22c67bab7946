"""How good a reward model is on held-out pairs: accuracy against controls, calibration, how much of it is length."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import evidence
from training.data import splits
from training.evaluation.gate import Check, conclude
from training.methods.reward.pairs import SAME_LENGTH
from training.methods.reward.settings import RewardConfig

BINS = 5
DRAWS = 2000
CONTROLS = {"length_only": "the best rule on length alone", "untrained": "the head before training"}
Rewards = list[tuple[float, float]]


def length_features(pairs: list[dict], typical: float) -> np.ndarray:
    """(N, 2): how much longer the first answer is, and how much further from the typical length, in words."""
    words = np.array([[len(pair[side].split()) for side in ("chosen", "rejected")] for pair in pairs], float)
    off = np.abs(words - typical)
    return np.stack([words[:, 0] - words[:, 1], off[:, 0] - off[:, 1]], 1)


def fit_length_rule(pairs: list[dict]) -> tuple[float, np.ndarray]:
    """The Bradley-Terry model that sees nothing but length, fitted on the training pairs by Newton's method.

    Returns:
        The typical length (median of the chosen answers) and the two weights.
    """
    typical = float(np.median([len(pair["chosen"].split()) for pair in pairs]))
    x, w = length_features(pairs, typical) / 10, np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ w)))  # probability of each choice
        gradient, curvature = x.T @ (1 - p) - w, (x * (p * (1 - p))[:, None]).T @ x + np.eye(2)  # ridge of weight 1
        w = w + np.linalg.solve(curvature, gradient)
    return typical, w / 10


def right(differences: np.ndarray) -> np.ndarray:
    """1 where the better answer got more, 0 where less, a half where equal."""
    return 0.5 + 0.5 * np.sign(differences)


def rate(points: np.ndarray) -> dict[str, Any]:
    """A mean of points with n and its interval (Wilson's)."""
    value, n = float(np.mean(points)), len(points)
    return {"value": value, "n": n, "ci95": list(evidence.wilson(value * n, n))}


def calibration(differences: np.ndarray) -> dict[str, Any]:
    """Stated against found: sigma(|r_1 - r_2|) is the probability that the model gives to its own choice.

    Returns:
        Expected calibration error (mean distance, weighted by the bins' counts), log loss, Brier score, and the bins.
    """
    stated, found = 1 / (1 + np.exp(-np.abs(differences))), right(differences)
    edges = np.linspace(0.5, 1, BINS + 1)
    place = np.clip(np.digitize(stated, edges) - 1, 0, BINS - 1)
    bins = [{"low": float(edges[b]), "high": float(edges[b + 1]), "n": int((place == b).sum()),
             "stated": float(stated[place == b].mean()), "found": float(found[place == b].mean())}
            for b in range(BINS) if (place == b).any()]  # fmt: skip
    error = sum(b["n"] * abs(b["stated"] - b["found"]) for b in bins) / len(differences)
    return {"error": float(error), "log_loss": float(np.mean(np.logaddexp(0, -differences))),
            "brier": float(np.mean((stated - found) ** 2)), "bins": bins}  # fmt: skip


def length_correlation(pairs: list[dict], rewards: Rewards) -> float | None:
    """Correlation of reward and length (words) over all answers; None when one of them does not vary."""
    words = [len(pair[side].split()) for pair in pairs for side in ("chosen", "rejected")]
    values = [value for both in rewards for value in both]
    if np.std(words) == 0 or np.std(values) == 0:
        return None
    return float(np.corrcoef(words, values)[0, 1])


def judge_set(pairs: list[dict], tuned: Rewards, untrained: Rewards, rule: tuple[float, np.ndarray]) -> dict[str, Any]:
    """Every figure of one held-out set.

    Args:
        pairs: the set.
        tuned, untrained: rewards of better and worse answers after and before training.
        rule: from ``fit_length_rule``.

    Returns:
        ``pair_accuracy`` in the form of a report's ``eval``, and the figures beside it.
    """
    after, before = (np.array([a - b for a, b in values]) for values in (tuned, untrained))
    points = {"tuned": right(after), "untrained": right(before),
              "length_only": right(length_features(pairs, rule[0]) @ rule[1])}  # fmt: skip
    rates = {name: rate(values) for name, values in points.items()}
    against = max(CONTROLS, key=lambda name: rates[name]["value"])
    centre, low, high = evidence.paired_difference(points["tuned"], points[against], draws=DRAWS)
    names = {"base": "untrained", "length_only": "length_only", "tuned": "tuned"}
    accuracy = {**{arm: rates[name]["value"] for arm, name in names.items()}, "n": len(pairs),
                "ci95": {arm: rates[name]["ci95"] for arm, name in names.items()},
                "gain": {"metric": "pair_accuracy", "against": against, "value": centre, "ci95": [low, high],
                         "n": len(pairs)}}  # fmt: skip
    kinds = {pair.get("kind", "file") for pair in pairs}
    by_kind = {kind: rate(points["tuned"][[pair.get("kind", "file") == kind for pair in pairs]])
               for kind in sorted(kinds)}  # fmt: skip
    same = [place for place, pair in enumerate(pairs) if len(pair["chosen"].split()) == len(pair["rejected"].split())]
    return {"pair_accuracy": accuracy, "by_kind": by_kind, "calibration": calibration(after),
            "length_correlation": length_correlation(pairs, tuned), "mean_margin": float(after.mean()),
            "same_length": rate(points["tuned"][same]) if same else None}  # fmt: skip


def gate(found: dict[str, dict], config: RewardConfig) -> dict[str, Any]:
    """The verdict: better than every control, not by length alone, and as sure as it is right."""
    headline = splits.task_of(config).headline
    name = headline if headline in found else list(found)[-1]
    block = found[name]
    margin = config.reward.calibration_margin
    error = block["calibration"]["error"]
    others = [Check("calibration", "ok" if error <= margin else "worse",
                    f"stated and found probability differ by {error:.3f} on average, allowed {margin:g}")]  # fmt: skip
    if block["same_length"]:
        others.insert(0, beyond_length(block["same_length"]))
    verdict = conclude(gain_check(block["pair_accuracy"]["gain"]), others)
    return {**verdict, "set": name, "margins": {"calibration_error": margin, "same_length_accuracy": 0.5}}


def gain_check(gained: dict[str, Any]) -> Check:
    """Whether held-out choices are predicted better than by the better control."""
    value, (low, high), n = gained["value"], gained["ci95"], gained["n"]
    figure = (f"held-out pairs told right {value * 100:+.1f} points over {CONTROLS[gained['against']]} (95% interval"
              f" {low * 100:+.1f} to {high * 100:+.1f}, n={n})")  # fmt: skip
    if low > 0:
        return Check("gain", "ok", figure)
    if high <= 0 or value <= 0:
        return Check("gain", "worse", figure)
    needed = evidence.needed_items((high - low) / 2, n, value)
    return Check("gain", "unclear", f"{figure}; about {needed:,} pairs would settle it", needed)


def beyond_length(found: dict[str, Any]) -> Check:
    """Pairs of equally many words must be told better than by a coin."""
    low, high = found["ci95"]
    figure = (f"of pairs with equally many words {found['value']:.0%} are told right (95% interval {low:.0%} to"
              f" {high:.0%}, n={found['n']}), more than half wanted")  # fmt: skip
    state = "ok" if low > 0.5 else "worse" if found["value"] <= 0.5 else "unclear"
    needed = evidence.needed_items((high - low) / 2, found["n"], found["value"] - 0.5) if state == "unclear" else None
    return Check("beyond length", state, figure, needed)


def lines(found: dict[str, dict]) -> list[str]:
    """The figures as text."""
    text = []
    for name, block in found.items():
        a = block["pair_accuracy"]
        low, high = a["ci95"]["tuned"]
        correlation = block["length_correlation"]
        text.append(f"  {name}: right on {a['tuned']:.1%} [{low:.1%}, {high:.1%}] of {a['n']} pairs; untrained head"
                    f" {a['base']:.1%}, length alone {a['length_only']:.1%}; calibration error"
                    f" {block['calibration']['error']:.3f}; correlation with length"
                    f" {'-' if correlation is None else f'{correlation:+.2f}'}")  # fmt: skip
        text.append("    " + ", ".join(f"{kind} {b['value']:.0%} (n={b['n']})" for kind, b in block["by_kind"].items()))
    return text


def tables(found: dict[str, dict]) -> list[dict[str, Any]]:
    """The same for the run's page."""
    rows, same = [], f"kinds with equally many words: {', '.join(SAME_LENGTH)}"
    for name, block in found.items():
        for kind, b in block["by_kind"].items():
            rows.append([name, kind, f"{b['value']:.1%}", f"{b['ci95'][0]:.1%} to {b['ci95'][1]:.1%}", str(b["n"])])
    sure = [[name, f"{b['low']:.0%} to {b['high']:.0%}", f"{b['stated']:.1%}", f"{b['found']:.1%}", str(b["n"])]
            for name, block in found.items() for b in block["calibration"]["bins"]]  # fmt: skip
    controls = [[name, *(f"{block['pair_accuracy'][arm]:.1%}" for arm in ("tuned", "base", "length_only"))]
                for name, block in found.items()]  # fmt: skip
    return [
        {"title": "Held-out pairs told right", "note": "", "rows": controls,
         "head": ["set", "reward model", "untrained head", "length alone"]},
        {"title": "By how the worse answer was made", "note": same, "rows": rows,
         "head": ["set", "kind", "right", "95% interval", "n"]},
        {"title": "As sure as right?", "note": "Probability that the model gives to its own choice, and how often"
         " it was right.", "head": ["set", "stated between", "stated", "found", "n"], "rows": sure},
    ]  # fmt: skip
