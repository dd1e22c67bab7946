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


PREFERENCE_FACTS = (best_of_kl, agreement_under_slips, equal_group_chance, label_loss)
