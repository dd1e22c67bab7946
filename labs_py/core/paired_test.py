"""The test of a paired comparison: when it claims a difference, and the interval that agrees with it.

Both models answered the same items. Where they differ by the same size everywhere (right or wrong), the test is
McNemar's exact one. For scores in between it is the same idea with sizes: the sign of each difference is a coin.
"""

from __future__ import annotations

import math

import numpy as np

from labs_py.core.binomial import fewest_to_claim, table_size
from labs_py.core.power import mcnemar
from labs_py.core.quantiles import normal_cdf, normal_quantile

DRAWS = 4999
MOST_SIZES = 400  # distinct sizes of differences; with more, their sum is normal to all intents


# fmt: off
# --8<-- [start:score_interval]
def score_interval(
    gained: int, lost: int, n: int, critical: float
) -> tuple[float, float]:
    """Tango's score interval for the gain: all gains at which the measured one is
    within ``critical`` errors.

    The error is worked out at the gain in question, so the interval stays within -1 and
    1 and has a width even where every item was gained. Source: Tango 1998,
    Statistics in Medicine 17, 891-908.

    Args:
        gained, lost: items that only the fine-tuned model, or only the base,
            gets right.
        n: all items.
        critical: how many standard errors; 1.96 for the usual 95%.

    Returns:
        Lowest and highest gain, as shares of the items.
    """

    def within(gain: float) -> bool:
        b = -gained - lost + (2 * n - gained + lost) * gain
        root = math.sqrt(max(b * b + 8 * n * lost * gain * (1 - gain), 0.0))
        share = (root - b) / (4 * n)
        variance = n * max(2 * share + gain - gain * gain, 0.0)
        return (gained - lost - n * gain) ** 2 <= critical**2 * variance

    def bound(end: float) -> float:
        inner, outer = (gained - lost) / n, end
        if within(outer):
            return outer
        for _ in range(60):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if within(middle) else (inner, middle)
        return inner

    return bound(-1.0), bound(1.0)


# --8<-- [end:score_interval]
# fmt: on


def exact_interval(gained: int, lost: int, n: int, alpha: float) -> tuple[float, float]:
    """The score interval with the exact test's own critical value: it holds 0 just where that test claims nothing."""
    differing = gained + lost
    if not differing:
        return score_interval(0, 0, n, normal_quantile(1 - alpha / 2))
    fewest = int(fewest_to_claim(table_size(differing), alpha)[differing])
    return score_interval(gained, lost, n, (2 * fewest - differing - 1) / math.sqrt(differing))


def paired_test(differences: np.ndarray, alpha: float, seed: int = 0) -> tuple[float, float, float]:
    """Two-sided p of "no difference", and the interval of the mean difference at the level 1 - alpha.

    The interval holds 0 just where p is above ``alpha``: both come from one distribution of the sum when each
    difference's sign is a coin. Where all differences have one size, that is McNemar's exact test.

    Args:
        differences: [n] score of the fine-tuned model minus that of the base, item by item, each within -1..1.
        alpha: how often a difference is claimed when there is none, at most.
        seed: of the coins, where sizes differ.

    Returns:
        p, lower and upper bound.
    """
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    sizes, counts = np.unique(np.round(np.abs(differences[differences != 0]), 9), return_counts=True)
    if len(sizes) <= 1:
        gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
        size = float(sizes[0]) if len(sizes) else 1.0
        low, high = exact_interval(gained, lost, n, alpha)
        return mcnemar(gained, lost), size * low, size * high
    p, critical = _flipped_signs(sizes, counts, float(differences.sum()), alpha, seed)
    if critical**2 >= n:
        return p, -1.0, 1.0
    mean, half = float(differences.mean()), critical * float(differences.std()) / math.sqrt(n - critical**2)
    half *= 1 + 1e-9  # a sum that just equals the critical one claims nothing
    return p, max(-1.0, mean - half), min(1.0, mean + half)


def _flipped_signs(sizes: np.ndarray, counts: np.ndarray, total: float, alpha: float, seed: int) -> tuple[float, float]:
    """p of a sum under coin-tossed signs, and how many standard errors the test asks for."""
    error = math.sqrt(float(counts @ sizes**2))
    if len(sizes) > MOST_SIZES:
        return 2 * normal_cdf(-abs(total) / error), normal_quantile(1 - alpha / 2)
    tossed = np.random.default_rng(seed).binomial(counts, 0.5, (DRAWS, len(counts)))
    sums = np.sort(np.round(np.abs((2 * tossed - counts) @ sizes), 9))
    reached = DRAWS - int(np.searchsorted(sums, round(abs(total), 9)))
    allowed = math.floor(alpha * (DRAWS + 1) + 1e-9) - 1
    return (reached + 1) / (DRAWS + 1), float(sums[DRAWS - 1 - allowed]) / error
