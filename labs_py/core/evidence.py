"""How sure a measured figure is: intervals for rates and for paired differences, and the n that would settle it.

numpy only; the same functions serve the training reports and a lab.
"""

from __future__ import annotations

import math

import numpy as np

Z95 = 1.959963984540054
T95 = (12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157)  # 1 to 9 degrees


# --8<-- [start:wilson]
def wilson(successes: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval for a rate.

    Unlike the textbook ``p +- z sqrt(p(1-p)/n)`` it stays within 0 and 1 and does not
    shrink to nothing when all or none of the answers are right.

    Args:
        successes: how many of the n were right (may be fractional for a mean of scores
            in 0..1).
        n: how many were asked.
        z: standard normal quantile; 1.96 gives 95%.

    Returns:
        Lower and upper bound of the rate; (0, 1) when n is 0.
    """
    if n <= 0:
        return 0.0, 1.0
    rate = min(max(successes / n, 0.0), 1.0)
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / shrink
    low = 0.0 if rate == 0.0 else max(0.0, centre - half)
    high = 1.0 if rate == 1.0 else min(1.0, centre + half)
    return low, high


# --8<-- [end:wilson]


def bootstrap_means(values: np.ndarray, draws: int, seed: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Means of ``draws`` resamples of the items.

    Args:
        values: [n] one figure per item.
        draws: number of resamples.
        seed: start of the random numbers.
        weights: [n] weight of each item (tokens of a passage), 1 each when None.

    Returns:
        [draws] weighted means.
    """
    values = np.asarray(values, dtype=float)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    block = max(1, 2_000_000 // max(1, len(values)))
    for start in range(0, draws, block):
        count = min(block, draws - start)
        chosen = rng.integers(0, len(values), (count, len(values)))
        drawn = weights[chosen]
        means[start : start + count] = (values[chosen] * drawn).sum(1) / drawn.sum(1)
    return means


# fmt: off
# --8<-- [start:paired]
def paired_difference(
    after: np.ndarray, before: np.ndarray, draws: int = 2000, seed: int = 0,
    weights: np.ndarray | None = None,
) -> tuple[float, float, float]:
    """The mean of ``after - before`` on the same items, with a 95% bootstrap interval.

    Pairing removes how hard each item is, so a small change shows that two separate
    intervals would hide.

    Args:
        after, before: [n] one figure per item, in the same order.
        draws: resamples of the items.
        seed: start of the random numbers.
        weights: [n] weight of each item, 1 each when None.

    Returns:
        Mean difference, lower and upper bound.

    Raises:
        ValueError: not the same number of items, or none.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    if after.shape != before.shape or after.ndim != 1 or not len(after):
        raise ValueError(
            f"paired figures need the same items: {after.shape} against {before.shape}"
        )
    difference = after - before
    means = bootstrap_means(difference, draws, seed, weights)
    centre = float(np.average(difference, weights=weights))
    low, high = np.quantile(means, [0.025, 0.975])
    return centre, float(low), float(high)


# --8<-- [end:paired]
# fmt: on


def over_seeds(values: list[float] | np.ndarray) -> tuple[float, float, float]:
    """Mean of one figure over runs that differ in their seed alone, with Student's 95% interval.

    With few seeds the interval is wide, as it should be: from three runs, 2.5 standard deviations to each side. It says
    how far another seed may fall; that the runs share their test items is not in it.

    Args:
        values: [S] one figure for each seed, 2 to 10 of them.

    Returns:
        Mean, lower and upper bound, in the values' unit.

    Raises:
        ValueError: fewer than two values, or more than ten.
    """
    values = np.asarray(values, dtype=float)
    if not 2 <= len(values) <= len(T95) + 1:
        raise ValueError(f"an interval over seeds takes 2 to {len(T95) + 1} runs, not {len(values)}")
    half = T95[len(values) - 2] * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def needed_items(half_width: float, n: int, distance: float) -> int:
    """How many items would bring an interval's half-width down to ``distance``.

    Args:
        half_width: half the interval's width at present.
        n: items at present.
        distance: how far the estimate lies from the bound that it must clear.

    Returns:
        Number of items, at least n + 1; widths shrink with the square root of n. Capped at ten million.
    """
    if distance <= 0 or not math.isfinite(half_width):
        return 10_000_000
    return int(min(10_000_000, max(n + 1, math.ceil(n * (half_width / distance) ** 2))))
