"""A run of the clinic: LoRA on the tiny GPT, with old stories replayed, on rows or on preference pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from labs_py.core import tiny_gpt
from labs_py.core.clinic import rows
from labs_py.core.clinic.settings import Settings
from labs_py.core.tiny_base import TinyBase

SCALE = 2.0
"""alpha / rank."""
BETA = 0.1
"""Weight of the preference pairs."""
TOO_FAR = 60.0


@dataclass
class Run:
    """Where a run stands.

    Attributes:
        order_seed: of batches and of the adapter's start, apart from the data's seed.
        losses: of the task, one a step.
        norms: length of the whole gradient, one a step.
        reference: log-probabilities (chosen, rejected) under the base, by place in the file; filled as pairs come up.
    """

    base: TinyBase
    settings: Settings
    seed: int
    order_seed: int
    file: list[rows.Row]
    adapter: tiny_gpt.Tensors
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    reference: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def merged(self) -> tiny_gpt.Tensors:
        """The weights that answer, as this run merges them."""
        return tiny_gpt.merge(self.base.weights, self.adapter, SCALE**self.settings.merges)

    @property
    def attached(self) -> tiny_gpt.Tensors:
        """The weights with the adapter beside them, scaled once."""
        return tiny_gpt.merge(self.base.weights, self.adapter, SCALE)


def begin(base: TinyBase, settings: Settings, seed: int, order_seed: int | None = None) -> Run:
    """A run before its first step; without ``order_seed`` the data's seed orders the batches too."""
    order = seed if order_seed is None else order_seed
    adapter = tiny_gpt.start_adapter(base.shape, settings.rank, order)
    return Run(base, settings, seed, order, rows.training(settings, seed), adapter)


# fmt: off
# --8<-- [start:steps]
def steps(run: Run) -> Iterator[int]:
    """Train to the end, or until the loss runs away;
    yields the number of each step done."""
    base, settings = run.base, run.settings
    rng = np.random.default_rng(run.order_seed)
    optimiser = tiny_gpt.Adam(run.adapter, settings.learning_rate)
    kept = [base.vocabulary.encode(line) for line in rows.old(run.seed, held_out=False)]
    for step in range(settings.steps):
        loss, gradients = task_step(run, chosen(run, rng, step))
        if not np.isfinite(loss) or loss > TOO_FAR:
            return
        if settings.replay and step % 2 == 0:
            lines = [
                kept[i] for i in rng.choice(len(kept), settings.replay, replace=False)
            ]
            old = tiny_gpt.batch([(line[:1], line[1:]) for line in lines], True, True)
            _, more = tiny_gpt.step(base.shape, base.weights, run.adapter, SCALE, *old)
            gradients = {
                name: gradient + more[name] for name, gradient in gradients.items()
            }
        run.losses.append(loss)
        run.norms.append(
            float(np.sqrt(sum(float((g * g).sum()) for g in gradients.values())))
        )
        optimiser.update(gradients)
        yield step + 1


# --8<-- [end:steps]
# fmt: on


def chosen(run: Run, rng: np.random.Generator, step: int) -> list[int]:
    """Places in the file of a step's rows: drawn, or side by side where rows are packed."""
    size = 3 if run.settings.herring == "small last batch" and step % 24 == 23 else run.settings.batch
    size = min(size, len(run.file))
    if run.settings.packed:
        start = int(rng.integers(len(run.file) - size + 1))
        return list(range(start, start + size))
    return rng.choice(len(run.file), size, replace=False).tolist()


def task_step(run: Run, places: list[int]) -> tuple[float, tiny_gpt.Tensors]:
    """Loss and gradients of some rows: of the answers, and of the pairs where there are some."""
    part = [run.file[i] for i in places]
    chosen = rows.batch(run.base, run.settings, part)
    if run.settings.pairs == "none":
        return tiny_gpt.step(run.base.shape, run.base.weights, run.adapter, SCALE, *chosen)
    rejected = rows.batch(run.base, run.settings, part, rejected=True)
    return pair_step(run, chosen, rejected, under_base(run, places, (chosen, rejected)))


def under_base(run: Run, places: list[int], sides: tuple) -> np.ndarray:
    """Log-probabilities of chosen and rejected answers under the base, (2, B); each pair is computed once."""
    if any(i not in run.reference for i in places):
        scored = []
        for tokens, targets in sides:
            now = tiny_gpt.Pass(run.base.shape, run.base.weights, None, SCALE, False)
            scored.append(log_probability(tiny_gpt.forward(now, tokens), targets))
        run.reference.update(zip(places, np.stack(scored, 1), strict=True))
    return np.stack([run.reference[i] for i in places], 1)


def pair_step(run: Run, chosen: tuple, rejected: tuple, before: np.ndarray) -> tuple[float, tiny_gpt.Tensors]:
    """DPO with the cross-entropy of the chosen answers added, over a batch of pairs.

    The gradient of -log sigmoid(beta m) lifts each chosen answer's log-probability and lowers the rejected one's, by
    beta sigmoid(-beta m); the margin m is measured against the base.

    Source: Rafailov et al. 2023 (arXiv 2305.18290), equation 7; the added term: Pang et al. 2024 (arXiv 2404.19733).
    """
    sides = []
    for (tokens, targets), base in zip((chosen, rejected), before, strict=True):
        now = tiny_gpt.Pass(run.base.shape, run.base.weights, run.adapter, SCALE, False)
        scores = tiny_gpt.forward(now, tokens)
        sides.append((now, scores, log_probability(scores, targets) - base))
    margin = BETA * (sides[0][2] - sides[1][2])
    push = BETA / (1 + np.exp(np.clip(margin, -50, 50)))
    loss, gradient = tiny_gpt.loss_and_gradient(sides[0][1], chosen[1])
    total: tiny_gpt.Tensors = {}
    for sign, (now, scores, _), (tokens, targets) in zip((-1, 1), sides, (chosen, rejected), strict=True):
        weight = np.repeat(sign * push / len(push), targets.shape[1])[:, None].astype(scores.dtype)
        slope = weight * log_gradient(scores, targets)
        for name, g in tiny_gpt.backward(now, tokens, slope + gradient if sign < 0 else slope).items():
            total[name] = total[name] + g if name in total else g
    return loss + float(np.logaddexp(0, -margin).mean()), total


def log_probability(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Log-probability of each row's counted targets, (B,), from logits (B·T, V)."""
    wanted = targets.ravel()
    p = tiny_gpt.softmax(scores)[np.arange(len(wanted)), np.maximum(wanted, 0)]
    return np.where(wanted == tiny_gpt.IGNORED, 0.0, np.log(np.maximum(p, 1e-30))).reshape(targets.shape).sum(1)


def log_gradient(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Gradient of ``log_probability`` with respect to the logits, (B·T, V)."""
    wanted = targets.ravel()
    counted = wanted != tiny_gpt.IGNORED
    gradient = -tiny_gpt.softmax(scores) * counted[:, None]
    gradient[np.flatnonzero(counted), wanted[counted]] += 1
    return gradient


def finish(run: Run) -> Run:
    """The run at its end."""
    for _ in steps(run):
        pass
    return run
