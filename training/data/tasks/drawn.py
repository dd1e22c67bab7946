"""Tasks whose rows are drawn at random: no question twice, the sets of one seed apart, ``shifted`` the same for all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.data.tasks.base import Row, Task

Pair = tuple[str, str]  # a question and its answer
SHIFTED = "shifted"


@dataclass(frozen=True)
class DrawnTask(Task):
    """A task with one drawing for the sets of a seed, which follow each other in it, and one for ``shifted``.

    Attributes:
        sizes: rows of each set, in the order in which they are taken.
        shifted_seed: of the random numbers of ``shifted``.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    shifted_seed: int = 0

    def pairs(self, rng: random.Random, shifted: bool) -> Sequence[Any]:
        """One drawing: every question with its answer; each task has its own.

        Raises:
            NotImplementedError: a task that leaves this method out.
        """
        raise NotImplementedError

    def rows(self, set_name: str, count: int | None = None, seed: int = 0, variant: str = "default") -> list[Row]:
        """The set's part of the drawing; ``shifted`` has other words, and its seed is its own.

        Raises:
            ValueError: unknown set or variant.
        """
        self.check_set(set_name, variant)
        shifted = set_name == SHIFTED
        every = self.pairs(random.Random(self.shifted_seed if shifted else seed), shifted)
        names = list(self.sizes)
        start = 0 if shifted else sum(self.sizes[name] for name in names[: names.index(set_name)])
        chosen = every[start : start + self.sizes[set_name]][:count]
        return [self.drawn_row(one, set_name, place) for place, one in enumerate(chosen)]

    def drawn_row(self, one: Any, set_name: str, place: int) -> Row:
        """A row of what was drawn: a question with its answer, unless the task draws something else.

        Args:
            place: in its set, from 0.
        """
        asked, answer = one
        return self.row(asked, answer, id=f"{set_name}-{place}", split=set_name)

    def wanted(self, shifted: bool) -> int:
        """Rows that one drawing has to give."""
        return self.sizes[SHIFTED] if shifted else sum(self.sizes.values()) - self.sizes[SHIFTED]


def distinct(draw: Callable[[], Pair], wanted: int) -> list[Pair]:
    """Draw until there are so many different questions; of a question drawn twice the last answer counts."""
    seen: dict[str, str] = {}
    while len(seen) < wanted:
        asked, answer = draw()
        seen[asked] = answer
    return list(seen.items())
