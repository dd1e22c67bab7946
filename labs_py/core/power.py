"""How many items it takes to see a gain, and how surprising a pasted result would be without one.

Normal and t quantiles are solved from their distribution functions, so that numpy and ``math`` suffice; tests compare
each with scipy. The sources of the formulas stand at the functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

MOST_ITEMS = 10_000_000


def normal_cdf(x: float) -> float:
    """Share of a standard normal distribution below ``x``."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


@lru_cache(maxsize=64)
def normal_quantile(share: float) -> float:
    """The ``x`` below which ``share`` (strictly between 0 and 1) of a standard normal distribution lies."""
    return _solve(normal_cdf, share)


def t_cdf(x: float, freedom: float) -> float:
    """Share of Student's distribution below ``x``: half, and half an incomplete beta function."""
    middle = 0.5 * _incomplete_beta(0.5, freedom / 2, x * x / (freedom + x * x))
    return 0.5 + math.copysign(middle, x)


def t_quantile(share: float, freedom: float) -> float:
    """The ``x`` below which ``share`` of Student's distribution with ``freedom`` degrees lies."""
    return _solve(lambda x: t_cdf(x, freedom), share)


def _solve(cdf: Callable[[float], float], share: float) -> float:
    """Bisection on a rising distribution function, to rounding."""
    low, high = -1.0, 1.0
    while cdf(low) > share:
        low *= 2
    while cdf(high) < share:
        high *= 2
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) < share else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by Lentz's continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / (1 + step * d), 1 + step / c
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value / a


# --8<-- [start:mcnemar]
def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p of McNemar's test.

    Items on which both models agree say nothing about which is better. Without a difference each of the others falls
    on either side like a coin, so p is twice the binomial tail of the rarer side.

    Args:
        gained: items that only the fine-tuned model gets right.
        lost: items that only the base gets right.
    """
    n, rarer = gained + lost, min(gained, lost)
    tail = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
            for k in range(rarer + 1)]  # fmt: skip
    return min(1.0, 2 * math.fsum(math.exp(x) for x in tail))


# --8<-- [end:mcnemar]


# --8<-- [start:paired_power]
def paired_power(n: float, gained: float, lost: float, alpha: float = 0.05) -> float:
    """Chance that a paired comparison of ``n`` items shows a real difference.

    Connor's normal approximation for McNemar's test: under "no difference" the mean of +1, 0 and -1 has the variance
    of the disagreements, ``gained + lost``; in truth the square of the gain comes off.

    Args:
        n: items.
        gained, lost: share of items that only the fine-tuned model, or only the base, gets right.
        alpha: how often a difference is claimed when there is none, both sides together.
    """
    gain, differing = abs(gained - lost), gained + lost
    spread = math.sqrt(max(differing - gain * gain, 0.0))
    distance = gain * math.sqrt(n) - normal_quantile(1 - alpha / 2) * math.sqrt(differing)
    return normal_cdf(distance / spread) if spread else float(distance > 0)


def paired_items(gained: float, lost: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items that give a paired comparison that power: the formula above, solved for n."""
    gain, differing = abs(gained - lost), gained + lost
    if gain == 0:
        return MOST_ITEMS
    root = normal_quantile(1 - alpha / 2) * math.sqrt(differing)
    root += normal_quantile(power) * math.sqrt(max(differing - gain * gain, 0.0))
    return min(MOST_ITEMS, math.ceil((root / gain) ** 2))


# --8<-- [end:paired_power]


def effect_size(rate: float, other: float) -> float:
    """Cohen's h: the distance of two rates on the arcsine scale, where all rates have the same noise."""
    return 2 * math.asin(math.sqrt(rate)) - 2 * math.asin(math.sqrt(other))


def separate_power(n: float, base: float, tuned: float, alpha: float = 0.05) -> float:
    """Chance that two models asked ``n`` different items each show their difference, both tails counted."""
    distance = abs(effect_size(tuned, base)) * math.sqrt(n / 2)
    quantile = normal_quantile(1 - alpha / 2)
    return normal_cdf(distance - quantile) + normal_cdf(-distance - quantile)


def separate_items(base: float, tuned: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items for each of two models that are asked different ones."""
    distance = abs(effect_size(tuned, base))
    if distance == 0:
        return MOST_ITEMS
    root = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    return min(MOST_ITEMS, math.ceil(2 * (root / distance) ** 2))


# --8<-- [start:bootstrap]
def bootstrap_differences(differences: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Mean differences of ``draws`` resamples of the items, drawn as counts of each distinct difference.

    Drawing n items with replacement and counting how often each value came up is a multinomial draw; that is the
    same distribution, at a cost that does not grow with the items.

    Args:
        differences: [n] score of the fine-tuned model minus that of the base, item by item.

    Returns:
        [draws] means.
    """
    values, counts = np.unique(np.asarray(differences, dtype=float), return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), draws)
    return drawn @ values / counts.sum()


# --8<-- [end:bootstrap]


def mean_interval(scores: np.ndarray, level: float = 0.95) -> tuple[float, float, float, float]:
    """Mean, standard deviation and Student's interval of a few runs (the bounds are the mean for a single run)."""
    scores = np.asarray(scores, dtype=float)
    mean, n = float(scores.mean()), len(scores)
    if n < 2:
        return mean, 0.0, mean, mean
    deviation = float(scores.std(ddof=1))
    half = t_quantile(0.5 + level / 2, n - 1) * deviation / math.sqrt(n)
    return mean, deviation, mean - half, mean + half
