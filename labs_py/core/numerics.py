"""Sums of exponentials that neither overflow nor lose the small terms."""

from __future__ import annotations

import numpy as np


# --8<-- [start:logsumexp]
def logsumexp(values: np.ndarray) -> np.ndarray:
    """log(sum(exp(values))) over the last axis, kept as an axis of length 1;
    -inf entries count as nothing."""
    largest = values.max(axis=-1, keepdims=True)
    # The largest exponent becomes exp(0): no overflow
    anchor = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return anchor + np.log(np.exp(values - anchor).sum(axis=-1, keepdims=True))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities over the last axis."""
    return logits - logsumexp(logits)


# --8<-- [end:logsumexp]


def entropy(log_probabilities: np.ndarray) -> np.ndarray:
    """Entropy in nats over the last axis; words without mass add nothing."""
    probabilities = np.exp(log_probabilities)
    return -weighted(probabilities, log_probabilities).sum(axis=-1)


def weighted(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """weights * values with 0 * infinity = 0, the limit that p log p has."""
    return np.where(weights > 0, weights * np.where(weights > 0, values, 0.0), 0.0)
