"""What a chat template writes, as labelled pieces of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Turn = dict[str, Any]
REASONING_FIELDS = ("reasoning_content", "thinking", "reasoning")  # as transformers reads them, the first that is given


class Refused(ValueError):
    """The template refuses this conversation; the message is the template's own."""


class Piece(NamedTuple):
    """A stretch of the written conversation.

    Attributes:
        text: as the model reads it.
        part: "frame" (control tokens and role names), "channel" (control tokens that the model writes itself before
            its words), "content", "stop" (ends a turn), or "ask" (opens an answer).
        role: whose turn it is ("" outside turns).
        turn: place of the turn in the conversation, from 0 (-1: the template's own words).
    """

    text: str
    part: str
    role: str = ""
    turn: int = -1


def write_turn(turn: int, role: str, head: str, content: str, stop: str, after: str = "") -> Iterator[Piece]:
    """A turn between its control tokens."""
    yield Piece(head, "frame", role, turn)
    yield Piece(content, "content", role, turn)
    yield Piece(stop, "stop", role, turn)
    yield Piece(after, "frame", role, turn)


def reasoning_of(turn: Turn) -> Any:
    """The thoughts of a turn, under whichever name they came; None where there are none."""
    return next((turn[name] for name in REASONING_FIELDS if turn.get(name) is not None), None)
