"""Students of the Distillation Lab: where they start, the held-out comparison, and the best single bump."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from labs_py.core import distill, numerics
from labs_py.labs.distillation import teachers

CONFIDENT_LOGIT = 8.0
HELD_OUT_RATE = 0.02
BUMP_POSITIONS = np.arange(1.0, 42.0)
PEAK_WIDTH = 1.5


def start_logits(start: str, view: teachers.View, frequency_rank: np.ndarray) -> np.ndarray:
    """(1, V) logits before the first step.

    "uniform": the same for all; "confident": nearly sure of the word that the teacher ranks last; "unigram":
    Zipf's law over the words' vocabulary ids, which knows frequency and nothing of the prompt.
    """
    logits = np.zeros((1, len(view.words)))
    if start == "confident":
        worst = view.log_teacher[0, : frequency_rank.size].argmin()
        logits[0, worst] = CONFIDENT_LOGIT + np.log(len(view.words))
    if start == "unigram":
        logits[0, : frequency_rank.size] = -np.log1p(frequency_rank)
        logits[0, frequency_rank.size :] = logits[0, : frequency_rank.size].min()
    return logits


# fmt: off
# --8<-- [start:heldout]
def compare_on_held_out(
    rank: int, seed: int, n_steps: int
) -> Iterator[dict[str, float]]:
    """Two equal students on the same 72 prompts,
    one shown the distribution and one only its top word.

    Yields after each step the mean KL(teacher || student) and the share of equal top
    words on 24 prompts that neither has seen (each an unseen pairing of a seen frame
    with a seen subject).
    """
    grid = teachers.shared_grid()
    seen, held = ~grid.held_out, grid.held_out
    labels = grid.log_teacher.argmax(axis=1)
    students = {}
    for name, alpha in (("soft", 1.0), ("hard", 0.0)):
        student = distill.new_student(
            grid.features[seen], rank, grid.log_teacher.shape[1], seed
        )
        goal = distill.Objective(grid.log_teacher[seen], labels[seen], alpha=alpha)
        students[name] = (student, goal)
    for _ in range(n_steps):
        measured = {}
        for name, (student, goal) in students.items():
            student.descend(
                distill.loss_gradient(student.logits(), goal), HELD_OUT_RATE
            )
            logits = grid.features[held] @ student.first @ student.second
            gaps = distill.divergence(
                "forward", grid.log_teacher[held], numerics.log_softmax(logits)
            )
            measured[f"kl_{name}"] = float(gaps.mean())
            measured[f"agree_{name}"] = float(
                (logits.argmax(axis=1) == labels[held]).mean()
            )
        yield measured


# --8<-- [end:heldout]
# fmt: on


def two_peaks(gap: float) -> np.ndarray:
    """Log-probabilities of a teacher with two peaks, the left one a little higher."""
    middle = BUMP_POSITIONS.mean()
    left, right = (np.exp(-0.5 * ((BUMP_POSITIONS - middle - s * gap / 2) / PEAK_WIDTH) ** 2) for s in (-1, 1))
    return np.log(0.55 * left / left.sum() + 0.45 * right / right.sum() + 1e-12)


def _bumps() -> np.ndarray:
    """Log-probabilities of all single bumps that are tried: 41 places x 24 widths, (984, 41)."""
    widths = np.geomspace(0.8, 14.0, 24)
    place, width = (a.ravel()[:, None] for a in np.meshgrid(BUMP_POSITIONS, widths, indexing="ij"))
    return numerics.log_softmax(-0.5 * ((BUMP_POSITIONS - place) / width) ** 2)


def best_bump(kind: str, log_teacher: np.ndarray, beta: float) -> np.ndarray:
    """The single bump (41,) that a divergence likes best, found by trying all."""
    candidates = _bumps()
    return candidates[distill.divergence(kind, log_teacher, candidates, beta).argmin()]


def spread(log_probabilities: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the position under a distribution over ``BUMP_POSITIONS``."""
    weights = np.exp(log_probabilities)
    mean = float(weights @ BUMP_POSITIONS)
    return mean, float(np.sqrt(weights @ (BUMP_POSITIONS - mean) ** 2))
