"""An OpenAI-compatible endpoint on this machine that knows the answers, can be told to fail, and counts its calls."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks


def reference() -> dict[str, str]:
    """Note -> line, for every set of the task."""
    task = tasks.get("delivery_log")
    return {row["messages"][1]["content"]: task_base.target(row) for name in task.sets for row in task.rows(name)}


class FakeTeacher:
    """Serve on a free port.

    Attributes:
        reply: from (note, number of this note's call, counted from 1) to (text, finish_reason); an int is a status.
        asked: calls that were answered, by (note, seed).
        hold: when this many have been answered, the next ones are left waiting and ``held`` is set.
    """

    def __init__(self, reply: Callable | None = None):
        known = reference()
        self.reply = reply or (lambda note, count: (known[note], "stop"))
        self.asked: Counter = Counter()
        self.notes: Counter = Counter()
        self.hold, self.held, self.freed, self.lock = 0, threading.Event(), threading.Event(), threading.Lock()
        teacher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                teacher.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, handler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        note = body["messages"][-1]["content"]
        with self.lock:
            waits = bool(self.hold) and self.asked.total() >= self.hold
        if waits:
            self.held.set()
            self.freed.wait(30)
            return
        with self.lock:
            self.notes[note] += 1
            said = self.reply(note, self.notes[note])
            if not isinstance(said, int):
                self.asked[note, body["seed"], body["temperature"]] += 1
        if isinstance(said, int):
            handler.send_error(said)
            return
        text, reason = said
        found = {"choices": [{"message": {"content": text}, "finish_reason": reason}],
                 "usage": {"prompt_tokens": 100, "completion_tokens": 10}}  # fmt: skip
        payload = json.dumps(found).encode() if text != "not json" else b"<html>"
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    def close(self) -> None:
        self.freed.set()
        self.server.shutdown()
        self.server.server_close()
