"""The sets of the order-form task: which grammar, which seed, how many, and the pinned hashes of the held-
out ones.

``shifted`` and ``sealed`` never depend on a run's seed: they are the same 200 messages for everybody, and a
  changed hash is an error, not a new version.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Collection
from dataclasses import asdict

from training.data.tasks.orders import sealed as orders_sealed
from training.data.tasks.orders import shifted as orders_shifted
from training.data.tasks.orders.slots import Message

HELD_OUT_SIZE = 200


HELD_OUT_SHA256 = {
    "shifted": "b23cd2283ce039cdb7d1e4b11a67400f9a20235365a58cae01a0f9ae0fb095c6",
    "sealed": "33994a55a609944432c0a09383a052ab03443cc1434cb756ba73a05308a92e55",
}


HELD_OUT_GRAMMARS = {"shifted": orders_shifted, "sealed": orders_sealed}


def draw(
    write: Callable[[random.Random], Message], seed: int, count: int, avoid: Collection[str] = ()
) -> list[Message]:
    """``count`` different messages of one grammar.

    Args:
        write: the grammar's ``message`` function.
        seed: start of the random numbers; the same seed gives the same messages on every machine.
        count: how many.
        avoid: texts that must not appear (the training set's, when the held-out set of the same grammar is drawn).

    Returns:
        Messages in the order drawn.
    """
    rng = random.Random(seed)
    seen, messages = set(avoid), []
    while len(messages) < count:
        candidate = write(rng)
        if candidate.text not in seen:
            seen.add(candidate.text)
            messages.append(candidate)
    return messages


def sha256_messages(messages: list[Message]) -> str:
    """The hash of a set: one JSON line per message with its text and form."""
    digest = hashlib.sha256()
    for message in messages:
        digest.update(json.dumps([message.text, asdict(message.form)]).encode() + b"\n")
    return digest.hexdigest()


def held_out(name: str) -> list[Message]:
    """The 200 messages of ``shifted`` or ``sealed``.

    Raises:
        ValueError: the generator no longer writes the pinned set, so that scores would not compare.
    """
    grammar = HELD_OUT_GRAMMARS[name]
    messages = draw(grammar.message, grammar.SEED, HELD_OUT_SIZE)
    found = sha256_messages(messages)
    if found != HELD_OUT_SHA256[name]:
        raise ValueError(f"the {name} held-out set has changed: sha256 {found}, pinned {HELD_OUT_SHA256[name]}")
    return messages
