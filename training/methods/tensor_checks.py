"""Checks of shapes that the losses share."""

from __future__ import annotations

import torch


def same_shape(first: torch.Tensor, *others: torch.Tensor, **named: torch.Tensor) -> None:
    """Every tensor must have the shape of ``first``; torch would broadcast (B,) with (B, 1) to (B, B) without a word.

    Args:
        first: the tensor whose shape is asked for.
        others, named: tensors of that shape; a named one is named in the error.

    Raises:
        ValueError: with both shapes.
    """
    for name, other in [*(("", tensor) for tensor in others), *named.items()]:
        if other.shape != first.shape:
            start = f"{name}: " if name else ""
            raise ValueError(f"{start}shapes must be the same, not {tuple(first.shape)} beside {tuple(other.shape)}")
