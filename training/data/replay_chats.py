"""Ordinary questions with the bundled model's own answers, to be mixed into training so that it keeps them.

Replayed passages of a book preserve the model's English, not the way it answers. A model that has been trained on one
form alone gives that form to every question. A few of its own answers beside the task's rows show that the form belongs
to the task's prompt. No question here is one of those that measure (evaluation/spot_checks), and the base model wrote
the answers, so they teach nothing new. Every second answer stands without its question and without turns, because what
a model knows is measured on plain statements, and chats alone do not preserve those.

  python -m training.site_records.general_chats    asks the bundled model again and writes the file (a minute)
"""

from __future__ import annotations

import hashlib
import json
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

from training.run.errors import BadInput

FILE = Path(__file__).resolve().parent / "texts" / "chats.jsonl"
SHA256 = "68befac884df63dda11ef822fc776e1d76ac12d05352adb765cd06a5a85617d9"


@lru_cache(maxsize=1)
def chats() -> tuple[tuple[str, str], ...]:
    """Each question with its answer.

    Raises:
        BadInput: the file is missing or is not the pinned one.
    """
    try:
        raw = FILE.read_bytes()
    except OSError as error:
        raise BadInput(f"{FILE}: {error}; check the file out again") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        raise BadInput(f"{FILE}: sha256 {found[:12]}... is not the pinned {SHA256[:12]}...; check it out again")
    return tuple((row["question"], row["answer"]) for row in map(json.loads, raw.decode().splitlines()))


def chat_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows to mix into training; questions repeat once all have been used.

    Args:
        count: how many.
        seed: which questions come first.
    """
    every = list(chats())
    random.Random(seed).shuffle(every)
    chosen = [every[place % len(every)] for place in range(count)]
    return [_row(question, answer, place) for place, (question, answer) in enumerate(chosen)]


def _row(question: str, answer: str, place: int) -> dict[str, Any]:
    """A chat, or for every second one the answer by itself, as it would stand in a text."""
    row = {"id": f"chat-{place}", "kind": "replay"}
    if place % 2:
        return {"text": answer, **row}
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], **row}
