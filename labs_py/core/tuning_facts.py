"""Numbers that the articles on deciding and on supervised fine-tuning print: intervals, savings, shares of a batch."""

from __future__ import annotations

import math

import numpy as np

from labs_py.core import evidence, run_cost


def wilson_half_width(successes: float, n: int) -> float:
    """Half the width of Wilson's 95% interval for a rate, as a share."""
    low, high = evidence.wilson(successes, n)
    return (high - low) / 2


def wilson_bound(successes: float, n: int, side: str) -> float:
    """One end of Wilson's 95% interval for a rate, as a share.

    Args:
        successes: how many of the n were right.
        n: how many were asked.
        side: "low" or "high".
    """
    low, high = evidence.wilson(successes, n)
    return {"low": low, "high": high}[side]


def rows_for_gain(gain: float, disagree: float) -> int:
    """Held-out rows at which half of the paired 95% interval equals the gain: an even chance of seeing it.

    A row's difference is +1, 0 or -1, so its variance is the disagreement minus the gain squared; the half-width of
    the mean over n rows is 1.96 times the root of that over n. To see the gain more often takes more rows.

    Args:
        gain: mean difference, 0.03 for three points.
        disagree: share of rows on which exactly one of the two is right, at least the gain.
    """
    return math.ceil(evidence.Z95**2 * (disagree - gain**2) / gain**2)


def sign_test(only_first: int, only_second: int) -> float:
    """Chance that a fair coin splits the rows on which two models differ at least as unevenly (two-sided)."""
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return min(1.0, 2 * tail)


def routed_saving(share: float, cost: float) -> float:
    """How many times cheaper it gets when a share of the requests costs a fraction and the rest costs what it did.

    Args:
        share: of the requests that go to the cheap model.
        cost: of one of them, as a fraction of the old cost; 0 for a free model.
    """
    return 1 / (1 - share + share * cost)


def handed_on_saving(share: float, cost: float) -> float:
    """How many times cheaper it gets when a cheap model is always asked first and hands the rest on.

    Args:
        share: of the requests that the cheap model's answer settles; the others are paid twice.
        cost: of asking it, as a fraction of the old cost.
    """
    return 1 / (1 - share + cost)


def requests_to_pay_back(fixed: float, saved: float) -> int:
    """Requests after which a fixed cost is earned back, at so much saved on each (both in the same unit)."""
    return math.ceil(fixed / saved)


def prompt_share(prompt: int, answer: int) -> float:
    """Share of a row's tokens that belong to the prompt: what a loss without a mask spends its attention on."""
    return prompt / (prompt + answer)


def uniform_nats(vocabulary: int) -> float:
    """Cross-entropy of a model that knows nothing: the natural logarithm of the vocabulary's size."""
    return math.log(vocabulary)


def token_weight_ratio(short: int, long: int) -> float:
    """How much more one token of the short answer counts when means of two micro-batches are averaged."""
    return (1 / (2 * short)) / (1 / (2 * long))


def padding_share(how: str, rows: int = 1000, batch: int = 8, width: int = 1024, seed: int = 0) -> float:
    """Share of the computed tokens that is padding, for row lengths drawn from a long-tailed distribution.

    Lengths are log-normal around 150 tokens (spread 0.6 in the logarithm), cut at ``width``.

    Args:
        how: "fixed" (every row padded to ``width``), "shuffled" (to the longest row of its batch), "sorted" (batches
            of like length) or "packed" (rows laid end to end into sequences of ``width``, first fit, longest first).
        rows, batch, width, seed: of the example.
    """
    lengths = np.random.default_rng(seed).lognormal(math.log(150), 0.6, rows).astype(int).clip(8, width)
    if how == "packed":
        computed = _packed(lengths, width) * width
    elif how == "fixed":
        computed = rows * width
    else:
        ordered = np.sort(lengths) if how == "sorted" else lengths
        computed = sum(len(part) * part.max() for part in np.split(ordered, range(batch, rows, batch)))
    return float(1 - lengths.sum() / computed)


def _packed(lengths: np.ndarray, width: int) -> int:
    """Sequences that first fit, longest row first, needs."""
    room: list[int] = []
    for length in sorted((int(length) for length in lengths), reverse=True):
        place = next((i for i, left in enumerate(room) if left >= length), None)
        if place is None:
            room.append(width - length)
        else:
            room[place] -= length
    return len(room)


def cpu_process(part: str) -> float:
    """A number of the fitted allowance for a training process on a CPU."""
    return getattr(run_cost.CPU, part)


TUNING_FACTS = (
    wilson_half_width,
    wilson_bound,
    rows_for_gain,
    sign_test,
    routed_saving,
    handed_on_saving,
    requests_to_pay_back,
    prompt_share,
    uniform_nats,
    token_weight_ratio,
    padding_share,
    cpu_process,
)
