"""Batches that shrink where memory is short: what asks or measures a model needs no fixed number of rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from training.run import machine
from training.run.errors import LackingResource, is_out_of_memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(items: list[Item], size: int, run: Callable[[list[Item]], Result], what: str
               ) -> Iterator[tuple[list[Item], Result]]:  # fmt: skip
    """Each batch with what ``run`` makes of it, in order; a batch that does not fit into memory is tried in halves.

    Args:
        items: what is run, at most ``size`` at once.
        run: takes a batch.
        what: names the setting of the size in a message.

    Raises:
        LackingResource: a single item does not fit.
    """
    at = 0
    while at < len(items):
        batch = items[at : at + size]
        try:
            result = run(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            result = None
        if result is None:
            if len(batch) == 1:
                raise LackingResource(f"{what}: memory does not hold a single row; take shorter rows, a smaller model"
                                      " or model.quantization=nf4")  # fmt: skip
            size = len(batch) // 2
            machine.release_memory()
            machine.say(f"  memory is short: going on with {size} rows at once ({what} asked for {len(batch)})")
            continue
        yield batch, result
        at += len(batch)
