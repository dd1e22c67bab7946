"""When does a fine-tuned model pay for itself? Plain arithmetic on the reader's own figures, in any currency.

All of it is counted: building, hosting, the hours that a fine-tuned model takes each month, and the day on which the
base model is replaced and the work is done again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

MILLION = 1e6


@dataclass(frozen=True)
class Case:
    """One decision. Money is in one currency throughout; prices of tokens are for a million.

    Attributes:
        requests: in a month.
        long_prompt, short_prompt, answer: tokens of a request with the long prompt, of one to the fine-tuned model
            (its short prompt), and of an answer.
        price_in, price_out: of the model that is prompted.
        cached: share of the long prompt that is billed as a cached prefix.
        cached_price: what a cached token costs, as a share of ``price_in``.
        tuned_in, tuned_out: prices of the fine-tuned model.
        hosting: of the fine-tuned model, for a month, whether it is asked or not.
        build_hours, training: once for each base model: data, evaluation, integration; the runs.
        upkeep_hours: each month: watching, new rows, retraining.
        hour: what an hour of work costs.
        months: until the base model is replaced and the work is due again.
    """

    requests: float = 1_000_000
    long_prompt: float = 1_800
    short_prompt: float = 150
    answer: float = 120
    price_in: float = 0.5
    price_out: float = 1.5
    cached: float = 0.0
    cached_price: float = 0.5
    tuned_in: float = 0.5
    tuned_out: float = 1.5
    hosting: float = 0.0
    build_hours: float = 80
    training: float = 100
    upkeep_hours: float = 4
    hour: float = 60
    months: float = 12


# --8<-- [start:costs]
def prompted_request(case: Case) -> float:
    """What one request costs with the long prompt."""
    billed = case.long_prompt * (1 - case.cached + case.cached * case.cached_price)
    return (billed * case.price_in + case.answer * case.price_out) / MILLION


def tuned_request(case: Case) -> float:
    """What one request costs with the fine-tuned model, without hosting."""
    return (case.short_prompt * case.tuned_in + case.answer * case.tuned_out) / MILLION


def once(case: Case) -> float:
    """What is paid before the first request, for each base model."""
    return case.build_hours * case.hour + case.training


def monthly(case: Case) -> float:
    """What is saved in a month, after hosting and upkeep;
    negative when fine-tuning costs more."""
    saved = case.requests * (prompted_request(case) - tuned_request(case))
    return saved - case.hosting - case.upkeep_hours * case.hour


# --8<-- [end:costs]


# --8<-- [start:break-even]
def months_to_break_even(case: Case) -> float:
    """Months until the first cost is earned back;
    infinite when a month earns nothing."""
    return once(case) / monthly(case) if monthly(case) > 0 else math.inf


def net(case: Case) -> float:
    """Saved, or lost, over the life of the base model."""
    return case.months * monthly(case) - once(case)


def requests_to_break_even(case: Case) -> float:
    """Requests a month from which fine-tuning pays within the base model's life;
    infinite when no number is enough."""
    each = prompted_request(case) - tuned_request(case)
    fixed = once(case) / case.months + case.hosting + case.upkeep_hours * case.hour
    return fixed / each if each > 0 else math.inf


# --8<-- [end:break-even]


# --8<-- [start:sensitivity]
SWUNG = ("requests", "long_prompt", "price_in", "build_hours", "upkeep_hours", "months")


def swing(case: Case, name: str, factor: float) -> float:
    """Net result with one figure multiplied and all others as they are."""
    return net(replace(case, **{name: getattr(case, name) * factor}))


# --8<-- [end:sensitivity]
