"""One process at a time in a run's folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from training.run.errors import BadInput

_held: dict[Path, int] = {}  # folder -> descriptor that carries its lock


def hold(folder: Path) -> None:
    """Keep other processes from writing into a run's folder until this command ends, however it ends.

    The lock is on the folder itself, so no file is left behind. A file system without locks is used as it is.

    Raises:
        BadInput: another process writes there.
    """
    place = folder.resolve()
    if place in _held:
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BadInput(f"{folder}: another process is at work in this folder; wait for it, or give another --out"
                       ) from None  # fmt: skip
    except OSError:
        os.close(descriptor)
        return
    _held[place] = descriptor


@contextmanager
def released() -> Generator[None, None, None]:
    """Give back every folder that was held within."""
    try:
        yield
    finally:
        while _held:
            os.close(_held.popitem()[1])
