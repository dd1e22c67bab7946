"""Is the gain real? Items to plan for, pasted results judged, and the scatter of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py.core import paired_test, power
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
    """Drop remembered resamples and seeds."""
    _judge.cache_clear()
    _seeds.cache_clear()


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
        f"The rate goes from {base:.0%} to {tuned:.1%}: {gained:.1%} of the items are gained, {lost:.1%} lost. A test "
        f"of {scalars['needed_items']:,} items shows this {goal:.0%} of the time, one of {n:,} "
        f"{scalars['power_now']:.0%}."
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
    p_value, low, high = paired_test.paired_test(differences, alpha, seed)
    scalars = {
        "items": n,
        "base_score": pairs[:, 0].mean(),
        "tuned_score": pairs[:, 1].mean(),
        "gained": gained,
        "lost": lost,
        "difference": 100 * differences.mean(),
        "low": 100 * low,
        "high": 100 * high,
        "p_value": p_value,
        "items_for_this": power.paired_items(gained / n, lost / n, alpha, goal),
    }
    distinct = len(np.unique(differences))
    means = 100 * power.bootstrap_differences(differences, DRAWS if distinct <= 200 else 200, seed)
    edges = bins(means, 100 * smallest_step(differences) / n)
    counts = np.histogram(np.clip(means, edges[0], edges[-1]), edges)[0]
    texts["summary:bootstrap"] = (
        f"{gained} of {n:,} items gained, {lost} lost: {scalars['difference']:+.1f} points, {1 - alpha:.0%} interval "
        f"{100 * low:+.1f} to {100 * high:+.1f}, McNemar's p {p_value:.3g}. "
        + verdict(p_value, scalars["difference"], gained + lost, alpha)
    )
    return scalars, {"bootstrap_counts": counts.astype(float), "bootstrap_edges": edges}, texts


def verdict(p_value: float, difference: float, differing: int, alpha: float) -> str:
    """What the test says at the accepted rate of false alarms, and nothing beyond it."""
    if p_value <= alpha and difference:
        return "A gain." if difference > 0 else "A loss."
    fewest = next((m for m in range(1, 100) if power.mcnemar(m, 0) <= alpha), 0)  # edited code may never claim
    if differing < fewest:
        return (
            f"Too few items to tell: the models differ on {differing}, and below {fewest} even a clean sweep has a p "
            f"above {alpha:g}."
        )
    return "It may be nothing."


def smallest_step(differences: np.ndarray) -> float:
    """The step that all differences are multiples of, in shares of an item; 0 where there is no such step."""
    for parts in (1, 2, 4, 5, 10, 100):
        if np.abs(differences * parts - np.round(differences * parts)).max() < 1e-6:
            return 1 / parts
    return 0.0


def bins(values: np.ndarray, step: float) -> np.ndarray:
    """Edges of at most about 30 bins. Values that come in steps get bins of whole steps, with each in the middle."""
    low, high = float(values.min()), float(values.max())
    if not step or (high - low) / step > 100 * BINS:
        width = max(high - low, 1.0) / BINS
        return low + width * np.arange(BINS + 1)
    first, last = round(low / step), round(high / step)
    many = max(1, -(-(last - first + 1) // BINS))
    count = max(3, -(-(last - first + 1) // many))
    first -= (count * many - (last - first + 1)) // 2
    return step * (first - 0.5 + many * np.arange(count + 1))


@lru_cache(maxsize=4)
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
