"""Answers: the likeliest token, again and again, with how likely it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from labs_py.core.llama import model as llama
from labs_py.core.llama.model import Linear, Memory, Model, Pass
from labs_py.core.tiny_gpt import softmax


class Token(NamedTuple):
    """One written token.

    Attributes:
        id: of the token.
        probability: that the model gave it.
        lead: logit of the token minus that of the next likely one.
    """

    id: int
    probability: float
    lead: float


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many first entries are the same."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


class Writer:
    """Writes with one model, and remembers the last text: a prompt that begins like it is read from there on."""

    def __init__(self, model: Model, linear: Linear | None = None, room: int = 1024):
        self.model, self.room = model, room
        self.memory, self.read = Memory.empty(model.shape, room), []
        self.use(linear)

    def use(self, linear: Linear | None) -> None:
        """Other linear maps from now on, such as those with an adapter; what was read before is forgotten."""
        self.linear = linear or llama.plain(self.model)
        self.forget()

    def forget(self) -> None:
        """Read the next text from its start."""
        self.memory.count, self.read = 0, []

    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """Logits after the last of these tokens, (V,).

        Raises:
            ValueError: more tokens than there is room for, or none.
        """
        if not 0 < len(ids) <= self.room:
            raise ValueError(f"This text has {len(ids):,} tokens; between 1 and {self.room:,} can be read.")
        known = min(common(ids, self.read), len(ids) - 1)
        self.memory.count, self.read = known, list(ids)
        hidden = llama.hidden_states(Pass(self.model, self.linear), np.array(ids[known:]), self.memory)
        return llama.scores(self.model, hidden[-1:])[0]

    # --8<-- [start:greedy]
    def greedy(self, prompt: Sequence[int], stop: Sequence[int], longest: int) -> Iterator[Token]:
        """The likeliest continuation, token by token, until a stop token (the last one given) or ``longest``."""
        ids = list(prompt)
        for _ in range(min(longest, self.room - len(ids))):
            logits = self.logits(ids)
            second, first = np.argpartition(logits, -2)[-2:]
            yield Token(int(first), float(softmax(logits)[first]), float(logits[first] - logits[second]))
            ids.append(int(first))
            if first in stop:
                return

    # --8<-- [end:greedy]
