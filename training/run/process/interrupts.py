"""Ctrl-C, remembered: Python drops what is raised while an object is cleared away or in a library's callback."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_heard = False


def interrupt(number: int = signal.SIGINT, frame: FrameType | None = None) -> NoReturn:
    """What Ctrl-C calls; ``check`` raises again what is dropped of it.

    Raises:
        KeyboardInterrupt: always.
    """
    global _heard
    _heard = True
    raise KeyboardInterrupt


def check() -> None:
    """Called where a phase of a run begins and ends.

    Raises:
        KeyboardInterrupt: a Ctrl-C came in this command, and what it raised was dropped.
    """
    if _heard:
        raise KeyboardInterrupt


@contextmanager
def listening() -> Generator[None, None, None]:
    """While a command runs, Ctrl-C is remembered; one that is ignored stays ignored."""
    global _heard
    _heard = False
    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _heard = False
