"""General English for two purposes that must not meet: text that only measures, and text that may be replayed."""

from __future__ import annotations

import gzip
import hashlib
import random
from functools import lru_cache
from pathlib import Path

from training.run.errors import BadInput

FOLDER = Path(__file__).resolve().parent / "texts"


SHA256 = {
    "measure": "ddb72da0149c1fe328bbe1b764dcd7885384e76f0b060bda5078220d4ac0bd59",
    "replay": "0dcf1ca8d49d522bfe3634d9508e38df07c579742b94e7bdd2c17c31f529f6b3",
}


@lru_cache(maxsize=2)
def passages(name: str) -> tuple[str, ...]:
    """The passages of ``measure`` or ``replay``, about 110 words each, in the book's order.

    Raises:
        BadInput: the file is missing or is not the pinned one.
    """
    file = FOLDER / f"{name}.txt.gz"
    try:
        raw = gzip.decompress(file.read_bytes())
    except (OSError, EOFError) as error:
        raise BadInput(f"{file}: {error}; check the file out again") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256[name]:
        raise BadInput(f"{file}: sha256 {found[:12]}... is not the pinned {SHA256[name][:12]}...; check it out again")
    return tuple(raw.decode().strip().split("\n\n"))


def replay_rows(count: int, seed: int) -> list[dict]:
    """Rows of general text to mix into training.

    Args:
        count: how many; passages repeat once all have been used.
        seed: which passages come first.
    """
    every = list(passages("replay"))
    random.Random(seed).shuffle(every)
    return [{"text": every[place % len(every)], "kind": "replay"} for place in range(count)]
