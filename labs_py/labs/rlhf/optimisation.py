"""The second half of the RLHF Lab: a policy is optimised for the fitted reward, and a group of answers is compared."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from labs_py.core import policy, text_features
from labs_py.labs.rlhf import annotators, candidate_answers, reward_model

BETAS = np.geomspace(10.0, 0.01, 31)
DRAWS = 2.0 ** np.arange(11)
LENGTH = text_features.NAMES.index("length")
Part = tuple[dict[str, float], dict[str, np.ndarray]]


def policy_weights(params: dict[str, Any], weights: np.ndarray) -> np.ndarray:
    """The weights that the policy is optimised for, (F,): the fitted ones, less length's where it is to be ignored."""
    if params["length_repair"] != "zero":
        return weights
    kept = weights.copy()
    kept[LENGTH] = 0.0
    return kept


@functools.lru_cache(maxsize=1)
def candidates() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scaled features (C, F), log reference, words, declared truth and true reward (C,) of the candidates."""
    raw, log_reference, words, truth = candidate_answers.load()
    scaled = raw / annotators.scaled_pairs()[3]
    return scaled, log_reference, words, truth, annotators.true_reward(scaled, words)


@functools.lru_cache(maxsize=8)
def curves(proxy_bytes: bytes) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """``policy.reward_path`` over all of ``BETAS`` and over all of ``DRAWS``, kept for as long as the reward stays."""
    _, log_reference, _, _, true = candidates()
    proxy = np.frombuffer(proxy_bytes)
    tuned = policy.tilt(log_reference, proxy, BETAS)
    drawn = policy.best_of_n(log_reference, proxy, DRAWS)
    return (policy.reward_path(tuned, log_reference, proxy, true),
            policy.reward_path(drawn, log_reference, proxy, true))  # fmt: skip


def chased(params: dict[str, Any], key: tuple, weights: np.ndarray) -> Part:
    """The policy at this beta, the curves it lies on, best of n, and how far DPO's policy is from it."""
    scaled, log_reference, words, truth, true = candidates()
    proxy = scaled @ policy_weights(params, weights)
    tuned, drawn = curves(proxy.tobytes())
    mine = policy.tilt(log_reference, proxy, params["beta"])
    here = policy.reward_path(mine, log_reference, proxy, true)
    kept = policy.best_of_n(log_reference, proxy, params["best_of"])
    best = policy.reward_path(kept, log_reference, proxy, true)
    probability = np.exp(mine)
    peak = int(np.argmax(tuned["true"]))
    at_peak = here["true"] >= tuned["true"][peak]
    scalars = {
        "kl": here["kl"],
        "root_kl": np.sqrt(here["kl"]),
        "proxy_reward": here["proxy"],
        "true_reward": here["true"],
        "best_true_reward": here["true"] if at_peak else tuned["true"][peak],
        "best_beta": params["beta"] if at_peak else BETAS[peak],
        "policy_words": probability @ words,
        "correct_share": probability @ (truth > 0),
        "best_of_kl": best["kl"],
        "best_of_proxy": best["proxy"],
        "best_of_true": best["true"],
        "dpo_gap": _dpo_gap(params, key, weights),
    }
    cores, paddings = groups_of_answers()
    arrays = {
        "path_root_kl": np.sqrt(tuned["kl"]),
        "path_proxy": tuned["proxy"],
        "path_true": tuned["true"],
        "best_of_root_kl": np.sqrt(drawn["kl"]),
        "best_of_path_proxy": drawn["proxy"],
        "best_of_path_true": drawn["true"],
        "answer_policy": probability @ cores,
        "answer_reference": np.exp(log_reference) @ cores,
        "padding_policy": probability @ paddings,
        "padding_reference": np.exp(log_reference) @ paddings,
        "policy_log_probabilities": mine,
    }
    return {k: float(v) for k, v in scalars.items()}, arrays


def _dpo_gap(params: dict[str, Any], key: tuple, weights: np.ndarray) -> float:
    """Largest difference in an answer's probability between the fitted reward's policy and the one trained by DPO."""
    scaled, log_reference, *_ = candidates()
    theta = reward_model.trained_by_dpo(*key, params["l2"], params["beta"])
    by_reward = policy.tilt(log_reference, scaled @ weights, params["beta"])
    by_dpo = policy.tilt(log_reference, scaled @ theta, params["beta"])
    return float(np.max(np.abs(np.exp(by_reward) - np.exp(by_dpo))))


@functools.lru_cache(maxsize=1)
def groups_of_answers() -> tuple[np.ndarray, np.ndarray]:
    """Which candidate has which core (270, 6) and how much padding (270, 5), as 0/1 columns."""
    core, padding = candidate_answers.parts()
    return np.eye(len(candidate_answers.CORES))[core], np.eye(len(candidate_answers.PADDING_SHARES))[padding]


@functools.lru_cache(maxsize=32)
def drawn_group(seed: int, size: int) -> np.ndarray:
    """Candidates drawn from the reference for one group, (size,) indices."""
    log_reference = candidates()[1]
    return np.random.default_rng([seed, 3]).choice(len(log_reference), size=size, p=np.exp(log_reference))


def grouped(params: dict[str, Any], weights: np.ndarray) -> Part:
    """A group of answers drawn from the reference: rewards and advantages, (group,) each, and the gradient's length."""
    scaled, log_reference, _, truth, _ = candidates()
    drawn = drawn_group(params["seed"], params["group_size"])
    learned = scaled @ policy_weights(params, weights)
    rewards = learned[drawn] if params["group_reward"] == "learned" else (truth[drawn] > 0).astype(float)
    advantages = policy.group_advantages(rewards, params["group_spread"])
    slope = policy.policy_gradient(log_reference, drawn, advantages)
    scalars = {"group_mean": float(rewards.mean()), "group_gradient": float(np.sqrt(slope @ slope))}
    return scalars, {"group_rewards": rewards, "advantages": advantages, "group_drawn": drawn}
