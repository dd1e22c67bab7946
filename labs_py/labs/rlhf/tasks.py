"""The RLHF Lab's challenges: drawn by seed, checked here, each typical error answered by its name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labs_py.labs.rlhf.optimisation_tasks import LEASH_TASK, REPAIR_TASK
from labs_py.spec import Challenge, Task, Verdict


def near(answer: float, value: float, tolerance: float = 0.01) -> bool:
    """Whether a typed number is a value, up to rounding."""
    return abs(answer - value) <= tolerance * max(abs(value), 0.05)


def judge(answer: float, right: float, why: str, errors: list[tuple[float, str]], otherwise: str) -> Verdict:
    """Right, or the message of the first error whose value the answer has, or ``otherwise``."""
    if near(answer, right):
        return Verdict("right", why)
    for value, message in errors:
        if near(answer, value):
            return Verdict("wrong", message)
    return Verdict("wrong", otherwise)


def _slips(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, 1])
    return float(rng.choice([0.7, 0.75, 0.8, 0.85, 0.9])), float(rng.choice([0.1, 0.15, 0.2, 0.25, 0.3]))


def _draw_ceiling(seed: int) -> Task:
    agree, slip = _slips(seed)
    return Task(
        f"A model predicts {agree:.0%} of an annotator's labels when the annotator never slips. From today they "
        "slip on "
        f"{slip:.0%} of the pairs, at random, and click the other side. What percentage of fresh labels does "
        "the same model predict?"
    )


def _check_ceiling(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    agree, slip = _slips(seed)
    right = 100 * (agree * (1 - slip) + (1 - agree) * slip)
    if near(answer, right / 100):
        return Verdict("wrong", "Give it in percent, not as a share.")
    return judge(
        answer,
        right,
        f"{agree:.2f} × {1 - slip:.2f} + {1 - agree:.2f} × {slip:.2f} = {right / 100:.3f}: a slip turns hits "
        "into misses, and misses "
        "into hits.",
        [
            (
                100 * agree * (1 - slip),
                "You forgot that a slip also turns a miss into a hit: add (1 - agreement) × slips.",
            ),
            (
                100 * (agree - slip),
                "Slips don't subtract: some fall on labels that the model had wrong, and those become hits.",
            ),
            (
                100 * (1 - slip),
                "That would be the ceiling of a model that was never wrong. This one was not perfect before.",
            ),
        ],
        "A fresh label agrees if the model was right and there was no slip, or if it was wrong and there was one.",
    )


def _draw_labels(seed: int) -> Task:
    start, factor = _label_numbers(seed)
    return Task(
        f"With {start} labels a weight is 0.40 ± 0.60 (1.96 standard errors). You want whiskers {factor} times "
        "as short. About how many "
        "labels do you need in all, from the same annotator on the same kind of pairs?"
    )


def _label_numbers(seed: int) -> tuple[int, int]:
    rng = np.random.default_rng([seed, 2])
    return int(rng.choice([40, 50, 60, 80, 120, 150])), int(rng.choice([2, 3, 4]))


def _check_labels(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    start, factor = _label_numbers(seed)
    right = start * factor**2
    return judge(
        answer,
        right,
        f"{start} × {factor}² = {right:,}: the standard error falls with the root of the labels.",
        [
            (start * factor, f"{factor} times the labels shorten the whiskers by the root of {factor} only."),
            (right - start, "That many more, but the question asks for the total."),
            (
                start * math.sqrt(factor),
                "The root goes the other way: the error shrinks by the root of what the labels grow by.",
            ),
        ],
        "Standard errors go with one over the root of the number of labels.",
    )


def _group(seed: int) -> tuple[int, int]:
    rng = np.random.default_rng([seed, 3])
    size = int(rng.choice([4, 5, 6, 8, 10]))
    return size, int(rng.integers(1, size // 2 + 1))


def _draw_advantage(seed: int) -> Task:
    size, right = _group(seed)
    rewards = [1] * right + [0] * (size - right)
    shuffled = np.random.default_rng([seed, 4]).permutation(rewards).tolist()
    return Task(
        f"A group of {size} answers got the rewards {', '.join(str(r) for r in shuffled)}. What is the "
        "advantage of an answer with "
        "reward 1? Divide by the standard deviation with G - 1 under the root, as TRL does, and give three digits."
    )


def _check_advantage(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    size, right = _group(seed)
    mean = right / size
    spread = math.sqrt(size * mean * (1 - mean) / (size - 1))
    population = math.sqrt(mean * (1 - mean))
    value = (1 - mean) / spread
    return judge(
        answer,
        value,
        f"(1 - {mean:.3f}) / {spread:.3f} = {value:.3f}. The fewer right answers in the group, the larger the "
        "push for each.",
        [
            (
                1 - mean,
                "That is the reward less the mean, as in Dr. GRPO. GRPO then divides by the standard deviation.",
            ),
            (
                (1 - mean) / population,
                "That divides by the root of the mean squared deviation with G, not G - 1, below it.",
            ),
            ((1 - mean) / spread**2, "That divides by the variance; take its root."),
            (1 / spread, "Subtract the group's mean first: the advantage is relative to the group."),
            (-mean / spread, "That is the advantage of an answer with reward 0."),
        ],
        "Advantage = (reward - mean of the group) / standard deviation of the group.",
    )


def _dpo_numbers(seed: int) -> tuple[float, float, float, float, float]:
    rng = np.random.default_rng([seed, 5])
    reference_chosen, reference_rejected = -float(rng.integers(12, 19)), -float(rng.integers(12, 19))
    chosen = reference_chosen + float(rng.integers(1, 4))
    rejected = reference_rejected - float(rng.integers(2, 5))
    return chosen, rejected, reference_chosen, reference_rejected, float(rng.choice([0.1, 0.2, 0.5]))


def _draw_dpo(seed: int) -> Task:
    chosen, rejected, reference_chosen, reference_rejected, beta = _dpo_numbers(seed)
    return Task(
        f"Log-probabilities of two answers. Policy: chosen {chosen:g}, rejected {rejected:g}. Reference: chosen "
        f"{reference_chosen:g}, rejected {reference_rejected:g}. Beta is {beta:g}. What is the DPO loss of this "
        "pair, to three digits?"
    )


def _check_dpo(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    chosen, rejected, reference_chosen, reference_rejected, beta = _dpo_numbers(seed)
    log_ratio = (chosen - reference_chosen) - (rejected - reference_rejected)

    def loss(margin: float) -> float:
        return float(np.logaddexp(0.0, -margin))

    value = loss(beta * log_ratio)
    return judge(
        answer,
        value,
        f"The margin is {beta:g} × {log_ratio:g} = {beta * log_ratio:.2f}, and -log sigmoid of it is {value:.3f}.",
        [
            (
                loss(beta * (chosen - rejected)),
                "You left the reference out. What counts is how much the policy moved, not where it is.",
            ),
            (loss(log_ratio), "You left beta out: it multiplies the difference of the log ratios."),
            (
                loss(-beta * log_ratio),
                "Chosen and rejected are swapped: this would be the loss if the other answer had been picked.",
            ),
            (
                beta * log_ratio,
                "That is the margin between the implicit rewards. The loss is minus the log of its sigmoid.",
            ),
            (
                1 / (1 + math.exp(-beta * log_ratio)),
                "That is the probability of the pick. The loss is minus its logarithm.",
            ),
            (loss(beta * log_ratio) / math.log(2), "That is in bits; the loss uses the natural logarithm."),
        ],
        "Loss = -log sigmoid(beta × [(chosen - its reference) - (rejected - its reference)]).",
    )


def _draws(seed: int) -> int:
    return int(np.random.default_rng([seed, 6]).choice([4, 8, 32, 64, 128, 256]))


def _draw_best_of(seed: int) -> Task:
    return Task(
        f"You draw {_draws(seed)} answers from the reference and keep the one with the highest reward; no two "
        "rewards are ever equal. "
        "How far is that from the reference, in nats of KL? Three digits."
    )


def _check_best_of(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    n = _draws(seed)
    right = math.log(n) - (n - 1) / n
    return judge(
        answer,
        right,
        f"log {n} - {n - 1}/{n} = {right:.3f}.",
        [
            (
                math.log(n),
                "Log n is what it would cost if the kept answer were always in the top 1/n. Take off (n - 1)/n.",
            ),
            (math.log2(n), "That is in bits. A nat uses the natural logarithm."),
            (math.log2(n) - (n - 1) / n, "The logarithm is the natural one here."),
            (0.0, "Nothing is trained, and still the answers come from another distribution than the reference."),
            (n, "KL grows with the logarithm of n, not with n."),
        ],
        "The answer kept has n u^(n-1) times its density under the reference, with u uniform: average the log of that.",
    )


CHALLENGES = (
    LEASH_TASK,
    REPAIR_TASK,
    Challenge(
        "ceiling",
        "The limit under slips",
        "number",
        _draw_ceiling,
        _check_ceiling,
        "Count both ways in which a fresh label can agree.",
        "%",
    ),
    Challenge(
        "labels_needed", "Shorter whiskers", "number", _draw_labels, _check_labels, "Think of the root.", "labels"
    ),
    Challenge("dpo_loss", "One pair through DPO", "number", _draw_dpo, _check_dpo, "First the two log ratios.", "nats"),
    Challenge(
        "best_of_kl",
        "The price of best of n",
        "number",
        _draw_best_of,
        _check_best_of,
        "Compare with the lab at n = 16.",
        "nats",
    ),
    Challenge(
        "advantage", "Relative to the group", "number", _draw_advantage, _check_advantage, "Mean first, then spread."
    ),
)
