"""The second half of the RLHF Lab: a policy chases the fitted reward, and a group of answers is compared."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from labs_py.core import policy, text_features
from labs_py.labs import _rlhf_annotators, _rlhf_candidates, _rlhf_evidence

BETAS = np.geomspace(10.0, 0.01, 31)
DRAWS = 2.0 ** np.arange(11)
LENGTH = text_features.NAMES.index("length")
Part = tuple[dict[str, float], dict[str, np.ndarray]]


def policy_weights(params: dict[str, Any], weights: np.ndarray) -> np.ndarray:
    """The weights that the policy is tuned on: the fitted ones, less length's where it is to be ignored."""
    if params["length_repair"] != "zero":
        return weights
    kept = weights.copy()
    kept[LENGTH] = 0.0
    return kept


@functools.lru_cache(maxsize=1)
def candidates() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scaled features, log reference, words, declared truth and true reward of the candidates."""
    raw, log_reference, words, truth = _rlhf_candidates.load()
    scaled = raw / _rlhf_annotators.scaled_pairs()[3]
    return scaled, log_reference, words, truth, _rlhf_annotators.true_reward(scaled, words)


def chased(params: dict[str, Any], key: tuple, weights: np.ndarray) -> Part:
    scaled, log_reference, words, truth, true = candidates()
    proxy = scaled @ policy_weights(params, weights)
    beta = params["beta"]
    tuned = policy.tilt(log_reference, proxy, np.append(BETAS, beta))
    path = policy.reward_path(tuned, log_reference, proxy, true)
    drawn = policy.best_of_n(log_reference, proxy, np.append(DRAWS, params["best_of"]))
    best = policy.reward_path(drawn, log_reference, proxy, true)
    peak = int(np.argmax(path["true"]))
    mine = tuned[-1]
    theta = _rlhf_evidence.trained_by_dpo(*key, params["l2"], beta)
    by_reward = policy.tilt(log_reference, scaled @ weights, beta)
    by_dpo = policy.tilt(log_reference, scaled @ theta, beta)
    probability = np.exp(mine)
    cores, paddings = groups_of_answers()
    scalars = {
        "kl": path["kl"][-1],
        "root_kl": np.sqrt(path["kl"][-1]),
        "proxy_reward": path["proxy"][-1],
        "true_reward": path["true"][-1],
        "best_true_reward": path["true"][peak],
        "best_beta": np.append(BETAS, beta)[peak],
        "policy_words": probability @ words,
        "correct_share": probability @ (truth > 0),
        "best_of_kl": best["kl"][-1],
        "best_of_proxy": best["proxy"][-1],
        "best_of_true": best["true"][-1],
        "dpo_gap": np.max(np.abs(np.exp(by_reward) - np.exp(by_dpo))),
    }
    arrays = {
        "path_root_kl": np.sqrt(path["kl"][:-1]),
        "path_proxy": path["proxy"][:-1],
        "path_true": path["true"][:-1],
        "best_of_root_kl": np.sqrt(best["kl"][:-1]),
        "best_of_path_proxy": best["proxy"][:-1],
        "best_of_path_true": best["true"][:-1],
        "answer_policy": probability @ cores,
        "answer_reference": np.exp(log_reference) @ cores,
        "padding_policy": probability @ paddings,
        "padding_reference": np.exp(log_reference) @ paddings,
        "policy_log_probabilities": mine,
    }
    return {k: float(v) for k, v in scalars.items()}, arrays


@functools.lru_cache(maxsize=1)
def groups_of_answers() -> tuple[np.ndarray, np.ndarray]:
    """Which candidate has which core (270, 6) and how much padding (270, 5), as 0/1 columns."""
    core, padding = _rlhf_candidates.parts()
    return np.eye(len(_rlhf_candidates.CORES))[core], np.eye(len(_rlhf_candidates.PADDING_SHARES))[padding]


def grouped(params: dict[str, Any], weights: np.ndarray) -> Part:
    scaled, log_reference, _, truth, _ = candidates()
    generator = np.random.default_rng([params["seed"], 3])
    drawn = generator.choice(len(log_reference), size=params["group_size"], p=np.exp(log_reference))
    learned = scaled @ policy_weights(params, weights)
    rewards = learned[drawn] if params["group_reward"] == "learned" else (truth[drawn] > 0).astype(float)
    advantages = policy.group_advantages(rewards, params["group_spread"])
    slope = policy.policy_gradient(log_reference, drawn, advantages)
    scalars = {"group_mean": float(rewards.mean()), "group_gradient": float(np.sqrt(slope @ slope))}
    return scalars, {"group_rewards": rewards, "advantages": advantages, "group_drawn": drawn}
