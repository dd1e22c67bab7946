"""Answers: the likeliest token, again and again, with how likely it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from labs_py.core.llama import model as llama
from labs_py.core.llama import one_token
from labs_py.core.llama.adapter import Over
from labs_py.core.llama.model import Linear, Memory, Model, Pass
from labs_py.core.llama.one_token import OneToken
from labs_py.core.llama.pieces import Pieces, whole
from labs_py.core.tiny_gpt import softmax

AT_ONCE = 128  # tokens of a prompt that pass a layer together


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
        self.linear, self._one = linear or llama.plain(self.model), None
        self._thin = {} if linear is None else linear.thin if isinstance(linear, Over) else None
        self.forget()

    def forget(self) -> None:
        """Read the next text from its start."""
        self.memory.count, self.read, self.asked = 0, [], 0

    def keep_prompt(self) -> None:
        """Of what was read keep the last prompt only, and not the answer."""
        self.memory.count = min(self.memory.count, self.asked)
        self.read = self.read[: self.memory.count]

    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """Logits after the last of these tokens, (V,).

        Raises:
            ValueError: more tokens than there is room for, or none.
        """
        return whole(self._reading(ids))

    def _reading(self, ids: Sequence[int]) -> Pieces[np.ndarray]:
        """``logits``, in pieces: a layer for at most ``AT_ONCE`` tokens."""
        if not 0 < len(ids) <= self.room:
            raise ValueError(f"This text has {len(ids):,} tokens; between 1 and {self.room:,} can be read.")
        known = min(common(ids, self.read), len(ids) - 1)
        self.memory.count, self.read = known, list(ids[:known])
        hidden = np.empty((0, 0))
        for start in range(known, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            hidden = yield from llama.in_pieces(Pass(self.model, self.linear), np.array(some), self.memory)
            self.read += some
        return llama.scores(self.model, hidden[-1:])[0]

    def _one_token(self) -> OneToken | None:
        """The way for single tokens, where the page's kernel takes them."""
        if self._thin is None or not one_token.fits(self.model, self.memory):
            return None
        if self._one is None or self._one.memory is not self.memory:
            self._one = OneToken(self.model, self.memory, self._thin)
        return self._one

    # fmt: off
    # --8<-- [start:greedy]
    def greedy(
        self, prompt: Sequence[int], stop: Sequence[int], longest: int
    ) -> Iterator[Token]:
        """The likeliest continuation, token by token,
        until a stop token (the last one given) or ``longest``."""
        return (
            token
            for token in self.in_pieces(prompt, stop, longest)
            if token is not None
        )

    def in_pieces(
        self, prompt: Sequence[int], stop: Sequence[int], longest: int
    ) -> Iterator[Token | None]:
        """``greedy``, with None after each piece of the prompt that was read."""
        logits = yield from self._reading(prompt)
        ids, self.asked = list(prompt), len(prompt)
        token = likeliest(logits)
        for left in reversed(range(min(longest, self.room - len(ids)))):
            yield token
            if token.id in stop or not left:
                return
            ids.append(token.id)
            token = self._next(ids)

    def _next(self, ids: Sequence[int]) -> Token:
        """The likeliest token after a text of which only the last token is new."""
        one = self._one_token()
        if one is None:
            return likeliest(self.logits(ids))
        one.read(ids[-1])
        self.read = list(ids)
        return Token(*one.likeliest())

    # --8<-- [end:greedy]
    # fmt: on


def likeliest(logits: np.ndarray) -> Token:
    """The token with the largest logit."""
    second, first = np.argpartition(logits, -2)[-2:]
    return Token(int(first), float(softmax(logits)[first]), float(logits[first] - logits[second]))
