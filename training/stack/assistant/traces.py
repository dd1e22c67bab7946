"""Traces that outlive the server: one line when a question comes in, one when it is closed, each on disk at once."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

MOST_BYTES = 64_000_000  # of a file; then it becomes ``NAME.1`` and a new one begins
OURS_ONLY = 0o600  # questions may be private


class NoTrace(Exception):
    """The trace cannot be written, so the question is not answered: one line says why."""


class Traces:
    """An append-only JSONL file; a line is whole, or it stands alone as half a line that no reader takes for a trace.

    Args:
        most_bytes: of one file; the one before it is kept as ``NAME.1``, older ones go.
    """

    def __init__(self, file: Path, most_bytes: int = MOST_BYTES) -> None:
        self.file, self.most_bytes = file, most_bytes
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)

    def begin(self, question: str | None) -> str:
        """Note that a question came in; gives the trace's id.

        Raises:
            NoTrace: the disk takes nothing more.
        """
        trace = uuid.uuid4().hex
        self._note(trace, "asked", {"question": question})
        return trace

    def end(self, trace: str, fields: Mapping[str, object]) -> None:
        """Note how it was closed.

        Raises:
            NoTrace: the disk takes nothing more.
        """
        self._note(trace, "closed", fields)

    def read(self) -> list[dict]:
        """All whole lines, the older file's first; what is no trace is left out."""
        return list(self._lines())

    def _lines(self) -> Iterator[dict]:
        for file in (self._older(), self.file):
            if not file.exists():
                continue
            with open(file, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    try:
                        found = json.loads(line)
                    except (ValueError, RecursionError):
                        continue
                    if isinstance(found, dict) and {"trace_id", "event", "at"} <= found.keys():
                        yield found

    def unfinished(self) -> list[dict]:
        """Questions that came in and were never closed: the server was killed under them."""
        left: dict[str, dict] = {}
        for line in self._lines():  # one at a time: a file of 64 MB is not held in memory
            if line["event"] == "asked":
                left[line["trace_id"]] = line
            else:
                left.pop(line["trace_id"], None)
        return list(left.values())

    def _older(self) -> Path:
        return self.file.with_name(f"{self.file.name}.1")

    def _note(self, trace: str, event: str, fields: Mapping[str, object]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"trace_id": trace, "event": event, "at": at, **fields}, ensure_ascii=True) + "\n"
        with self._lock:
            try:
                self._append(line.encode())
            except OSError as error:
                raise NoTrace(f"the trace cannot be written to {self.file} ({error.strerror or error}); nothing is"
                              " answered without one: make room, and ask again") from error  # fmt: skip

    def _append(self, line: bytes) -> None:
        if self.file.exists() and self.file.stat().st_size + len(line) > self.most_bytes:
            os.replace(self.file, self._older())
        handle = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, OURS_ONLY)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            try:
                _write_all(handle, b"\n" * torn + line)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)  # half a line would be read as damage, and its room is needed
                raise
        finally:
            os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]
