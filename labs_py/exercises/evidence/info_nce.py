"""The contrastive loss with the other passages of a batch: van den Oord et al. 2018 (arXiv 1807.03748)."""

from __future__ import annotations

import numpy as np

from labs_py.core import contrastive
from labs_py.core.numerics import log_softmax
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Write the contrastive loss of a batch. Passage `i` is the right one for question `i`; the other passages,
of which there may be more than questions, are wrong for it. The score of a pair is its cosine times `scale`. Return
the mean cross-entropy of picking the right passage among all."""

STARTER = '''import numpy as np

def info_nce(questions, passages, scale):
    """questions (Q, D), passages (P, D) with P >= Q, scale a number -> a number."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def info_nce(questions, passages, scale):
    q = questions / np.linalg.norm(questions, axis=1, keepdims=True)
    p = passages / np.linalg.norm(passages, axis=1, keepdims=True)
    scores = scale * q @ p.T
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    own = np.arange(len(q))
    return -log_p[own, own].mean()
"""


def answer(questions: np.ndarray, passages: np.ndarray, scale: float) -> float:
    """The loss of the batch, in nats."""
    return contrastive.info_nce(questions, passages, scale)


def cases(rng: np.random.Generator) -> list[Case]:
    """Batches with and without extra wrong passages, with vectors of uneven lengths."""
    drawn = []
    for extra, scale in ((0, 20.0), (3, 20.0), (0, 5.0), (4, 1000.0)):
        count, width = int(rng.integers(3, 6)), int(rng.integers(4, 8))
        passages = rng.normal(size=(count + extra, width)) * rng.uniform(0.3, 3, (count + extra, 1))
        questions = (passages[:count] + 0.8 * rng.normal(size=(count, width))) * rng.uniform(0.3, 3, (count, 1))
        drawn.append((questions, passages, scale))
    return drawn


def _own(table: np.ndarray) -> float:
    own = np.arange(len(table))
    return float(-log_softmax(table)[own, own].mean())


def _loss(scores: Answer, pick: Answer = _own) -> Answer:
    return lambda q, p, scale: float(pick(scores(q, p, scale)))


def _cosines(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    return contrastive.unit(q) @ contrastive.unit(p).T


def _by_column(table: np.ndarray) -> float:
    own = np.arange(len(table))
    return float(-log_softmax(table.T)[own, own].mean())


def _others_only(table: np.ndarray) -> float:
    own = np.arange(len(table))
    rest = np.where(np.eye(*table.shape, dtype=bool), -np.inf, table)
    return float((np.logaddexp.reduce(rest, axis=1) - table[own, own]).mean())


def _naive(table: np.ndarray) -> float:
    powers = np.exp(table)
    return float(-np.log(np.diagonal(powers) / powers.sum(1)).mean())


TRAPS = (
    Trap("dot-product", "The score is a dot product in your code. A cosine does not know how long a vector is: make "
         "each one of length one first.", _loss(lambda q, p, s: s * q @ p.T)),
    Trap("one-side", "Only one of the two sides has length one.", _loss(lambda q, p, s: s * contrastive.unit(q) @ p.T)),
    Trap("one-side", "Only one of the two sides has length one.", _loss(lambda q, p, s: s * q @ contrastive.unit(p).T)),
    Trap("no-scale", "The scale is missing. Cosines lie within one of each other, so the softmax would stay nearly "
         "flat.",
         _loss(lambda q, p, s: _cosines(q, p))),
    Trap("divides", "You divide by the scale. A temperature divides; a scale is its inverse.",
         _loss(lambda q, p, s: _cosines(q, p) / s)),
    Trap("by-column", "You pick a question for each passage. A passage has to be picked for each question.",
         _loss(lambda q, p, s: s * _cosines(q, p), _by_column)),
    Trap("own-left-out", "The right passage is missing in the sum below the fraction: it competes, too.",
         _loss(lambda q, p, s: s * _cosines(q, p), _others_only)),
    Trap("batch-only", "Only the passages of the questions compete. The extra ones are wrong answers, too.",
         _loss(lambda q, p, s: s * _cosines(q, p[: len(q)]))),
    Trap("sum", "That is the sum over the questions, and not the mean.", lambda q, p, s: answer(q, p, s) * len(q)),
    Trap("overflow", "Your formula is right on paper. With a large scale the exponential overflows: take each row's "
         "largest score off first.", _loss(lambda q, p, s: s * _cosines(q, p), _naive)),
)  # fmt: skip

EXERCISE = Exercise(
    name="info-nce",
    title="The contrastive loss",
    task=TASK,
    starter=STARTER,
    function="info_nce",
    solution=SOLUTION,
    hints=(
        "Give all vectors the length one; one matrix product then gives every cosine.",
        "Each row of scores is a classification: as many classes as passages, and the row's own place is the right "
        "one.",
        "Take the log-softmax of each row, after its largest score was subtracted, and average minus its entry at the "
        "right place.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"shape": "One number is asked for: the mean over the questions.",
          "sign": "The sign is the wrong way round: a loss is minus the logarithm of a probability.",
          "not-finite": "Your result is not finite. With a large scale the exponential overflows, or the logarithm "
          "meets a zero."},
)  # fmt: skip
