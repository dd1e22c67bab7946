"""Contrastive losses of embedding models: a question's own passage against everything else in the batch.

Notation: B pairs, D dimensions; extra negatives stand below the B passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F


# --8<-- [start:info_nce]
def info_nce(questions: torch.Tensor, passages: torch.Tensor, scale: float = 20.0) -> torch.Tensor:
    """Cross-entropy of picking passage i for question i by cosine similarity, in-batch negatives for free.

    -log exp(s cos(q_i, p_i)) / sum over j of exp(s cos(q_i, p_j)).
    Source: van den Oord et al. 2018 (arXiv 1807.03748), equation 4, with cosine similarity as the score; in
    sentence-transformers it is MultipleNegativesRankingLoss.

    Args:
        questions: (B, D).
        passages: (B + H, D), the first B of them the questions' own, then H hard negatives.
        scale: s, one over the temperature; 20 is sentence-transformers' default.

    Returns:
        Scalar; log(B + H) when all similarities are equal.
    """
    if not 0 < len(questions) <= len(passages):
        raise ValueError(f"{len(questions)} questions need as many passages or more, not {len(passages)}")
    similarities = F.normalize(questions, dim=-1) @ F.normalize(passages, dim=-1).T  # (B, B + H)
    return F.cross_entropy(scale * similarities, torch.arange(len(questions), device=questions.device))


# --8<-- [end:info_nce]


# --8<-- [start:matryoshka]
def matryoshka(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    questions: torch.Tensor,
    passages: torch.Tensor,
    widths: Sequence[int],
    weights: Sequence[float] | None = None,
) -> torch.Tensor:
    """The same loss on the first d of D dimensions for several d, summed: vectors that may be cut short.

    sum over d of c_d loss(questions[:d], passages[:d]).
    Source: Kusupati et al. 2022 (arXiv 2205.13147), equation 1.

    Args:
        loss: takes questions and passages.
        widths: the d's, each from 1 to D.
        weights: of each width; 1 when None.
    """
    if not widths or not all(0 < d <= questions.shape[-1] for d in widths):
        raise ValueError(f"widths must lie between 1 and {questions.shape[-1]}, not {list(widths)}")
    weights = [1.0] * len(widths) if weights is None else weights
    parts = [w * loss(questions[:, :d], passages[:, :d]) for d, w in zip(widths, weights, strict=True)]
    return torch.stack(parts).sum()


# --8<-- [end:matryoshka]
