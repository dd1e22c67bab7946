"""One set-up or build at a time for all that share a cache folder; the next one waits and says so."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(cache: Path) -> Generator[None, None, None]:
    """Hold the lock of a cache folder; the system frees it when the process ends, however it ends.

    Raises:
        OSError: the folder cannot be made or written.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            print(
                f"Another set-up or build is at work (process {holder}): waiting for it.", file=sys.stderr, flush=True
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
