"""Small replications behind the field reports; registered as facts when ``labs_py.core.facts`` is imported.

Each shrinks one claim of a paper to something that runs in a blink: a table of logits, six answers, a chain of
choices. They show that a mechanism exists, not how large it is in a language model.
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial, prod

import numpy as np

from labs_py.core import policy, preference

# Six answers in a plane. The chosen (row 0) and the rejected one (row 1) resemble each other; row 2 resembles neither
# and lies further along chosen minus rejected than the chosen answer does.
ANSWERS = np.array([[0.6, 0.8], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [0.0, -1.0], [-0.6, -0.8]])


# fmt: off
# --8<-- [start:anchored_dpo]
def answers_after_dpo(
    nll: float, beta: float = 0.1, steps: int = 400, rate: float = 5.0
) -> np.ndarray:
    """Log-probabilities of six answers after DPO on one pair,
    with a log-likelihood term of weight ``nll``.

    The policy is a softmax over six answers whose logits share two weights,
    so that moving one answer moves its neighbours. It starts uniform,
    and that start is the reference.

    Args:
        nll: weight of the term that raises the chosen answer's log-probability;
            0 is plain DPO.
        beta: DPO's inverse temperature.
        steps: gradient steps.
        rate: step size.

    Returns:
        (6,): the chosen answer, the rejected one, and four that nobody labelled.
    """
    weights = np.zeros(ANSWERS.shape[1])
    reference = -np.log(len(ANSWERS))
    for _ in range(steps):
        logits = ANSWERS @ weights
        log_policy = logits - policy.log_sum_exp(logits)
        pull = -preference.dpo_gradient(
            log_policy[0], log_policy[1], reference, reference, beta
        )
        toward_chosen = ANSWERS[0] - np.exp(log_policy) @ ANSWERS
        weights = weights + rate * (
            pull * (ANSWERS[0] - ANSWERS[1]) + nll * toward_chosen
        )
    logits = ANSWERS @ weights
    return logits - policy.log_sum_exp(logits)


# --8<-- [end:anchored_dpo]
# fmt: on


def chosen_probability_after_dpo(nll: float, beta: float = 0.1, steps: int = 400, rate: float = 5.0) -> float:
    """Probability of the chosen answer after DPO on one pair; arguments as in ``answers_after_dpo``."""
    return float(np.exp(answers_after_dpo(nll, beta, steps, rate)[0]))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of each row."""
    return logits - policy.log_sum_exp(logits)[:, None]


def _base_chain(per_step: float, n_steps: int, n_choices: int) -> np.ndarray:
    """Logits (steps, choices) that pick the right choice, number 0, with probability ``per_step`` at each step."""
    logits = np.zeros((n_steps, n_choices))
    logits[:, 0] = np.log(per_step * (n_choices - 1) / (1 - per_step))
    return logits


def chain_success(per_step: float, n_steps: int = 6) -> float:
    """Chance that the base model gets every step of a chain right."""
    return per_step**n_steps


# fmt: off
# --8<-- [start:chain_rl]
@lru_cache(maxsize=16)
def chain_after_rl(
    per_step: float, updates: int = 200, group: int = 16, rate: float = 0.5,
    runs: int = 10,
) -> float:
    """Mean success after reinforcement learning on a chain of six choices of six,
    rewarded only at its end.

    One update draws a group, scores 1 where all steps are right,
    and follows the group-relative advantages.

    Args:
        per_step: chance of the right choice at each step before training.
        updates: number of updates.
        group: answers drawn for one update.
        rate: step size.
        runs: independent runs, seeds 0, 1, ...
    """
    finals = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        logits = _base_chain(per_step, 6, 6)
        for _ in range(updates):
            log_policy = _log_softmax(logits)
            # Gumbel noise and argmax draw from the softmax
            # (G, steps)
            drawn = np.argmax(
                log_policy + rng.gumbel(size=(group, *logits.shape)), axis=-1
            )
            advantages = policy.group_advantages((drawn == 0).all(axis=1).astype(float))
            for step in range(len(logits)):
                logits[step] += rate * policy.policy_gradient(
                    log_policy[step], drawn[:, step], advantages
                )
        finals.append(np.exp(_log_softmax(logits)[:, 0].sum()))
    return float(np.mean(finals))


# --8<-- [end:chain_rl]
# fmt: on


# fmt: off
# --8<-- [start:chain_distil]
def chain_after_distillation(
    per_step: float, updates: int = 200, rate: float = 0.5
) -> float:
    """Success after as many updates of cross-entropy on a teacher's right chain.

    Args:
        per_step: chance of the right choice at each step before training.
        updates: number of updates.
        rate: step size.
    """
    logits = _base_chain(per_step, 6, 6)
    for _ in range(updates):
        gradient = -np.exp(_log_softmax(logits))
        gradient[:, 0] += 1
        logits = logits + rate * gradient
    return float(np.exp(_log_softmax(logits)[:, 0].sum()))


# --8<-- [end:chain_distil]
# fmt: on


def weights_bytes(parameters: float, bits: float) -> float:
    """Bytes of a model's weights at so many bits each."""
    return parameters * bits / 8


def weights_gibibytes(parameters: float, bits: float) -> float:
    """A model's weights at so many bits each, in units of 2^30 bytes."""
    return weights_bytes(parameters, bits) / 2**30


def gpu_hours(gpus: int, hours: float) -> float:
    """GPU-hours: devices times hours."""
    return gpus * hours


def majority_right(right: float, rival: float, votes: int) -> float:
    """Chance that the answer given most often is right, when one mistake repeats and all other mistakes differ.

    Exact, over all counts of the right answer and of the rival; a tie is drawn by lot.

    Args:
        right: chance that one sample is right.
        rival: chance of the mistake that repeats.
        votes: number of samples.
    """
    total, single = 0.0, max(0.0, 1 - right - rival)
    for won in range(1, votes + 1):
        for against in range(votes - won + 1):
            others = votes - won - against
            if won < max(against, min(others, 1)):
                continue
            tied = 1 + (against == won) + (others if won == 1 else 0)
            total += _multinomial((won, against, others), (right, rival, single)) / tied
    return total


def _multinomial(counts: tuple[int, ...], chances: tuple[float, ...]) -> float:
    """Probability of these counts in as many independent draws."""
    ways = factorial(sum(counts))
    for count in counts:
        ways //= factorial(count)
    return ways * prod(chance**count for count, chance in zip(counts, chances, strict=True))


REPORT_FACTS = (
    chosen_probability_after_dpo, chain_success, chain_after_rl, chain_after_distillation,
    weights_bytes, weights_gibibytes, gpu_hours, majority_right,
)  # fmt: skip
