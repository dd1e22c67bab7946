"""What a run is worth: its own report, the same on fresh rows, and what it kept of the old stories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labs_py.core import paired_test, tiny_gpt
from labs_py.core.clinic import rows
from labs_py.core.clinic.settings import Settings
from labs_py.core.tiny_base import TinyBase

CHUNK = 24


@dataclass(frozen=True)
class Scores:
    """Shares from 0 to 1.

    Attributes:
        reported: notes right word for word, stop included, on the run's own test.
        right: for each row that no run has seen, whether its note is right word for word, stop included.
        words: the same as ``reported`` without asking whether it stops.
        kept: next tokens of held-out old stories that are the likeliest.
    """

    reported: float
    right: tuple[bool, ...]
    words: float
    kept: float

    @property
    def fresh(self) -> float:
        """Share of the rows that no run has seen whose note is right."""
        return float(np.mean(self.right))


def right_at(base: TinyBase, weights: tiny_gpt.Tensors, pairs: list[tuple[list[int], list[int]]]) -> list[np.ndarray]:
    """For each row, at each place of its answer: is the wanted token the likeliest? Greedy writing gives the same."""
    found: list[np.ndarray] = []
    for start in range(0, len(pairs), CHUNK):
        tokens, targets = tiny_gpt.batch(pairs[start : start + CHUNK], True, True)
        logits = tiny_gpt.forward(tiny_gpt.Pass(base.shape, weights, None, 1.0, False), tokens)
        best = logits.argmax(-1).reshape(targets.shape)
        found += [b[t != tiny_gpt.IGNORED] == t[t != tiny_gpt.IGNORED] for b, t in zip(best, targets, strict=True)]
    return found


def exact(base: TinyBase, settings: Settings, weights: tiny_gpt.Tensors, of: list[rows.Row]) -> list[np.ndarray]:
    """``right_at`` of the notes, asked as the test asks them."""
    return right_at(base, weights, [rows.asked(base, settings, row) for row in of])


def kept(base: TinyBase, weights: tiny_gpt.Tensors) -> float:
    """Share of the next tokens of held-out old stories that are the likeliest."""
    lines = [base.vocabulary.encode(line) for line in rows.old(0, held_out=True)]
    return float(np.concatenate(right_at(base, weights, [(line[:1], line[1:]) for line in lines])).mean())


def measure(base: TinyBase, settings: Settings, weights: tiny_gpt.Tensors, seed: int) -> Scores:
    """All scores of a run's merged weights."""
    own = exact(base, settings, weights, rows.test(settings, seed))
    fresh = exact(base, settings, weights, rows.fresh(settings, seed)) if settings.shared else own
    return Scores(
        float(np.mean([r.all() for r in own])),
        tuple(bool(r.all()) for r in fresh),
        float(np.mean([r[:-1].all() for r in own])),
        kept(base, weights),
    )


KEPT_MARGIN = 0.06
"""A run may lose this much of the old stories against the healthy run."""


def difference(scores: Scores, healthy: Scores) -> tuple[float, float]:
    """The 95% interval of a run's share of right notes minus the healthy run's, from the same fresh rows.

    Both runs answer the same rows, so rows on which they agree say nothing of the difference: the interval is that of
    a paired comparison, and it holds 0 just where McNemar's exact test claims none.
    """
    gained = sum(now and not before for now, before in zip(scores.right, healthy.right, strict=True))
    lost = sum(before and not now for now, before in zip(scores.right, healthy.right, strict=True))
    return paired_test.exact_interval(gained, lost, len(scores.right), 0.05)


def reaches(scores: Scores, healthy: Scores) -> bool:
    """Whether a run is as good on fresh rows as the healthy run, within the 95% interval, and kept the old stories."""
    return difference(scores, healthy)[1] >= 0 and scores.kept >= healthy.kept - KEPT_MARGIN
