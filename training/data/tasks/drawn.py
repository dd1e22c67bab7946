"""Tasks whose rows are drawn at random: no question twice, the sets of one seed apart, ``second`` the same for all."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from training.data.tasks.base import Row, Task

Pair = tuple[str, str]  # a question and its answer
SECOND = "second"


@dataclass(frozen=True)
class DrawnTask(Task):
    """A task with one drawing for the sets of a seed, which follow each other in it, and one for ``second``.

    Attributes:
        sizes: rows of each set, in the order in which they are taken.
        second_seed: of the random numbers of ``second``.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    second_seed: int = 0

    def pairs(self, rng: random.Random, second: bool) -> list[Pair]:
        """One drawing: every question with its answer; each task has its own."""
        raise NotImplementedError

    def rows(self, set_name: str, count: int | None = None, seed: int = 0, variant: str = "default") -> list[Row]:
        """The set's part of the drawing; ``second`` has other words, and its seed is its own.

        Raises:
            ValueError: unknown set or variant.
        """
        if variant != "default":
            raise ValueError(f"unknown variant {variant!r}; this task has only 'default'")
        if set_name not in self.sizes:
            return super().rows(set_name)
        second = set_name == SECOND
        every = self.pairs(random.Random(self.second_seed if second else seed), second)
        names = list(self.sizes)
        start = 0 if second else sum(self.sizes[name] for name in names[: names.index(set_name)])
        chosen = every[start : start + self.sizes[set_name]][:count]
        return [
            self.row(asked, answer, id=f"{set_name}-{place}", split=set_name)
            for place, (asked, answer) in enumerate(chosen)
        ]

    def wanted(self, second: bool) -> int:
        """Rows that one drawing has to give."""
        return self.sizes[SECOND] if second else sum(self.sizes.values()) - self.sizes[SECOND]


def distinct(draw: Callable[[], Pair], wanted: int) -> list[Pair]:
    """Draw until there are so many different questions; of a question drawn twice the last answer counts."""
    seen: dict[str, str] = {}
    while len(seen) < wanted:
        asked, answer = draw()
        seen[asked] = answer
    return list(seen.items())
