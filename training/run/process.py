"""The process of a run: alone in its folder, and a Ctrl-C that is not lost."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from training.run.errors import BadInput

_held: dict[Path, int] = {}  # folder -> descriptor that carries its lock
_heard = False


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


def release() -> None:
    """Give back every folder that is held."""
    while _held:
        os.close(_held.popitem()[1])


def interrupt(number: int = signal.SIGINT, frame: FrameType | None = None) -> NoReturn:
    """Ctrl-C: raise KeyboardInterrupt, and remember it.

    Python drops what is raised while an object is cleared away or in a library's callback; ``check`` raises it again.
    """
    global _heard
    _heard = True
    raise KeyboardInterrupt


def check() -> None:
    """Raise what was dropped of a Ctrl-C; called where a phase of a run begins and ends."""
    if _heard:
        raise KeyboardInterrupt


@contextmanager
def command() -> Generator[None, None, None]:
    """While a command runs: Ctrl-C is heard; afterwards the folders that it held are free."""
    global _heard
    _heard = False
    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler  # an ignored one stays ignored
    if ours:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        release()
        _heard = False
