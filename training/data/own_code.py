"""A function in a file of the reader's: a score or a reward. What goes wrong in it is said with its file and line."""

from __future__ import annotations

import inspect
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from numbers import Real
from pathlib import Path
from typing import Any

from training.run.errors import BadInput

LONGEST = 300


def is_named(text: str) -> bool:
    """Whether a setting names a function in a file, as ``scorer.py:score`` does."""
    return ".py:" in text


class OwnCodeFailed(Exception):
    """What the reader's code raised or gave, on one line with its file and line."""


@dataclass(frozen=True)
class OwnFunction:
    """A function of the reader's, called with as much as it takes.

    Attributes:
        name: as the setting names it.
        path: of its file.
        call: the function.
        takes: how many arguments it is given.
    """

    name: str
    path: Path
    call: Callable[..., Any]
    takes: int

    def __call__(self, *given: Any) -> Any:
        """What it gives for the first ``takes`` arguments.

        Raises:
            OwnCodeFailed: it raised; the message says where.
        """
        try:
            return self.call(*given[: self.takes])
        except (Exception, SystemExit) as error:
            raise OwnCodeFailed(said(error, self.path)) from None


def load(text: str, setting: str, most: int = 3) -> OwnFunction:
    """The function that a setting names.

    Args:
        text: ``FILE.py:NAME``.
        setting: for the message.
        most: arguments that can be given; the function takes two or more of them.

    Raises:
        BadInput: no such file or function, or its file cannot be run; one line.
    """
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise BadInput(f"{setting}: there is no file {file}; write FILE.py:NAME, with the path from here or from the"
                       " configuration's folder")  # fmt: skip
    found = getattr(_module(path, setting), name, None)
    if not callable(found):
        raise BadInput(f"{setting}: {file} has no function {name!r}; define it, as in def {name}(answer, expected)")
    return OwnFunction(text, path, found, _taken(found, text, setting, most))


def _module(path: Path, setting: str) -> Any:
    spec = spec_from_file_location(f"own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{setting}: {path} is no Python file")
    module = module_from_spec(spec)
    beside = str(path.resolve().parent)
    sys.path.insert(0, beside)  # its own imports from the same folder
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise BadInput(f"{setting}: {said(error, path)}") from None
    finally:
        sys.path.remove(beside)
    return module


def _taken(function: Callable, text: str, setting: str, most: int) -> int:
    try:
        wanted = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    places = [one for one in wanted if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = sum(one.default is one.empty for one in places)
    open_ended = any(one.kind is one.VAR_POSITIONAL for one in wanted)
    if needed > most or (len(places) < 2 and not open_ended):
        raise BadInput(f"{setting}: {text} takes {needed} arguments; it is called with (answer, expected), and"
                       f"{' a third one with the question' if most > 2 else ' nothing else'}")  # fmt: skip
    return most if open_ended else min(most, max(needed, min(len(places), most)))


def said(error: BaseException, path: Path) -> str:
    """An error of the reader's code as ``file:line: Kind: message``, the innermost line of their file."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).resolve() == path.resolve():
            line = frame.lineno
    text = " ".join(f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}".split())
    place = f"{path}:{line}" if line else str(path)
    return f"{place}: {text[:LONGEST]}".encode("utf-8", "replace").decode()


def number(value: Any, name: str, low: float = 0.0, high: float = 1.0) -> float:
    """A score as a number.

    Raises:
        OwnCodeFailed: it is none, or lies outside the bounds.
    """
    if not isinstance(value, Real) or not math.isfinite(value) or not low <= float(value) <= high:
        raise OwnCodeFailed(f"{name} gave {str(value)[:60]!r}; a score is a number from {low:g} to {high:g}")
    return float(value)
