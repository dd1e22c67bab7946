"""Contrastive learning in numpy: InfoNCE with its gradient, nested widths, mined negatives, and what a ranking scores.

Shapes: Q questions, P passages, D dimensions. Row i of the questions belongs to row i of the passages; further
passages are extra negatives. A vector must not be zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labs_py.core import numerics


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length one."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


# --8<-- [start:info_nce]
def info_nce(questions: np.ndarray, passages: np.ndarray, scale: float = 20.0) -> float:
    """Mean cross-entropy of picking each question's own passage by cosine.

    Shapes (Q, D) and (P, D). Source: van den Oord et al. 2018 (arXiv 1807.03748),
    equation 4, with scaled cosines as scores.
    """
    scores = scale * unit(questions) @ unit(passages).T  # (Q, P)
    own = np.arange(len(questions))
    return float(-numerics.log_softmax(scores)[own, own].mean())


def info_nce_gradient(
    questions: np.ndarray, passages: np.ndarray, scale: float = 20.0
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of ``info_nce`` for both sides.

    A passage pulls or pushes by its probability, less 1 if it is right.
    """
    q, p = unit(questions), unit(passages)
    blame = np.exp(numerics.log_softmax(scale * q @ p.T))
    blame[np.arange(len(q)), np.arange(len(q))] -= 1.0
    blame *= scale / len(q)
    on_questions = _through_unit(questions, q, blame @ p)
    return on_questions, _through_unit(passages, p, blame.T @ q)


# --8<-- [end:info_nce]


def _through_unit(raw: np.ndarray, normed: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Back through the division by the length: only what is at right angles to the vector counts."""
    along = (gradient * normed).sum(-1, keepdims=True)
    return (gradient - along * normed) / np.linalg.norm(raw, axis=-1, keepdims=True)


# fmt: off
# --8<-- [start:matryoshka]
def matryoshka_gradient(
    questions: np.ndarray, passages: np.ndarray, widths: Sequence[int],
    scale: float = 20.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of InfoNCE summed over nested widths: the first d dimensions must do
    the job alone, for each d."""
    total_q, total_p = np.zeros_like(questions), np.zeros_like(passages)
    for width in widths:
        part_q, part_p = info_nce_gradient(
            questions[:, :width], passages[:, :width], scale
        )
        total_q[:, :width] += part_q
        total_p[:, :width] += part_p
    return total_q, total_p


# --8<-- [end:matryoshka]
# fmt: on


# --8<-- [start:mine]
def mine(
    questions: np.ndarray,
    passages: np.ndarray,
    own: np.ndarray,
    skip: int = 0,
    margin: float = 0.0,
) -> np.ndarray:
    """For each question the wrong passage that the model finds most similar, (Q,).

    Args:
        questions, passages: (Q, D) and (P, D).
        own: index of each question's right passage, (Q,).
        skip: how many of the most similar wrong passages to leave out; they may be
            right answers without a label.
        margin: leave out passages above the right passage's cosine less this share
            of it (0 leaves none out).
    """
    scores = unit(questions) @ unit(passages).T
    rows = np.arange(len(questions))
    right = scores[rows, own]
    if margin:
        scores[scores > (right - margin * np.abs(right))[:, None]] = -np.inf
    scores[rows, own] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, skip]


# --8<-- [end:mine]


def ranks(questions: np.ndarray, passages: np.ndarray) -> np.ndarray:
    """Place of each question's own passage, 1 the best; a tie counts against it, (Q,)."""
    scores = unit(questions) @ unit(passages).T
    own = scores[np.arange(len(questions)), np.arange(len(questions))]
    return (scores >= own[:, None]).sum(axis=1)


# --8<-- [start:scores]
def recall_at(places: np.ndarray, k: int) -> float:
    """Share of questions whose one right passage stands among the first k."""
    return float((places <= k).mean())


def reciprocal_rank(places: np.ndarray) -> float:
    """Mean of 1/place."""
    return float((1.0 / places).mean())


def ndcg_at(places: np.ndarray, k: int) -> float:
    """nDCG with one right passage: 1/log2(1 + place) within the first k, else 0."""
    return float(np.where(places <= k, 1.0 / np.log2(1.0 + places), 0.0).mean())


# --8<-- [end:scores]
