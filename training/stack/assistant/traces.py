"""Traces that outlive the server: one line when a question comes in, one when it is closed, each on disk at once."""

from __future__ import annotations

import json
import os
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

from training.run import jsonl


class Traces:
    """An append-only JSONL file; a line is whole or, after a crash in the middle of it, the last one."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and (content := file.read_bytes()) and not content.endswith(b"\n"):
            self._append("\n")  # half a line of a killed server stays, on a line of its own

    def begin(self, **fields: object) -> str:
        """Note that a question came in; gives the trace's id."""
        trace = uuid.uuid4().hex
        self._note(trace, "asked", fields)
        return trace

    def end(self, trace: str, **fields: object) -> None:
        """Note how it was closed."""
        self._note(trace, "closed", fields)

    def read(self) -> list[dict]:
        """All whole lines; what is no trace is left out."""
        lines = jsonl.read(self.file, skip_broken=True) if self.file.exists() else []
        return [line for line in lines if {"trace_id", "event", "at"} <= line.keys()]

    def unfinished(self) -> list[dict]:
        """Questions that came in and were never closed: the server was killed under them."""
        lines = self.read()
        closed = {line["trace_id"] for line in lines if line["event"] == "closed"}
        return [line for line in lines if line["event"] == "asked" and line["trace_id"] not in closed]

    def _note(self, trace: str, event: str, fields: dict) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._append(json.dumps({"trace_id": trace, "event": event, "at": at, **fields}, ensure_ascii=True) + "\n")

    def _append(self, text: str) -> None:
        with self._lock, open(self.file, "a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
