"""Thoughts before an answer: kept, taken out or asked for; and an answer without them."""

from __future__ import annotations

import re
from typing import Any

from training.models.rendering.places import THOUGHTS

CHOICES = ("keep", "strip", "require")
# an answer's block of thoughts, its opening mark perhaps in the prompt and not in the answer
BLOCK = re.compile(r"\A\s*(?:<think>)?((?:(?!<think>|</think>).)*)</think>\s*", re.DOTALL)


def said(text: str) -> str:
    """An answer without the block of thoughts, also an empty one, that it begins with.

    So an answer is compared with its reference whether the model was taught to write an empty block or not.
    """
    return BLOCK.sub("", text, count=1)


def thought_of(turn: dict[str, Any]) -> str:
    """What an assistant's turn thinks: its own key, or the block that its text begins with; "" where nothing."""
    for key in THOUGHTS:
        if isinstance(turn.get(key), str) and turn[key].strip():
            return turn[key].strip()
    content = turn.get("content")
    block = BLOCK.match(content) if isinstance(content, str) else None
    return block[1].strip() if block else ""


def without(turn: dict[str, Any]) -> dict[str, Any]:
    """The turn without its thoughts."""
    bare = {key: value for key, value in turn.items() if key not in THOUGHTS}
    if isinstance(turn.get("content"), str):
        bare["content"] = said(turn["content"])
    return bare
