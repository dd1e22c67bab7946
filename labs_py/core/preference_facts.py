"""Numbers about labels, best of n and groups that pages print; registered when ``labs_py.core.facts`` is imported."""

from __future__ import annotations

import math

from labs_py.core import policy


def best_of_kl(n: int) -> float:
    """KL of best of n from the reference when no two rewards tie: log n - (n - 1)/n nats."""
    return policy.best_of_n_kl_bound(n)


def agreement_under_slips(agreement: float, slip: float) -> float:
    """Share of fresh labels that a model predicts once each label is flipped at a rate.

    Args:
        agreement: share without flips.
        slip: rate of flips.
    """
    return agreement * (1 - slip) + (1 - agreement) * slip


def agreement_ceiling(agreement: float) -> float:
    """Highest share of fresh labels that any model could predict, given how often two labellers agree.

    A pair that labellers decide alike with probability p is predicted rightly in max(p, 1 - p) of the cases, and two
    labellers agree on it in p^2 + (1 - p)^2. By Jensen's inequality the mean of the first is largest when all pairs
    are equally hard; it is smallest, and equal to the agreement, when each pair is either sure or a coin toss.

    Args:
        agreement: share of pairs on which two labellers agree, from 0.5 to 1.
    """
    return (1 + math.sqrt(2 * agreement - 1)) / 2


def equal_group_chance(right: float, size: int) -> float:
    """Chance that all answers of a group are right or all wrong, so that the group teaches nothing.

    Args:
        right: chance that one answer is right.
        size: answers in the group.
    """
    return right**size + (1 - right) ** size


def label_loss(margin: float) -> float:
    """Bradley-Terry loss of one label whose chosen answer leads by this much reward, in nats."""
    return math.log1p(math.exp(-margin))


def answer_ratio(difference: float, tokens: int) -> float:
    """How many times likelier an answer is under one program than under another that scores each token a bit lower.

    Args:
        difference: of the log-probabilities of each token, in nats.
        tokens: of the answer.
    """
    return math.exp(difference * tokens)


PREFERENCE_FACTS = (
    best_of_kl, agreement_under_slips, agreement_ceiling, equal_group_chance, label_loss, answer_ratio,
)  # fmt: skip
