"""A made-up corpus in which a search is trained three ways; facts of the article on embedding models.

A passage is a topic, a fact and noise. A question asks for a fact, in its topic's words. Relevance is the fact: the
untrained space, in which the topic is loud, finds the right neighbourhood and not the right passage.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from labs_py.core import contrastive

TOPICS, TOPIC_DIM, FACT_DIM = 8, 8, 24
DIM = TOPIC_DIM + FACT_DIM
WIDTHS = (4, 8, 16, 32)


def world(seed: int, n_pairs: int = 256) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Questions (n, 32), their passages (n, 32) and the topic of each pair (n,).

    Topics are the same for all seeds; pairs are not, so another seed is a held-out set. One fixed rotation mixes
    topic and fact, so that no single coordinate is either.
    """
    fixed = np.random.default_rng(0)
    directions = fixed.normal(size=(TOPICS, TOPIC_DIM))
    rotation, _ = np.linalg.qr(fixed.normal(size=(DIM, DIM)))
    rng = np.random.default_rng(1000 + seed)
    topic = rng.integers(0, TOPICS, n_pairs)
    fact = rng.normal(size=(n_pairs, FACT_DIM))

    def say() -> np.ndarray:
        loud = 2.0 * (directions[topic] + 0.5 * rng.normal(size=(n_pairs, TOPIC_DIM)))
        quiet = 0.6 * (fact + 0.6 * rng.normal(size=fact.shape))
        return np.concatenate([loud, quiet], axis=1) @ rotation

    return say(), say(), topic


# fmt: off
# --8<-- [start:train]
@lru_cache(maxsize=32)
def trained_map(
    negatives: str, seed: int = 0, steps: int = 120, batch: int = 16, rate: float = 0.02
) -> np.ndarray:
    """The linear map (32, 32) that InfoNCE makes of the identity.

    Args:
        negatives: "none" (untrained), "batch" (in-batch only), "hard" (one mined
            negative for each question as well) or "nested" (as "batch",
            at the widths 4, 8, 16 and 32 together).
        seed: of the pairs and their order.
        steps, batch, rate: of plain gradient descent.
    """
    weights = np.eye(DIM)
    questions, passages, _ = world(seed)
    order = np.random.default_rng(seed)
    for _ in range(0 if negatives == "none" else steps):
        rows = order.choice(len(questions), batch, replace=False)
        q_in, p_in = questions[rows], passages[rows]
        if negatives == "hard":
            wrong = contrastive.mine(q_in @ weights, passages @ weights, own=rows)
            p_in = np.concatenate([p_in, passages[wrong]])
        q, p = q_in @ weights, p_in @ weights
        widths = WIDTHS if negatives == "nested" else (DIM,)
        pull_q, pull_p = contrastive.matryoshka_gradient(q, p, widths)
        weights = weights - rate * (q_in.T @ pull_q + p_in.T @ pull_p)
    return weights


# --8<-- [end:train]
# fmt: on


def _held_out(negatives: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Mapped questions, mapped passages and topics of unseen pairs, for three training seeds."""
    found = []
    for seed in range(3):
        questions, passages, topic = world(100 + seed)
        weights = trained_map(negatives, seed)
        found.append((questions @ weights, passages @ weights, topic))
    return found


def toy_recall(negatives: str, k: int = 1, width: int = DIM) -> float:
    """Recall at k on 256 unseen pairs of the made-up corpus, by the first ``width`` dimensions; mean of three seeds."""
    return float(np.mean([
        contrastive.recall_at(contrastive.ranks(q[:, :width], p[:, :width]), k) for q, p, _ in _held_out(negatives)
    ]))  # fmt: skip


def toy_same_topic(negatives: str) -> float:
    """Share of unseen questions whose nearest other passage has their topic: a second job, not trained for."""
    shares = []
    for q, p, topic in _held_out(negatives):
        scores = contrastive.unit(q) @ contrastive.unit(p).T
        np.fill_diagonal(scores, -np.inf)
        shares.append((topic[scores.argmax(axis=1)] == topic).mean())
    return float(np.mean(shares))


def toy_ndcg(negatives: str) -> float:
    """nDCG at 10 on 256 unseen pairs of the made-up corpus; mean of three seeds."""
    return float(np.mean([contrastive.ndcg_at(contrastive.ranks(q, p), 10) for q, p, _ in _held_out(negatives)]))


def chance_loss(candidates: int) -> float:
    """InfoNCE of a model that cannot tell the candidates apart: their number's logarithm, nats."""
    return math.log(candidates)


def false_negative_chance(batch: int, answers: int) -> float:
    """Chance that a batch holds a second right passage for a question when ``answers`` answers are equally likely."""
    return 1.0 - (1.0 - 1.0 / answers) ** (batch - 1)


def index_bytes(passages: float, width: int, bytes_each: float = 4) -> float:
    """Bytes of a flat index: passages times dimensions times bytes of a number."""
    return passages * width * bytes_each


CONTRAST_FACTS = (
    toy_recall, toy_same_topic, toy_ndcg, chance_loss, false_negative_chance, index_bytes,
)  # fmt: skip
