"""What a reward does to a policy over a finite set of answers: the KL penalty, best-of-n, group advantages.

Everything is kept in log-probabilities, so no beta and no n overflows. Notation: C candidates; ``log_reference``
(C,) sums to one after exp; rewards (C,). Sources: Rafailov et al. 2023, equations 4 and 5; Gao et al. 2022;
Shao et al. 2024 (GRPO).
"""

from __future__ import annotations

import numpy as np


def log_sum_exp(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """log(sum(exp(values))) along an axis, with the largest taken out first; that one must be finite."""
    top = np.max(values, axis=axis, keepdims=True)
    return np.squeeze(np.log(np.sum(np.exp(values - top), axis=axis, keepdims=True)) + top, axis=axis)


# fmt: off
# --8<-- [start:tilt]
def tilt(
    log_reference: np.ndarray, reward: np.ndarray, beta: float | np.ndarray
) -> np.ndarray:
    """The policy with the highest reward less beta times its KL from the reference:
    ref * exp(reward / beta) / Z.

    Args:
        log_reference: (C,) log-probabilities.
        reward: (C,).
        beta: weight of the KL penalty, one or (B,) of them.

    Returns:
        (C,) or (B, C) log-probabilities.
    """
    best = np.max(reward)
    # Rewards are shifted so that the largest exponent is 0 before it is divided by a
    # tiny beta.
    logits = log_reference + (reward - best) / np.asarray(beta, dtype=float)[..., None]
    return logits - log_sum_exp(logits)[..., None]


# --8<-- [end:tilt]
# fmt: on


def kl(log_policy: np.ndarray, log_reference: np.ndarray) -> np.ndarray:
    """KL(policy || reference) in nats along the last axis; answers without probability add nothing."""
    probability = np.exp(log_policy)
    ratio = np.where(probability > 0, log_policy - log_reference, 0.0)
    return np.maximum(np.sum(probability * ratio, axis=-1), 0.0)


def expected(log_policy: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of ``values`` (C,) under each policy (..., C)."""
    return np.exp(log_policy) @ values


def best_of_n(log_reference: np.ndarray, reward: np.ndarray, n: int | np.ndarray) -> np.ndarray:
    """Exact log-probabilities of the answer that best-of-n keeps: draw n from the reference, keep the best.

    With F the share of the reference at or below an answer's reward, the best of n lies at or below it with
    probability F^n. Equal rewards share their probability as the reference does.

    Args:
        log_reference: (C,).
        reward: (C,) the reward that picks the best.
        n: one number of draws, or (N,) of them.

    Returns:
        (C,) or (N, C) log-probabilities.
    """
    values, group = np.unique(reward, return_inverse=True)
    mass = np.bincount(group, weights=np.exp(log_reference), minlength=len(values))
    below = np.concatenate([[0.0], np.cumsum(mass) / np.sum(mass)])
    draws = np.asarray(n, dtype=float)[..., None]
    # below**n differences lose all digits for rare answers at the bottom; what is lost there is below 1e-16.
    kept = below[1:] ** draws - below[:-1] ** draws
    with np.errstate(divide="ignore"):
        log_ratio = np.log(kept) - np.log(mass)
    return log_reference + log_ratio[..., group]


def best_of_n_kl_bound(n: float) -> float:
    """log n - (n-1)/n: the KL of best-of-n when no two answers tie, an upper bound when some do."""
    return float(np.log(n) - (n - 1) / n)


def reward_path(
    log_policies: np.ndarray, log_reference: np.ndarray, proxy: np.ndarray, true: np.ndarray
) -> dict[str, np.ndarray]:
    """KL, proxy and true reward of a family of policies (B, C), each reward less its mean under the reference."""
    base = np.exp(log_reference)
    return {
        "kl": kl(log_policies, log_reference),
        "proxy": expected(log_policies, proxy - base @ proxy),
        "true": expected(log_policies, true - base @ true),
    }


# fmt: off
# --8<-- [start:advantages]
def group_advantages(
    rewards: np.ndarray, divide_by_spread: bool = True, floor: float = 1e-4
) -> np.ndarray:
    """Group-relative advantages (GRPO): reward less the group's mean,
    over its standard deviation.

    The standard deviation is the sample's (G - 1), and ``floor`` is added to it,
    as TRL does. A group of equal rewards gives exactly zero: nothing to learn from it.
    Without the division (Dr. GRPO) hard and easy prompts keep their own scale.

    Args:
        rewards: (..., G), one group along the last axis.
    """
    rewards = np.asarray(rewards, dtype=float)
    equal = np.all(rewards == rewards[..., :1], axis=-1, keepdims=True)
    advantages = np.where(equal, 0.0, rewards - rewards.mean(axis=-1, keepdims=True))
    if divide_by_spread and rewards.shape[-1] > 1:
        advantages = advantages / (rewards.std(axis=-1, ddof=1, keepdims=True) + floor)
    return advantages


def policy_gradient(
    log_policy: np.ndarray, drawn: np.ndarray, advantages: np.ndarray
) -> np.ndarray:
    """Slope of the expected reward in the table's logits (C,),
    estimated from one group of draws.

    For a softmax, the slope of log pi(y) is the indicator of y less pi.
    """
    counted = np.bincount(drawn, weights=advantages, minlength=len(log_policy))
    return (counted - np.sum(advantages) * np.exp(log_policy)) / len(drawn)


# --8<-- [end:advantages]
# fmt: on
