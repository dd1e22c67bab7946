"""Low-rank updates: made, measured, cut off at a rank, and learned the way LoRA learns them.

Shapes: an update is (D_out, D_in); LoRA writes it as ``scale * B @ A`` with B (D_out, R) and A (R, D_in).
Sources: Hu et al. 2021 (arXiv 2106.09685) for the method, Kalajdzievski 2023 (arXiv 2312.03732) for the
square-root scale, Eckart and Young 1936 for the bound, Kingma and Ba 2014 (arXiv 1412.6980) for Adam.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

DIVERGED_AT = 10.0


def planted_update(size: int, planted_rank: int, noise: float, seed: int) -> np.ndarray:
    """An update of a known rank with noise over it, (size, size) float64.

    The planted singular values lie around 1 and the largest one of the noise at about ``noise``, so at 1 the
    two drown in each other. Every entry is exactly a float32; without noise the rank is exactly
    ``planted_rank``, because the two factors hold sixteenths, whose products are summed without rounding.
    """
    rng = np.random.default_rng(seed)
    left = np.round(16.0 * rng.standard_normal((size, planted_rank))) / 16.0
    right = np.round(16.0 * rng.standard_normal((planted_rank, size))) / 16.0
    scale = 2.0 ** -round(np.log2(size))
    planted = left @ right * scale
    if noise == 0:
        return planted
    # A Gaussian matrix of this size has its largest singular value near 2 * sqrt(size).
    return _as_float32(planted + 0.5 * noise * scale * np.sqrt(size) * rng.standard_normal((size, size)))


def power_law_update(size: int, decay: float, seed: int) -> np.ndarray:
    """An update whose i-th singular value is ``i ** -decay`` (to float32 rounding), directions random."""
    left, right = _directions(size, seed)
    return _as_float32(left * np.arange(1, size + 1.0) ** -decay @ right.T)


@lru_cache(maxsize=2)
def _directions(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two random rotations, each (size, size); remembered, since a slider of the decay leaves them as they are."""
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.standard_normal((size, size)))
    right, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return left, right


def noise_update(size: int, seed: int) -> np.ndarray:
    """An update without structure: independent Gaussian entries, largest singular value about 1."""
    rng = np.random.default_rng(seed)
    return _as_float32(rng.standard_normal((size, size)) / (2.0 * np.sqrt(size)))


def _as_float32(matrix: np.ndarray) -> np.ndarray:
    """Round to float32 and back, so that the array a page receives is the very matrix that was decomposed."""
    return matrix.astype(np.float32).astype(np.float64)


# fmt: off
# --8<-- [start:truncate]
def truncate(
    left: np.ndarray, values: np.ndarray, right: np.ndarray, rank: int
) -> np.ndarray:
    """The best approximation of that rank: the first ``rank`` terms of the sum of
    ``value * column * row``."""
    return (left[:, :rank] * values[:rank]) @ right[:rank]


# --8<-- [end:truncate]
# fmt: on


# --8<-- [start:factors]
def factors(
    left: np.ndarray, values: np.ndarray, right: np.ndarray, rank: int, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """B and A with ``scale * B @ A`` equal to ``truncate``: whatever the scale is,
    the factors absorb it."""
    share = np.sqrt(values[:rank] / scale)
    return left[:, :rank] * share, share[:, None] * right[:rank]


# --8<-- [end:factors]


# --8<-- [start:measures]
def tail_energy(values: np.ndarray) -> np.ndarray:
    """Energy (sum of squares) that is dropped at rank 0, 1, ... K:
    summed from the small end, (K + 1,)."""
    return np.concatenate([np.cumsum(values[::-1] ** 2)[::-1], [0.0]])


def eckart_young_bounds(values: np.ndarray) -> np.ndarray:
    """Smallest relative Frobenius error that any matrix of rank 0, 1, ... K can reach,
    (K + 1,)."""
    tail = tail_energy(values)
    return np.sqrt(tail / tail[0]) if tail[0] > 0 else tail


def energy_kept(values: np.ndarray) -> np.ndarray:
    """Share of the energy in the first 0, 1, ... K singular values, (K + 1,);
    all 1 for a zero matrix."""
    head = np.concatenate([[0.0], np.cumsum(values**2)])
    return head / head[-1] if head[-1] > 0 else np.ones_like(head)


def stable_rank(values: np.ndarray) -> float:
    """Energy over the largest squared singular value:
    how many directions of full strength there are."""
    return float(np.sum((values / values[0]) ** 2)) if values[0] > 0 else 0.0


def relative_error(update: np.ndarray, product: np.ndarray) -> float:
    """Frobenius norm of ``update - product`` over that of ``update``,
    measured entry by entry; 0 for zero."""
    size = np.linalg.norm(update)
    return float(np.linalg.norm(update - product) / size) if size > 0 else 0.0


# --8<-- [end:measures]


# --8<-- [start:scale]
def scaling_factor(alpha: float, rank: int, rule: str) -> float:
    """What multiplies ``B @ A``: alpha / r ("lora") or alpha / sqrt(r) ("rslora")."""
    return alpha / rank if rule == "lora" else alpha / float(np.sqrt(rank))


# --8<-- [end:scale]


# --8<-- [start:gradients]
def loss_and_gradients(
    b: np.ndarray, a: np.ndarray, update: np.ndarray, scale: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """``0.5 * ||scale * B A - update||^2`` and its gradients with respect to B and A.

    With inputs that are uncorrelated and of unit variance this is,
    up to a constant factor, the squared error of a linear layer whose weights ought to
    move by ``update``.
    """
    miss = scale * (b @ a) - update
    return 0.5 * float(np.sum(miss * miss)), scale * (miss @ a.T), scale * (b.T @ miss)


# --8<-- [end:gradients]


# fmt: off
# --8<-- [start:start]
def lora_start(
    size_out: int, size_in: int, rank: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """LoRA's start: B zero, so that training begins at the base model, and A random.

    A is uniform in ``+-1 / sqrt(D_in)``, which is what PEFT draws by default (Kaiming
    uniform, a = sqrt 5). With both zero, both gradients would be zero and nothing would
    ever move.
    """
    rng = np.random.default_rng([seed, 1])
    bound = 1.0 / np.sqrt(size_in)
    return np.zeros((size_out, rank)), rng.uniform(-bound, bound, (rank, size_in))


# --8<-- [end:start]
# fmt: on


@dataclass
class Adam:
    """Adam for one array, in place, with the usual constants.

    Attributes:
        first, second: running means of the gradient and of its square, same shape as the array: these two
            are the "optimiser state" that an adapter saves by being small.
    """

    first: np.ndarray
    second: np.ndarray
    step: int = 0

    @classmethod
    def like(cls, array: np.ndarray) -> Adam:
        """Zero state for an array of this shape."""
        return cls(np.zeros_like(array), np.zeros_like(array))

    def update(self, array: np.ndarray, gradient: np.ndarray, learning_rate: float) -> None:
        """Move ``array`` by one step."""
        self.step += 1
        self.first += 0.1 * (gradient - self.first)
        self.second += 0.001 * (gradient * gradient - self.second)
        first = self.first / (1.0 - 0.9**self.step)
        second = self.second / (1.0 - 0.999**self.step)
        array -= learning_rate * first / (np.sqrt(second) + 1e-8)


@dataclass(frozen=True)
class TrainingState:
    """Where training stands after ``step`` steps.

    Attributes:
        errors: (step + 1,) relative Frobenius error before training and after each step.
        product: (D_out, D_in) what the adapter adds: ``scale * B @ A``.
        diverged: True when the error passed ``DIVERGED_AT`` times the error of doing nothing.
    """

    step: int
    errors: np.ndarray
    product: np.ndarray
    diverged: bool


def train(
    update: np.ndarray, rank: int, scale: float, learning_rate: float, steps: int, seed: int, every: int = 10
) -> Iterator[TrainingState]:
    """Adam on A and B towards ``update`` from LoRA's own start, a state every ``every`` steps and at the end.

    Stops early when the error is above ``DIVERGED_AT`` (doing nothing has an error of 1) or not finite.
    """
    size_out, size_in = update.shape
    b, a = lora_start(size_out, size_in, rank, seed)
    adam_b, adam_a = Adam.like(b), Adam.like(a)
    energy = float(np.sum(update * update)) or 1.0
    errors = []
    for step in range(steps + 1):
        loss, gradient_b, gradient_a = loss_and_gradients(b, a, update, scale)
        errors.append(float(np.sqrt(2.0 * loss / energy)))
        diverged = not errors[-1] <= DIVERGED_AT
        if diverged or step == steps or (step and step % every == 0):
            yield TrainingState(step, np.array(errors), scale * (b @ a), diverged)
        if diverged or step == steps:
            return
        adam_b.update(b, gradient_b, learning_rate)
        adam_a.update(a, gradient_a, learning_rate)
