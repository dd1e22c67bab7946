"""Quantiles of the normal and of Student's distribution, with numpy and ``math`` alone; tests compare with scipy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache


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
