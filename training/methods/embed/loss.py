"""Contrastive losses of embedding models: a question's own passage against everything else in the batch.

Notation: B pairs, D dimensions; extra negatives stand below the B passages.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


# fmt: off
# --8<-- [start:info_nce]
def info_nce(
    questions: torch.Tensor, passages: torch.Tensor, scale: float = 20.0
) -> torch.Tensor:
    """Cross-entropy of picking passage i for question i by cosine similarity,
    in-batch negatives for free.

    -log exp(s cos(q_i, p_i)) / sum over j of exp(s cos(q_i, p_j)).
    Source: van den Oord et al. 2018 (arXiv 1807.03748), equation 4,
    with cosine similarity as the score; in sentence-transformers it is
    MultipleNegativesRankingLoss.

    Args:
        questions: (B, D).
        passages: (B + H, D), the first B of them the questions' own,
            then H hard negatives.
        scale: s, one over the temperature; 20 is sentence-transformers' default.

    Returns:
        Scalar; log(B + H) when all similarities are equal.

    Raises:
        ValueError: fewer passages than questions.
    """
    if not 0 < len(questions) <= len(passages):
        raise ValueError(
            f"{len(questions)} questions need as many passages or more, "
            f"not {len(passages)}"
        )
    # (B, B + H)
    similarities = F.normalize(questions, dim=-1) @ F.normalize(passages, dim=-1).T
    return F.cross_entropy(
        scale * similarities, torch.arange(len(questions), device=questions.device)
    )


# --8<-- [end:info_nce]
# fmt: on
