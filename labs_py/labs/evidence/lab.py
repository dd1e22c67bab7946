"""Is the gain real? Items to plan for, pasted results judged, and the scatter of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py.core import power
from labs_py.labs.evidence import pasted
from labs_py.spec import Result

DRAWS, BINS = 2000, 30
SIZES = np.unique(np.round(np.geomspace(10, 20_000, 60)))


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame: the plan, the pasted results, the seeds."""
    parts = (_plan(params), _judge(params["results"], params["seed"], params["alpha"], params["power"]),
             _seeds(params["seed_scores"], params["reference"]))  # fmt: skip
    scalars, arrays, texts = ({k: v for part in parts for k, v in part[i].items()} for i in range(3))
    yield Result(scalars, arrays, texts)


def forget() -> None:
    """Drop remembered resamples."""
    _judge.cache_clear()


def shares(base: float, gain: float, differing: float) -> tuple[float, float]:
    """Shares of items gained and lost that go with a gain, kept within what the base's rate allows."""
    gain = min(gain, 1 - base)
    differing = min(max(differing, gain), 2 * base + gain, 2 * (1 - base) - gain)
    return (differing + gain) / 2, (differing - gain) / 2


def _plan(params: dict[str, Any]) -> tuple[dict, dict, dict]:
    base, n, alpha, goal = params["base_rate"], params["n"], params["alpha"], params["power"]
    gained, lost = shares(base, params["gain"] / 100, params["disagreement"] / 100)
    tuned = base + gained - lost
    scalars = {
        "needed_items": power.paired_items(gained, lost, alpha, goal),
        "needed_separate": power.separate_items(base, tuned, alpha, goal),
        "power_now": power.paired_power(n, gained, lost, alpha),
        "power_separate": power.separate_power(n, base, tuned, alpha),
    }
    arrays = {
        "sizes": SIZES,
        "power_paired": np.array([power.paired_power(x, gained, lost, alpha) for x in SIZES]),
        "power_apart": np.array([power.separate_power(x, base, tuned, alpha) for x in SIZES]),
        "power_goal": np.full(len(SIZES), goal),
    }
    status = (
        f"From {base:.0%} to {tuned:.1%} with {gained:.1%} gained and {lost:.1%} lost: {scalars['needed_items']:,} "
        f"items to see it {goal:.0%} of the time; your {n:,} see it {scalars['power_now']:.0%} of the time."
    )
    texts = {"status": status, "summary:power": status}
    if abs(gained - lost - params["gain"] / 100) > 1e-9:
        texts["error:gain"] = f"A base at {base:.0%} cannot gain more than {1 - base:.0%}; that is used."
    elif abs(gained + lost - params["disagreement"] / 100) > 1e-9:
        texts["error:disagreement"] = f"With this base and gain they differ on {gained + lost:.1%}; that is used."
    return scalars, arrays, texts


@lru_cache(maxsize=4)
def _judge(results: str, seed: int, alpha: float, goal: float) -> tuple[dict, dict, dict]:
    pairs, fault = pasted.read_pairs(results)
    texts = {"error:results": fault} if fault else {}
    if not len(pairs):
        texts["error:results"] = fault or "Paste at least one line; the example is used."
        pairs = pasted.read_pairs(pasted.EXAMPLE)[0]
    differences = pairs[:, 1] - pairs[:, 0]
    n, gained, lost = len(pairs), int((differences > 0).sum()), int((differences < 0).sum())
    distinct = len(np.unique(differences))
    means = 100 * power.bootstrap_differences(differences, DRAWS if distinct <= 200 else 200, seed)
    low, high = np.quantile(means, [0.025, 0.975])
    width = max(np.ptp(means), 1.0) / BINS
    edges = means.min() + width * np.arange(BINS + 1)
    scalars = {
        "items": n,
        "base_score": pairs[:, 0].mean(),
        "tuned_score": pairs[:, 1].mean(),
        "gained": gained,
        "lost": lost,
        "difference": 100 * differences.mean(),
        "low": low,
        "high": high,
        "p_value": power.mcnemar(gained, lost),
        "items_for_this": power.paired_items(gained / n, lost / n, alpha, goal),
    }
    counts = np.histogram(np.clip(means, edges[0], edges[-1]), edges)[0]
    texts["summary:bootstrap"] = (
        f"{gained} of {n:,} items gained, {lost} lost: {scalars['difference']:+.1f} points, 95% interval {low:+.1f} to "
        f"{high:+.1f}, McNemar's p {scalars['p_value']:.3g}. "
        + ("A gain." if low > 0 else "A loss." if high < 0 else "It may be nothing.")
    )
    return scalars, {"bootstrap_counts": counts.astype(float), "bootstrap_edges": edges}, texts


def _seeds(text: str, reference: float) -> tuple[dict, dict, dict]:
    scores = pasted.read_scores(text)
    texts = {}
    if len(scores) < 2:
        texts["error:seed_scores"] = "Give at least two scores; with one run there is no scatter to judge by."
    if not len(scores):
        scores = np.array([reference])
    mean, deviation, low, high = power.mean_interval(scores)
    k = len(scores)
    arrays = {"seed_values": scores, "seed_numbers": np.arange(1.0, k + 1), "seed_reference": np.full(k, reference),
              "seed_means": np.full(k, mean), "seed_lows": np.full(k, low), "seed_highs": np.full(k, high)}  # fmt: skip
    scalars = {"seed_mean": mean, "seed_deviation": deviation, "seed_low": low, "seed_high": high}
    texts["summary:seeds"] = (
        f"{k} seeds: mean {mean:.4g}, 95% interval {low:.4g} to {high:.4g}, score to beat {reference:g}. "
        + ("Above it." if low > reference else "Below it." if high < reference else "The interval holds it.")
        if k > 1 else "One run says nothing about seeds."
    )  # fmt: skip
    return scalars, arrays, texts
