"""Arithmetic of data and teachers that pages print; registered when ``labs_py.core.facts`` is imported."""

from __future__ import annotations

from labs_py.core import evidence


def near_duplicate_caught(similarity: float, bands: int = 16, rows: int = 4) -> float:
    """Chance that two rows of a similarity share a band of their MinHash signatures: 1 - (1 - s^rows)^bands."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def scores_bytes(tokens: float, kept: int, bytes_each: float) -> float:
    """Bytes of a teacher's stored scores: tokens times scores kept of each times bytes of one."""
    return tokens * kept * bytes_each


def some_answer_right(success: float, samples: int) -> float:
    """Chance that at least one of so many independent answers is right."""
    return 1.0 - (1.0 - success) ** samples


def saving_limit(share: float) -> float:
    """How many times the bill shrinks when a share of the traffic becomes free and the rest costs what it did."""
    return 1.0 / (1.0 - share)


def remaining_cost(share: float, full_price: float) -> float:
    """What the share that stays with the large model costs for each request on average."""
    return (1.0 - share) * full_price


def compute_ratio(larger: float, smaller: float) -> float:
    """How many times one figure is the other."""
    return larger / smaller


def interval_low(right: int, n: int) -> float:
    """Lower end of the 95% Wilson interval of a rate."""
    return evidence.wilson(right, n)[0]


def interval_high(right: int, n: int) -> float:
    """Upper end of the 95% Wilson interval of a rate."""
    return evidence.wilson(right, n)[1]


DATA_FACTS = (
    near_duplicate_caught, scores_bytes, some_answer_right, saving_limit, remaining_cost, compute_ratio, interval_low,
    interval_high,
)  # fmt: skip
