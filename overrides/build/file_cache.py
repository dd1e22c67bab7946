"""Files of the cache folder: each is written beside its place and moved there whole, and is known when it is damaged.

A file is its content with the content's SHA-256 behind it, so that no second file has to go with it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIGEST_BYTES = hashlib.sha256().digest_size


def cache_folder() -> Path:
    """What was downloaded, drawn or computed before: ``STAGE10_CACHE``, or ``.cache`` in the checkout."""
    return Path(os.environ.get("STAGE10_CACHE") or ROOT / ".cache")


def read(file: Path) -> bytes | None:
    """A file's content; None where it is not there, cannot be read, or is damaged."""
    try:
        whole = file.read_bytes()
    except OSError:
        return None
    content, digest = whole[:-DIGEST_BYTES], whole[-DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def write(file: Path, content: bytes) -> None:
    """Put a file in its place, whole or not at all.

    Raises:
        OSError: its folder cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        part.write_bytes(content + hashlib.sha256(content).digest())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def kept(file: Path, make: Callable[[], bytes]) -> bytes:
    """A file's content, made where it is missing or damaged."""
    content = read(file)
    if content is None:
        content = make()
        write(file, content)
    return content
