"""The files that labs read: recorded data (real weights, real logits) beside the package, and texts inside it.

A lab names its recorded files in ``LabSpec.data_files``. Natively they are read from ``docs/data/labs/files`` of the
checkout; in the browser the worker fetches them before that lab's first run, or once a first picture stands, and
hands them to ``provide``. So a reader of one lab never downloads another lab's data.
"""

from __future__ import annotations

import os.path

PACKAGE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(os.path.dirname(PACKAGE), "docs", "data", "labs", "files")

_provided: dict[str, bytes] = {}


def provide(name: str, content: bytes) -> None:
    """Keep a file's content under its name (the worker calls this with what it fetched)."""
    _provided[name] = bytes(content)


def at_hand(name: str) -> bool:
    """Whether ``load`` would give the file."""
    return name in _provided or os.path.exists(os.path.join(FOLDER, name))


def load(name: str) -> bytes:
    """Content of a data file.

    Raises:
        LookupError: it was neither provided nor found in the checkout; the message is a sentence for the reader.
    """
    if name not in _provided:
        try:
            with open(os.path.join(FOLDER, name), "rb") as file:
                _provided[name] = file.read()
        except OSError:
            raise LookupError(f"The recorded data '{name}' could not be loaded.") from None
    return _provided[name]


def read_packaged(name: str) -> str:
    """Text of a file inside the package, by its path below ``labs_py`` ("labs/rlhf/answer_pairs.json").

    Raises:
        OSError: there is no such file.
    """
    with open(os.path.join(PACKAGE, *name.split("/")), encoding="utf-8") as file:
        return file.read()
