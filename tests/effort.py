"""How much of a long proof is run: a seeded sample in ``make test``, all of it in ``make test-long``.

Five ways to say it. ``@examples(60, 1000)`` stands over a hypothesis test instead of ``settings(max_examples=...)``.
The fixture ``effort`` is for what a test counts or draws itself: ``effort.count(40, 400)`` actions of a random walk,
``effort.some(all_pairs, 12)`` of a list. ``@pytest.mark.few(2)`` keeps two cases of a parametrised test, and
``pytestmark = pytest.mark.drawn(6)`` six functions of a file whose tests are slow; each file draws by its own name.
``@pytest.mark.long`` is for a test that has no sensible sample: it is left
to ``make test-long`` altogether. The environment variable STAGE10_EFFORT=full asks for all by hand.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import settings

Case = TypeVar("Case")


@dataclass(frozen=True)
class Effort:
    """``full`` is true under ``make test-long``; the sample is drawn by ``seed``, so every run takes the same."""

    full: bool
    seed: int = 0

    def count(self, sample: int, full: int) -> int:
        """How often to do something."""
        return full if self.full else sample

    def some(self, cases: Sequence[Case], sample: int, of: str = "") -> list[Case]:
        """All cases, or ``sample`` of them drawn without repetition and kept in their order; ``of`` names what they
        are cases of where each such thing shall draw for itself."""
        if self.full or sample >= len(cases):
            return list(cases)
        drawn = random.Random(f"{self.seed} {of}" if of else self.seed).sample(range(len(cases)), sample)
        return [cases[place] for place in sorted(drawn)]


EFFORT = Effort(full=os.environ.get("STAGE10_EFFORT") == "full")


def examples(sample: int, full: int) -> Callable[[Callable], Callable]:
    """Decorator of a hypothesis test: how many examples it draws; marks it so that ``make test-long`` runs it."""

    def decorate(test: Callable) -> Callable:
        return pytest.mark.sampled(settings(max_examples=EFFORT.count(sample, full), deadline=None)(test))

    return decorate
