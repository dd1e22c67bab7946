"""The Matryoshka loss as its paper defines it: what sentence-transformers and the labs are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


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
