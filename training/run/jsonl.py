"""Reads the JSON files that this package writes into its folders: one object a line, or one object a file.

A line ends at "\\n" and nowhere else: the texts in it may hold U+2028, U+2029 and U+0085, at which ``str.splitlines``
would cut an object in two. A reader's own training rows are read by ``data.splits.read_rows``, which also checks them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.run.errors import BadInput


def read(path: str | Path, skip_broken: bool = False) -> list[dict[str, Any]]:
    """The objects of a file, in order; blank lines and an incomplete last line (of a killed run) are left out.

    Args:
        path: of the file.
        skip_broken: leave out every broken line: a run that resumed after an incomplete line has one inside its file.

    Raises:
        BadInput: there is no such file, or a line with an end is no JSON object; with file and line.
    """
    try:
        *ended, unfinished = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from None
    objects = []
    for number, line in enumerate(ended, 1):
        try:
            objects += _object(line)
        except ValueError as error:
            if not skip_broken:
                raise BadInput(f"{path}:{number}: no JSON object ({error}); take the line out, or start the run again"
                               ) from None  # fmt: skip
    try:
        objects += _object(unfinished)
    except ValueError:
        pass
    return objects


def read_kept(path: str | Path, good: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The rows that a run has kept for itself, so that it resumes with the same.

    Args:
        path: of the file.
        good: whether a row is one that the run can use.

    Raises:
        BadInput: as ``read``; or there is no row, or one that is not good.
    """
    rows = read(path)
    wrong = next((number for number, row in enumerate(rows, 1) if not good(row)), None)
    if not rows or wrong:
        what = f"row {wrong} is not one that this run has written" if wrong else "there is no row in it"
        raise BadInput(f"{path}: {what}; remove this file, and it is made again")
    return rows


def texts(*names: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a row has a text under each of the names, for ``read_kept``."""
    return lambda row: all(isinstance(row.get(name), str) for name in names)


def read_object(path: str | Path, remedy: str) -> dict[str, Any]:
    """The object that a whole file is.

    Args:
        path: of the file.
        remedy: what to do about a damaged one, for the message.

    Raises:
        BadInput: the file cannot be read or is no JSON object, with its line where that is known.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); {remedy}") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not readable as JSON ({error.msg}); {remedy}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not readable as JSON ({error}); {remedy}") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path}: holds a {type(value).__name__} and not an object; {remedy}")
    return value


def _object(line: bytes) -> list[dict[str, Any]]:
    """The object of one line; none of a blank one. ValueError says what else the line is."""
    text = line.decode("utf-8")
    if not text.strip():
        return []
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__}")
    return [value]
