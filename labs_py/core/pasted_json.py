"""JSON that a stranger pasted, read without harm to the interpreter."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class TooDeep(ValueError):
    """The text nests deeper than ``DEEPEST``."""


def load(text: str) -> Any:
    """``json.loads``, with a limit on nesting.

    In the browser the parser's recursion ends the whole interpreter long before Python would call it a RecursionError.

    Raises:
        TooDeep: lists and objects within each other, deeper than ``DEEPEST``.
        json.JSONDecodeError: not JSON.
        ValueError: a whole number of more digits than Python reads.
    """
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise TooDeep(f"nested deeper than {DEEPEST} levels")
    return json.loads(text)


def _depth(text: str) -> int:
    """Deepest nesting outside strings, counted no further than one beyond the limit."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest
