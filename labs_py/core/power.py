"""How many items it takes to see a gain, and how surprising a pasted result would be without one.

The power of a paired comparison is that of the exact test, summed over all splits; tests compare it with scipy. The
sources of the formulas stand at the functions.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from labs_py.core.binomial import binomial, fewest_to_claim, table_size
from labs_py.core.quantiles import normal_cdf, normal_quantile, t_quantile

MOST_ITEMS = 10_000_000
MOST_EXACT = 20_000  # differing items; beyond, the normal approximation is off by less than a thousandth


# fmt: off
# --8<-- [start:mcnemar]
def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p of McNemar's test.

    Items on which both models agree say nothing about which is better. Without a
    difference each of the others falls on either side like a coin, so p is twice the
    binomial tail of the rarer side.

    Args:
        gained: items that only the fine-tuned model gets right.
        lost: items that only the base gets right.
    """
    n, rarer = gained + lost, min(gained, lost)
    tail = [
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        - n * math.log(2)
        for k in range(rarer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(x) for x in tail))


# --8<-- [end:mcnemar]
# fmt: on


@lru_cache(maxsize=8)
def claims(most: int, share: float, alpha: float) -> np.ndarray:
    """Chance that the exact test claims a difference, for each number m = 0 .. most of differing items.

    Carried from m to m + 1: one more item helps when the count was one short, and costs when one more is asked for.

    Args:
        most: largest m.
        share: of the differing items that fall on the one side, strictly between 0 and 1.
        alpha: level of the two-sided test.
    """
    m, asked = np.arange(most), fewest_to_claim(most, alpha)
    total = np.zeros(most + 1)
    for side in (share, 1 - share):
        steps = side * binomial(m, asked[:-1] - 1, side, most)
        steps -= (asked[1:] > asked[:-1]) * binomial(m + 1, asked[:-1], side, most)
        total[1:] += np.cumsum(steps)
    return total


# fmt: off
# --8<-- [start:paired_power]
def paired_power(n: float, gained: float, lost: float, alpha: float = 0.05) -> float:
    """Chance that McNemar's exact test claims a difference on ``n`` items.

    How many items differ is a binomial draw, and how they split is another; the test
    looks at the split alone. The chance is summed over all of them. With very many
    differing items Connor's normal approximation takes over.

    Args:
        n: items.
        gained, lost: share of items that only the fine-tuned model, or only the base,
            gets right.
        alpha: how often a difference is claimed when there is none, at most;
            both sides together.
    """
    n, differing = round(n), gained + lost
    if differing * n > MOST_EXACT:
        return _normal_power(n, gained, lost, alpha)
    if not differing:
        return 0.0
    centre, reach = n * differing, 10 * math.sqrt(n * differing) + 20
    counts = np.arange(
        max(0, math.floor(centre - reach)), min(n, math.ceil(centre + reach)) + 1
    )
    share = min(max(gained / differing, 1e-12), 1 - 1e-12)
    chances = binomial(n, counts, min(differing, 1 - 1e-12), table_size(n))
    return float(
        min(1.0, chances @ claims(table_size(counts[-1]), share, alpha)[counts])
    )


def paired_items(
    gained: float, lost: float, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Fewest items from which on a paired comparison has that power:
    the function above, solved for n."""
    if gained == lost:
        return MOST_ITEMS
    low, high = 0, 16
    while paired_power(high, gained, lost, alpha) < power and high < MOST_ITEMS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if paired_power(middle, gained, lost, alpha) < power:
            low = middle
        else:
            high = middle
    return min(MOST_ITEMS, high)


# --8<-- [end:paired_power]
# fmt: on


def _normal_power(n: int, gained: float, lost: float, alpha: float) -> float:
    """Connor 1987, Biometrics 43, 207-211, with the exact test's half step: the variance of the mean of +1, 0 and -1
    is that of the disagreements under "no difference"; in truth the square of the gain comes off."""
    gain, differing = abs(gained - lost), gained + lost
    spread = math.sqrt(max(differing - gain * gain, 0.0))
    distance = gain * math.sqrt(n) - normal_quantile(1 - alpha / 2) * math.sqrt(differing) - 1 / math.sqrt(n)
    return normal_cdf(distance / spread) if spread else float(distance > 0)


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


# fmt: off
# --8<-- [start:bootstrap]
def bootstrap_differences(differences: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Mean differences of ``draws`` resamples of the items,
    drawn as counts of each distinct difference.

    Drawing n items with replacement and counting how often each value came up is a
    multinomial draw; that is the same distribution,
    at a cost that does not grow with the items.

    Args:
        differences: [n] score of the fine-tuned model minus that of the base,
            item by item.

    Returns:
        [draws] means.
    """
    values, counts = np.unique(np.asarray(differences, dtype=float), return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(
        counts.sum(), counts / counts.sum(), draws
    )
    return drawn @ values / counts.sum()


# --8<-- [end:bootstrap]
# fmt: on


def mean_interval(scores: np.ndarray, level: float = 0.95) -> tuple[float, float, float, float]:
    """Mean, standard deviation and Student's interval of a few runs (the bounds are the mean for a single run)."""
    scores = np.asarray(scores, dtype=float)
    mean, n = float(scores.mean()), len(scores)
    if n < 2:
        return mean, 0.0, mean, mean
    deviation = float(scores.std(ddof=1))
    half = t_quantile(0.5 + level / 2, n - 1) * deviation / math.sqrt(n)
    return mean, deviation, mean - half, mean + half
