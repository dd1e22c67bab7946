"""JSON that a stranger pasted, read without harm to the interpreter."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class TooDeep(ValueError):
    """The text nests deeper than ``DEEPEST``."""


class RepeatedKey(ValueError):
    """An object has one key twice, and nothing says which of the two values is meant."""


def load(text: str) -> Any:
    """``json.loads``, with a limit on nesting, and each key once in its object.

    In the browser the parser's recursion ends the whole interpreter long before Python would call it a RecursionError.

    Raises:
        TooDeep: lists and objects within each other, deeper than ``DEEPEST``.
        RepeatedKey: an object has one key twice.
        json.JSONDecodeError: not JSON.
        ValueError: a whole number of more digits than Python reads.
    """
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise TooDeep(f"nested deeper than {DEEPEST} levels")
    return json.loads(text, object_pairs_hook=object_of)


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values (a decoder's ``object_pairs_hook``); RepeatedKey where a key stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RepeatedKey(f"the key {twice[:40]!r} stands twice in one object")
    return found


def _depth(text: str) -> int:
    """Deepest nesting outside strings, counted no further than one beyond the limit."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest
