"""What labs compute for the pages, kept in the cache until labs_py changes: pages are built more often than that.

A value is kept as JSON under the hash of all that it can depend on: labs_py, the data that its labs read, and numpy.
A damaged file is computed anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import file_cache
import numpy

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (ROOT / "labs_py", ROOT / "docs" / "data" / "labs" / "files", Path(__file__).with_name("recording.py"))
STATES = 4  # of labs_py that are kept at a time
PLAIN = (str, int, float, bool, type(None))


@cache
def folder() -> Path:
    """Where this state of labs_py keeps its results; the oldest states go."""
    total = hashlib.sha256(numpy.__version__.encode())
    for place in INPUTS:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    above = file_cache.cache_folder() / "frames"
    found = above / total.hexdigest()[:16]
    found.mkdir(parents=True, exist_ok=True)
    os.utime(found)
    by_age = sorted(above.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in by_age[STATES:]:
        shutil.rmtree(old, ignore_errors=True)
    return found


def _file(name: str) -> Path:
    """Where the value of that name stands in this state of labs_py."""
    return folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.kept"


def kept(name: str, make: Callable[[], Any]) -> Any:
    """``make()``, which must be JSON as it is, computed once for each state of labs_py.

    Args:
        name: what is asked for, with all its arguments: two calls of one name give the same value.
        make: computes it.
    """
    return json.loads(file_cache.kept(_file(name), lambda: json.dumps(make(), ensure_ascii=False).encode()))


def kept_if_plain(name: str, make: Callable[[], Any]) -> Any:
    """As ``kept`` for a function that may also return what JSON would change (a list of tuples, numpy's numbers)."""
    if _file(name).is_file():
        return kept(name, make)
    value = make()
    return kept(name, lambda: value) if type(value) in PLAIN else value
