"""A served assistant that is killed in the middle of an answer loses no trace of the question."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.stack.assistant.traces import Traces

CONFIG = "name: slow\nbackend: endpoint\nthreshold: 0.1\ntimeout_s: 60.0\nurl: http://127.0.0.1:{port}/v1\n"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait(ready, process: subprocess.Popen) -> None:
    for _ in range(3600):  # three minutes: a busy machine takes one to start a server
        if ready():
            return
        assert process.poll() is None, "the server stopped by itself"
        time.sleep(0.05)
    pytest.fail("the server never got there")


def listening(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_a_killed_server_names_the_question_it_left_open(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    with socket.socket() as silent:  # an endpoint that takes the call and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (tmp_path / "slow.yaml").write_text(CONFIG.format(port=silent.getsockname()[1]))
        port, traces = free_port(), Traces(tmp_path / "traces.jsonl")
        command = [sys.executable, "-m", "training.stack.assistant", "serve", "--port", str(port),
                   "--config", str(tmp_path / "slow.yaml"), "--traces", str(traces.file)]  # fmt: skip
        served = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: listening(port), served)
            client = http.client.HTTPConnection("127.0.0.1", port)
            asked = json.dumps({"question": "What is the rank of a LoRA adapter?"})
            client.request("POST", "/ask", asked, {"Content-Type": "application/json"})
            wait(traces.unfinished, served)
        finally:
            served.kill()
            served.wait()
        [left] = traces.unfinished()
        assert left["question"] == "What is the rank of a LoRA adapter?"
        again = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)
        try:
            assert left["trace_id"] in again.stderr.readline()
        finally:
            again.kill()
            again.wait()
            again.stderr.close()
