"""Distillation: divergences between two next-word distributions, their gradients, and students that learn.

Shapes: V words, B prompts; the last axis is always the words. Distributions come as log-probabilities, so a
teacher may give a word no mass at all (-inf).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labs_py.core import numerics


def soften(logits: np.ndarray, temperature: float | np.ndarray, log_counts: np.ndarray | float = 0.0) -> np.ndarray:
    """Log-probabilities at a temperature (one, or one a row), (..., V).

    ``log_counts`` is 0 for a word, and log n for a bin that stands for n words with one logit: they share the
    logit, so the bin weighs n times as much at every temperature.
    """
    return numerics.log_softmax(logits / temperature + log_counts)


# fmt: off
# --8<-- [start:divergence]
def divergence(
    kind: str, log_p: np.ndarray, log_q: np.ndarray, beta: float = 0.5
) -> np.ndarray:
    """Distance of the student q from the teacher p in nats, (..., V) -> (...).

    "forward" is KL(p || q), "reverse" KL(q || p) (infinite where q has mass and p has
    none), and "js" the generalised Jensen-Shannon divergence of GKD (arXiv 2306.13649):
    beta KL(p || m) + (1 - beta) KL(q || m) with m = beta p + (1 - beta) q.
    """
    p, q = np.exp(log_p), np.exp(log_q)
    if kind == "forward":
        return numerics.weighted(p, log_p - log_q).sum(axis=-1)
    if kind == "reverse":
        return numerics.weighted(q, log_q - log_p).sum(axis=-1)
    log_m = np.logaddexp(log_p + np.log(beta), log_q + np.log1p(-beta))
    toward_p = numerics.weighted(p, log_p - log_m).sum(axis=-1)
    toward_q = numerics.weighted(q, log_q - log_m).sum(axis=-1)
    return beta * toward_p + (1 - beta) * toward_q


# --8<-- [end:divergence]
# fmt: on


# fmt: off
# --8<-- [start:binned_entropy]
def binned_entropy(log_p: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Entropy in nats over all words, (..., V) -> (...),
    where an entry may be a bin of many words.

    The entropy of the entries, and for each entry its mass times the entropy among its
    own words: ``within`` (V,), 0 for a single word and at most log n for a bin of n.
    """
    among = numerics.weighted(np.exp(log_p), within).sum(axis=-1)
    return numerics.entropy(log_p) + among


# --8<-- [end:binned_entropy]
# fmt: on


# --8<-- [start:rest_entropy]
def rest_entropy(
    inverse: np.ndarray, log_mass: np.ndarray, at: int, count: int, largest: float
) -> tuple[float, float, float]:
    """Entropy among unlisted words at one temperature, from how their sum grows: a
    lower bound, an estimate, an upper.

    Let F(b) be the log of their sum of exp(logit b), with b = 1/T. Its slope is the
    mean logit m of these words, and their entropy is F - b m. F is convex: the slope
    lies between those of the chords to the two neighbours, and that bounds the entropy.
    The estimate weighs the chords as a parabola would.

    Args:
        inverse: (G,) 1/T of the recorded temperatures, falling.
        log_mass: (G,) F at each.
        at: which of them is asked for.
        count: number of unlisted words; F(0) is its logarithm.
        largest: no unlisted logit is above this.

    Returns:
        Lower bound, estimate, upper bound in nats, each within 0 and log ``count``.
    """
    b, f = np.append(inverse, 0.0), np.append(log_mass, np.log(count))
    warmer = (f[at] - f[at + 1]) / (b[at] - b[at + 1])
    colder = (f[at - 1] - f[at]) / (b[at - 1] - b[at]) if at else largest
    share = (b[at] - b[at + 1]) / (b[at - 1] - b[at + 1]) if at else 0.5
    slopes = np.array(
        [
            max(warmer, colder),
            (1 - share) * warmer + share * colder,
            min(warmer, colder),
        ]
    )
    low, middle, high = np.clip(f[at] - b[at] * slopes, 0.0, np.log(count))
    return float(low), float(middle), float(high)


# --8<-- [end:rest_entropy]


# fmt: off
# --8<-- [start:gradient]
def divergence_gradient(
    kind: str, log_p: np.ndarray, log_q: np.ndarray, temperature: float | np.ndarray,
    beta: float = 0.5,
) -> np.ndarray:
    """Gradient of ``divergence`` with respect to the student's logits,
    where log_q = soften(logits, temperature)."""
    q = np.exp(log_q)
    if kind == "forward":
        return (q - np.exp(log_p)) / temperature
    if kind == "reverse":
        slope = log_q - log_p
    else:
        slope = (1 - beta) * (
            log_q - np.logaddexp(log_p + np.log(beta), log_q + np.log1p(-beta))
        )
    pull = numerics.weighted(q, slope)
    return (pull - q * pull.sum(axis=-1, keepdims=True)) / temperature


# --8<-- [end:gradient]
# fmt: on


def cross_entropy(log_q: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the log-probability of the hard label, (B, V) and (B,) -> (B,)."""
    return -log_q[np.arange(len(labels)), labels]


@dataclass(frozen=True)
class Objective:
    """What a student minimises: alpha T^2 D(teacher_T, student_T) + (1 - alpha) CE(hard label) at T = 1.

    Attributes:
        log_teacher: (B, V) log-probabilities at the temperature.
        labels: (B,) index of the hard label.
        temperature: T.
        alpha: weight of the soft term.
        kind, beta: see ``divergence``.
        log_counts: see ``soften``.
        floor: forward KL in nats that no student can remove, since it cannot tell apart the words within a bin.
        square: False leaves the T^2 out.
    """

    log_teacher: np.ndarray
    labels: np.ndarray
    temperature: float = 1.0
    alpha: float = 1.0
    kind: str = "forward"
    beta: float = 0.5
    log_counts: np.ndarray | float = 0.0
    floor: float = 0.0
    square: bool = True


# fmt: off
# --8<-- [start:loss]
def loss(logits: np.ndarray, goal: Objective) -> np.ndarray:
    """Loss of each prompt, (B, V) -> (B,)."""
    soft = divergence(
        goal.kind, goal.log_teacher, soften(logits, goal.temperature, goal.log_counts),
        goal.beta,
    )
    soft = soft + (goal.floor if goal.kind == "forward" else 0.0)
    hard = cross_entropy(soften(logits, 1.0, goal.log_counts), goal.labels)
    factor = goal.temperature**2 if goal.square else 1.0
    return goal.alpha * factor * soft + (1 - goal.alpha) * hard


def loss_gradient(logits: np.ndarray, goal: Objective) -> np.ndarray:
    """Gradient of each prompt's loss with respect to its logits, (B, V)."""
    log_q = soften(logits, goal.temperature, goal.log_counts)
    soft = divergence_gradient(
        goal.kind, goal.log_teacher, log_q, goal.temperature, goal.beta
    )
    hard = np.exp(soften(logits, 1.0, goal.log_counts))
    hard[np.arange(len(hard)), goal.labels] -= 1.0
    factor = goal.temperature**2 if goal.square else 1.0
    return goal.alpha * factor * soft + (1 - goal.alpha) * hard


# --8<-- [end:loss]
# fmt: on


@dataclass
class LowRankStudent:
    """Logits of all prompts through a narrow middle: features (B, F) times first (F, r) times second (r, V)."""

    features: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def logits(self) -> np.ndarray:
        """Logits of all prompts, (B, V)."""
        return self.features @ self.first @ self.second

    def descend(self, gradient: np.ndarray, learning_rate: float) -> None:
        """One step of plain gradient descent; ``gradient`` is that of the logits (B, V)."""
        middle = self.features @ self.first
        first_gradient = self.features.T @ (gradient @ self.second.T)
        self.second = self.second - learning_rate * (middle.T @ gradient)
        self.first = self.first - learning_rate * first_gradient


def new_student(features: np.ndarray, rank: int, n_words: int, seed: int) -> LowRankStudent:
    """A student that starts near uniform: random first factor, small second one."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(features.shape[1], rank)) / np.sqrt(rank)
    return LowRankStudent(features, first, 0.1 * rng.normal(size=(rank, n_words)))
