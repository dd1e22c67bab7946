"""A lock between the processes of one test run, which share what is built for the tests."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def shared_lock(name: str) -> Iterator[None]:
    """Hold the lock ``name`` of this checkout; the system frees it when the process ends, however it ends."""
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    with open(Path(tempfile.gettempdir()) / f"stage10-{checkout}-{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
