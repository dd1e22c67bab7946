"""Long work in pieces: a generator that stops after each, so that whoever runs it may look up, or leave it there."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Pieces = Generator[None, None, Result]


def whole(pieces: Pieces[Result]) -> Result:
    """All pieces one after the other; what the last one returns."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value
