"""Who labels in the RLHF Lab: simulated annotators, and the yardstick that all rewards are measured with.

Weights are in the order of ``text_features.NAMES`` and apply to scaled features (one unit = one root mean
square difference between the two answers of a training pair).
"""

from __future__ import annotations

import functools

import numpy as np

from labs_py.core import preference, text_features
from labs_py.labs.rlhf import answer_pairs

#                    length hedging courtesy lists direct refusal numbers correct
WEIGHTS = {
    "careful": np.array([0.5, -0.5, -0.2, 0.3, 0.6, -0.8, 0.4, 2.2]),
    "hurried": np.array([-1.2, -0.3, -0.3, 0.9, 1.0, -0.3, 0.2, 0.5]),
    "length": np.array([2.0, 0.0, 0.2, 0.3, 0.0, -0.6, 0.3, 0.5]),
    "contrarian": -np.array([0.5, -0.5, -0.2, 0.3, 0.6, -0.8, 0.4, 2.2]),
    "noisy": np.array([0.5, -0.5, -0.2, 0.3, 0.6, -0.8, 0.4, 2.2]),
}
PATIENCE = 100.0
BOREDOM = 2.0
MOST_LABELS = 1000


@functools.lru_cache(maxsize=1)
def scaled_pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scaled features of the training answers A and B (n, F each), held-out differences (m, F), the scale (F,)."""
    train, held_out = answer_pairs.load()
    a, b = answer_pairs.describe(train)
    _, scale = text_features.scaled_differences(a, b)
    held_a, held_b = answer_pairs.describe(held_out)
    return a / scale, b / scale, (held_a - held_b) / scale, scale


def chance_of_a(annotator: str, differences: np.ndarray, noise: float) -> np.ndarray:
    """Probability that a simulated annotator picks A in each pair, mis-clicks at rate ``noise`` included.

    All but "noisy" waver on close calls as Bradley-Terry says; "noisy" always knows which answer is better
    and errs only by mis-clicks.
    """
    margin = differences @ WEIGHTS[annotator]
    sure = (margin > 0).astype(float) if annotator == "noisy" else preference.sigmoid(margin)
    return sure * (1.0 - noise) + (1.0 - sure) * noise


@functools.lru_cache(maxsize=64)
def labels(annotator: str, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The annotator's first thousand labels: pair index and 1 for A, 0 for B.

    Every pair is shown once before any is shown again. The same seed shows the same pairs in the same order to
    everyone, and a larger ``noise`` flips more of the same labels.
    """
    a, b, _, _ = scaled_pairs()
    generator = np.random.default_rng(seed)
    rounds = -(-MOST_LABELS // len(a))
    order = np.concatenate([generator.permutation(len(a)) for _ in range(rounds)])[:MOST_LABELS]
    waver, slip = generator.random((2, MOST_LABELS))
    picked = waver < chance_of_a(annotator, a - b, 0.0)[order]
    return order, np.where(slip < noise, ~picked, picked).astype(float)


def true_reward(scaled: np.ndarray, words: np.ndarray) -> np.ndarray:
    """What a careful reader gets out of answers: the careful weights, less boredom beyond a hundred words.

    No labelled answer has that many words, so no label has ever shown the boredom.
    """
    beyond = np.maximum(0.0, np.log(words / PATIENCE))
    return scaled @ WEIGHTS["careful"] - BOREDOM * beyond**2
