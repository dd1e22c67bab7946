"""Merging fine-tuned models without training: the update of each over one base, put together."""

from __future__ import annotations

import numpy as np


# --8<-- [start:ties]
def ties(updates: np.ndarray, density: float = 0.5) -> np.ndarray:
    """One update of several: trim, elect a sign, average what has it.

    Args:
        updates: (models, ...), each a fine-tuned weight less the base's.
        density: share of each update's entries that is kept.

    Source: Yadav et al. 2023 (arXiv 2306.01708), section 3.
    """
    flat = updates.reshape(len(updates), -1)
    keep = int(density * flat.shape[1])
    limits = np.sort(np.abs(flat), axis=1)[:, -keep][:, None]
    trimmed = np.where(np.abs(flat) >= limits, flat, 0.0)
    sign = np.sign(trimmed.sum(axis=0))
    agrees = trimmed * sign > 0
    mean = (trimmed * agrees).sum(axis=0) / np.maximum(agrees.sum(axis=0), 1)
    return mean.reshape(updates.shape[1:])


# --8<-- [end:ties]
