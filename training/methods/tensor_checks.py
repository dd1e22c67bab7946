"""Checks of shapes that the losses share."""

from __future__ import annotations

import torch


def same_shape(first: torch.Tensor, *others: torch.Tensor) -> None:
    """Refuse what torch would stretch in silence: (B,) beside (B, 1) becomes (B, B), all answers beside all."""
    for other in others:
        if other.shape != first.shape:
            raise ValueError(f"shapes must be the same, not {tuple(first.shape)} beside {tuple(other.shape)}")
