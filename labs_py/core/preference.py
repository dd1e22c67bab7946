"""From choices to weights: the Bradley-Terry model, its fit, its uncertainty, and the DPO loss.

Notation: n pairs, F features. ``differences`` (n, F) holds features of answer A minus features of answer B;
``for_a`` and ``for_b`` (n,) count the labels that chose A and B, so a thousand labels on 55 pairs cost no more
than 55. Sources: Bradley and Terry 1952; Ouyang et al. 2022, equation 1; Rafailov et al. 2023, equation 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LARGEST_MARGIN = 50.0


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)) without overflow at either end."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(z)))


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    """log(sigmoid(z)) as -log(1 + exp(-z)): finite where log of the rounded sigmoid is -inf."""
    return -np.logaddexp(0.0, -np.asarray(z))


# fmt: off
# --8<-- [start:loss]
def log_likelihood(
    weights: np.ndarray, differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray
) -> float:
    """Sum over labels of log P(chosen beats rejected),
    with P = sigmoid(reward of A - reward of B)."""
    margin = differences @ weights
    return float(for_a @ log_sigmoid(margin) + for_b @ log_sigmoid(-margin))


def loss(
    weights: np.ndarray, differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray,
    l2: float,
) -> float:
    """What the fit minimises: minus the log-likelihood,
    plus l2/2 times the squared weights."""
    fit = log_likelihood(weights, differences, for_a, for_b)
    return -fit + 0.5 * l2 * float(weights @ weights)


def gradient(
    weights: np.ndarray, differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray,
    l2: float,
) -> np.ndarray:
    """Slope of ``loss``: each label pulls by how surprised the model is by it."""
    predicted = sigmoid(differences @ weights)
    surprise = for_a * (1.0 - predicted) - for_b * predicted
    return l2 * weights - differences.T @ surprise


# --8<-- [end:loss]
# fmt: on


def hessian(
    weights: np.ndarray, differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray, l2: float
) -> np.ndarray:
    """Curvature of ``loss``, (F, F): pairs that the model finds close calls say most about the weights."""
    predicted = sigmoid(differences @ weights)
    curvature = (for_a + for_b) * predicted * (1.0 - predicted)
    return (differences * curvature[:, None]).T @ differences + l2 * np.eye(differences.shape[1])


# --8<-- [start:errors]
def standard_errors(
    weights: np.ndarray,
    differences: np.ndarray,
    for_a: np.ndarray,
    for_b: np.ndarray,
    l2: float,
) -> np.ndarray:
    """Standard error of each weight: root of the diagonal of the inverse Hessian,
    ridge included.

    With few labels the ridge caps it at 1/sqrt(l2):
    what is not known is reported as not known. A feature that never differs,
    without a ridge, gets infinity.
    """
    curvature = hessian(weights, differences, for_a, for_b, l2)
    if l2 <= 0 and np.linalg.matrix_rank(curvature) < len(curvature):
        return np.full(len(weights), np.inf)
    return np.sqrt(np.diag(np.linalg.inv(curvature)))


# --8<-- [end:errors]


@dataclass(frozen=True)
class Fit:
    """Fitted weights, the loss before each step and after the last, and whether the optimum was reached.

    ``converged`` is False for separable labels without a ridge: the loss then falls for ever while the
    weights grow without bound.
    """

    weights: np.ndarray
    losses: np.ndarray
    converged: bool


def fit_newton(differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray, l2: float, max_steps: int = 60) -> Fit:
    """The optimum, by Newton's method with step halving; the same optimum as scikit-learn's
    ``LogisticRegression(fit_intercept=False, C=1/l2)``."""
    weights = np.zeros(differences.shape[1])
    losses = [loss(weights, differences, for_a, for_b, l2)]
    scale = max(1.0, float(np.sum(for_a) + np.sum(for_b)))
    for _ in range(max_steps):
        slope = gradient(weights, differences, for_a, for_b, l2)
        if np.max(np.abs(slope), initial=0.0) <= 1e-12 * scale:
            # A vanishing slope far out on the plateau of separable labels is no optimum.
            margins = np.abs(differences @ weights)
            return Fit(weights, np.array(losses), bool(l2 > 0 or margins.max(initial=0.0) < LARGEST_MARGIN / 2))
        curvature = hessian(weights, differences, for_a, for_b, l2)
        step = np.linalg.lstsq(curvature, slope, rcond=None)[0] if l2 <= 0 else np.linalg.solve(curvature, slope)
        size = 1.0
        while size > 1e-6:
            value = loss(weights - size * step, differences, for_a, for_b, l2)
            if value <= losses[-1] + 1e-13 * scale:
                break
            size /= 2
        else:
            return Fit(weights, np.array(losses), True)
        weights = weights - size * step
        losses.append(value)
        if l2 <= 0 and np.abs(differences @ weights).max(initial=0.0) > LARGEST_MARGIN:
            break
    return Fit(weights, np.array(losses), False)


def safe_step(differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray, l2: float) -> float:
    """The largest step size at which gradient descent cannot overshoot: one over the greatest curvature.

    A label's curvature p(1-p) is at most 1/4, reached where the model is undecided.
    """
    counts = for_a + for_b
    greatest = np.linalg.eigvalsh((differences * (0.25 * counts)[:, None]).T @ differences)[-1] + l2
    return 1.0 / max(float(greatest), 1e-12)


def descend(
    differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray, l2: float, steps: int, size: float
) -> Iterator[tuple[np.ndarray, float]]:
    """Weights and loss at the start and after each step of plain gradient descent from zero."""
    weights = np.zeros(differences.shape[1])
    yield weights, loss(weights, differences, for_a, for_b, l2)
    for _ in range(steps):
        weights = weights - size * gradient(weights, differences, for_a, for_b, l2)
        yield weights, loss(weights, differences, for_a, for_b, l2)


def fit_many(differences: np.ndarray, for_a: np.ndarray, for_b: np.ndarray, l2: float, steps: int = 30) -> np.ndarray:
    """Optima for m label sets on the same pairs at once.

    Args:
        differences: (n, F).
        for_a, for_b: (m, n) label counts of each set.
        l2: ridge, above zero.

    Returns:
        (m, F) weights, each what ``fit_newton`` finds alone.
    """
    sets, features = len(for_a), differences.shape[1]
    products = (differences[:, :, None] * differences[:, None, :]).reshape(len(differences), -1)
    weights = np.zeros((sets, features))
    counts = for_a + for_b

    def losses(w: np.ndarray) -> np.ndarray:
        z = w @ differences.T
        spent = for_a * np.logaddexp(0.0, -z) + for_b * np.logaddexp(0.0, z)
        return spent.sum(axis=1) + 0.5 * l2 * np.sum(w * w, axis=1)

    value = losses(weights)
    for _ in range(steps):
        predicted = sigmoid(weights @ differences.T)
        slope = l2 * weights - (for_a - counts * predicted) @ differences
        if np.max(np.abs(slope), initial=0.0) < 1e-10:
            break
        curvature = ((counts * predicted * (1 - predicted)) @ products).reshape(sets, features, features)
        step = np.linalg.solve(curvature + l2 * np.eye(features), slope[:, :, None])[:, :, 0]
        size = np.ones((sets, 1))
        for _ in range(20):
            tried = losses(weights - size * step)
            worse = tried > value + 1e-12 * np.maximum(1.0, np.abs(value))
            if not worse.any():
                break
            size[worse] /= 2
        weights, value = weights - size * step, tried
    return weights


# --8<-- [start:dpo]
def dpo_loss(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> np.ndarray:
    """The DPO loss of each pair, from log-probabilities of whole answers (natural
    logs).

    The implicit reward of an answer is beta times how much likelier the policy makes it
    than the reference does; the loss is Bradley-Terry's on those rewards.
    """
    margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    return -log_sigmoid(margin)


# --8<-- [end:dpo]


def dpo_gradient(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> np.ndarray:
    """Slope of ``dpo_loss`` in ``chosen`` (in ``rejected`` it is the negative): -beta sigmoid(-margin)."""
    margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    return -beta * sigmoid(-margin)


def dpo_fit(
    answers_a: np.ndarray,
    answers_b: np.ndarray,
    log_reference: np.ndarray,
    for_a: np.ndarray,
    for_b: np.ndarray,
    beta: float,
    l2: float,
    max_steps: int = 40,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Train a policy table on the DPO loss; no reward model is fitted anywhere.

    The table has one row per prompt and a column per answer; its logits are those of the reference plus
    theta . features / beta, so that answers share what they have in common, and theta is what is learnt.

    Args:
        answers_a, answers_b: (n, F) scaled features of the two answers.
        log_reference: (n, 2) log-probabilities of the reference policy.
        for_a, for_b: (n,) label counts.
        beta: strength of the pull towards the reference.
        l2: ridge on theta.
        max_steps: of Newton's method.
        start: theta to begin with; None begins at the reference.

    Returns:
        theta (F,), where the slope of the summed loss is zero.
    """
    theta = np.zeros(answers_a.shape[1]) if start is None else start
    features = np.stack([answers_a, answers_b], axis=1)
    for _ in range(max_steps):
        logits = log_reference + features @ theta / beta
        table = logits - np.logaddexp(logits[:, 0], logits[:, 1])[:, None]
        a, b = table.T
        reference_a, reference_b = log_reference.T
        when_a = dpo_gradient(a, b, reference_a, reference_b, beta)
        when_b = dpo_gradient(b, a, reference_b, reference_a, beta)
        pull = (for_a * when_a - for_b * when_b) / beta
        slope = (answers_a - answers_b).T @ pull + l2 * theta
        if np.max(np.abs(slope)) <= 1e-11 * max(1.0, float(np.sum(for_a + for_b))):
            break
        share = -when_a / beta
        spread = (for_a + for_b) * share * (1 - share)
        curvature = ((answers_a - answers_b) * spread[:, None]).T @ (answers_a - answers_b)
        theta = theta - _bounded(np.linalg.solve(curvature + l2 * np.eye(len(theta)), slope))
    return theta


def _bounded(step: np.ndarray, limit: float = 4.0) -> np.ndarray:
    """A Newton step no longer than ``limit``: far from the optimum the full one may overshoot."""
    length = float(np.sqrt(step @ step))
    return step * (limit / length) if length > limit else step
