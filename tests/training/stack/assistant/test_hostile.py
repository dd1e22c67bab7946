"""The assistant among bad neighbours: clients that stall, foreign pages, teachers that trickle, redirect or lie."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.data.retrieval import answer, pages
from training.run.endpoint import chat_call
from training.stack.assistant import patient_protocol
from training.stack.assistant.traces import NoTrace, Traces

pytestmark = pytest.mark.drawn(7)

QUESTION = json.dumps({"question": "With which values do A and B start in LoRA?"})
JSON = {"Content-Type": "application/json"}
CONFIG = "name: t\nbackend: endpoint\nthreshold: 0.1\ntimeout_s: {seconds}\nurl: {url}\nkey_from: TEACHER_KEY\n"


class Teacher:
    """An endpoint whose every answer ``act`` writes; ``seen`` holds the headers that came."""

    def __init__(self, act: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.seen: list[dict] = []
        teacher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                teacher.seen.append(dict(self.headers))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    act(self)
                except OSError:
                    pass

            do_GET = do_CONNECT = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"


def say(handler: BaseHTTPRequestHandler, content: object) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).encode())


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def ask(url: str, seconds: float = 5.0) -> chat_call.Completion:
    return chat_call.complete(url, {"messages": []}, "TEACHER_KEY", seconds)


def test_the_key_does_not_follow_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sesame")
    thief = Teacher(lambda handler: say(handler, "stolen"))

    def send_on(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", thief.url)
        handler.end_headers()

    with pytest.raises(chat_call.NoAnswer, match="another address"):
        ask(Teacher(send_on).url)
    assert thief.seen == []


def test_an_address_on_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Teacher(lambda handler: say(handler, "from the proxy"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(Teacher(lambda handler: say(handler, "direct")).url).text == "direct"
    assert proxy.seen == []


@pytest.mark.parametrize("slow", [trickle, lambda handler: time.sleep(3)], ids=["trickling", "silent"])
def test_the_deadline_is_for_the_whole_call(slow: Callable) -> None:
    start = time.monotonic()
    with pytest.raises(chat_call.NoAnswer, match=r"within 0\.3 s"):
        ask(Teacher(slow).url, 0.3)
    assert time.monotonic() - start < 2.5


def large(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"[" * 1_000_000)


def counts_without_end(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": Infinity}}')


def is_sure_of_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"logprob": NaN}]}}]}')


LIES = [large, counts_without_end, is_sure_of_nothing,
        *(lambda handler, content=content: say(handler, content) for content in (3, ["a"], {"a": 1}))]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=["large", "endless count", "not a probability", "number", "list", "object"])
def test_what_is_no_completion_is_one_line(lie: Callable) -> None:
    with pytest.raises(chat_call.NoCompletion) as found:
        ask(Teacher(lie).url)
    assert "\n" not in str(found.value)


def test_a_long_completion_is_cut_before_it_is_read_any_further() -> None:
    assert len(ask(Teacher(lambda handler: say(handler, "! " * 100_000)).url).text) == chat_call.MOST_CHARACTERS


@pytest.mark.parametrize("part", ["! ", ".", " ", ".[1]", "A. ", "1,1.", "[", '"', "matrix "])
def test_the_longest_completion_is_read_in_a_moment(part: str) -> None:
    passages = pages.passages_of("labs/rank", "# Rank\n\nTraining begins with the matrix B at zero.\n")
    start = time.process_time()
    answer.read(f"A sentence. {part * (chat_call.MOST_CHARACTERS // len(part))}", passages)
    assert time.process_time() - start < 1.0  # a pattern that goes back over what it has read takes some seconds


def test_a_key_that_no_header_takes_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", "se\nsame")
    with pytest.raises(chat_call.NoAnswer, match="TEACHER_KEY") as found:
        ask("http://127.0.0.1:9/v1")
    assert "sesame" not in str(found.value).replace("\n", "")


def test_certificates_are_read_once_for_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    read, load = [], ssl.SSLContext.load_verify_locations
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given, **named: read.append(1) or
                        load(*given, **named))  # fmt: skip
    url = Teacher(lambda handler: say(handler, "well")).url
    callers = [threading.Thread(target=ask, args=(url,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(read) <= 1  # each reading holds all threads up for some 35 ms


def test_a_password_in_the_address_is_not_shown() -> None:
    assert chat_call.shown("https://me:secret@host:8/v1") == "https://host:8/v1"


def test_calls_in_flight_can_be_ended() -> None:
    threading.Timer(0.3, chat_call.cancel_all).start()
    start = time.monotonic()
    with pytest.raises(chat_call.NoAnswer, match="stops"):
        ask(Teacher(trickle).url, 20)
    assert time.monotonic() - start < 5


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def served(root: Path, tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    """The command itself, with a teacher that trickles."""
    (tmp_path / "slow.yaml").write_text(CONFIG.format(seconds=2.0, url=Teacher(trickle).url))
    port = free_port()
    command = [sys.executable, "-m", "training.stack.assistant", "serve", "--port", str(port),
               "--config", str(tmp_path / "slow.yaml"), "--traces", str(tmp_path / "traces.jsonl")]  # fmt: skip
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    yield port, process
    process.kill()
    process.wait()


def post(port: int, headers: dict[str, str], host: str = "") -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("POST", "/ask", QUESTION, headers | ({"Host": host} if host else {}))
    return client.getresponse().status


def test_a_server_with_a_trickling_teacher_stays_well(served: tuple[int, subprocess.Popen]) -> None:
    port, process = served
    foreign = {**JSON, "Origin": "https://elsewhere.example"}
    assert post(port, {"Content-Type": "text/plain"}) == 415 and post(port, foreign) == 403
    assert post(port, JSON, host="elsewhere.example") == 400
    codes: list[int] = []
    clients = [threading.Thread(target=lambda: codes.append(post(port, JSON))) for _ in range(60)]
    for client in clients:
        client.start()
    slowest = 0.0
    for _ in range(10):
        start = time.monotonic()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/health")
        assert client.getresponse().status == 200
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.1)
    for client in clients:
        client.join()
    assert codes == [503] * 60 and slowest < 2  # far below the 30 s and more of a frozen server
    waiting = threading.Thread(target=lambda: codes.append(post(port, JSON)))
    waiting.start()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) is not None
    waiting.join()


def test_idle_connections_are_closed_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn

    async def app(scope: dict, receive: Callable, send: Callable) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"well"})

    monkeypatch.setattr(patient_protocol, "HEAD_S", 0.4)
    monkeypatch.setattr(patient_protocol.PatientProtocol, "MOST", 5)
    port = free_port()
    config = uvicorn.Config(app, port=port, http=patient_protocol.PatientProtocol, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
    for line in idle:
        line.settimeout(10)
        try:
            assert line.recv(1) == b""  # closed by the server, those above the limit at once
        except ConnectionResetError:
            pass
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().read() == b"well"
    server.should_exit = True
    thread.join()


def test_traces_are_private_and_rotate(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "t.jsonl", most_bytes=2_000)
    ids = [traces.begin(f"question {n}") for n in range(30)]
    assert traces.file.stat().st_mode & 0o777 == 0o600
    assert traces.file.stat().st_size <= 2_000 and (tmp_path / "t.jsonl.1").stat().st_size <= 2_000
    assert len(list(tmp_path.iterdir())) == 2 and traces.unfinished()[-1]["trace_id"] == ids[-1]


def test_open_questions_are_found_without_holding_the_file(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "t.jsonl")
    left = traces.begin("open")
    line = {"trace_id": "t", "at": "now", "question": "q" * 2_000}
    with traces.file.open("a") as file:
        for number in range(2_000):
            file.write(json.dumps(line | {"trace_id": f"{number}", "event": "asked"}) + "\n")
            file.write(json.dumps(line | {"trace_id": f"{number}", "event": "closed"}) + "\n")
    tracemalloc.start()
    found = traces.unfinished()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [one["trace_id"] for one in found] == [left]
    assert traces.file.stat().st_size > 8_000_000 and peak < 1_000_000


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = Traces(tmp_path / "t.jsonl")
    first, write = traces.begin("one"), os.write

    def full(handle: int, content: bytes) -> int:
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(handle, content[:-10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NoTrace, match="No space left"):
        traces.begin("two")
    monkeypatch.undo()
    assert traces.file.read_bytes().endswith(b"\n")
    assert [line["trace_id"] for line in traces.unfinished()] == [first]
