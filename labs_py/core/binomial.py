"""Tables of the binomial distribution, and what the exact two-sided test of a fair coin asks for."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=8)
def log_factorials(most: int) -> np.ndarray:
    """log k! for k = 0 .. most."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, most + 1)))])


def binomial(n: np.ndarray | int, k: np.ndarray | int, share: float, most: int) -> np.ndarray:
    """Chance of k among n <= ``most`` at this share, 0 < share < 1; 0 where k is below 0 or above n."""
    log = log_factorials(most)
    n, k = np.asarray(n), np.asarray(k)
    inside = (k >= 0) & (k <= n)
    at = np.where(inside, k, 0)
    value = log[n] - log[at] - log[n - at] + at * math.log(share) + (n - at) * math.log1p(-share)
    return np.where(inside, np.exp(value), 0.0)


@lru_cache(maxsize=8)
def fewest_to_claim(most: int, alpha: float) -> np.ndarray:
    """For each number m = 0 .. most of differing items, how many must fall on one side for the exact test to claim.

    McNemar's exact two-sided p is at most ``alpha`` from that count on; m + 1 where even all m are too few.
    The tail is carried along: one more coin lifts it by half the chance of being one short.
    """
    log = log_factorials(most + 1).tolist()
    half = math.log(0.5)

    def chance(n: int, k: int) -> float:
        return math.exp(log[n] - log[k] - log[n - k] + n * half) if 0 <= k <= n else 0.0

    counts, fewest, tail = np.empty(most + 1, dtype=int), 1, 0.0
    counts[0] = fewest
    for m in range(most):
        tail += 0.5 * chance(m, fewest - 1)
        if 2 * tail > alpha:
            tail -= chance(m + 1, fewest)
            fewest += 1
        counts[m + 1] = fewest
    return counts


def table_size(count: float) -> int:
    """A power of two at or above ``count``, so that few tables are made."""
    return 1 << max(8, math.ceil(count).bit_length())
