"""A judge behind an address: both orders, ties, agreement with the reader's labels, and what goes wrong in one line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from training.data.scorers import judge
from training.run.errors import BadInput, LackingResource


def parts(prompt: str) -> tuple[str, str]:
    """Answer A and answer B of the judge's prompt."""
    first = prompt.split("Answer A:\n")[1].split("\n\nAnswer B:")[0]
    return first, prompt.split("Answer B:\n")[1].split("\n\nWhich answer")[0]


def longer(prompt: str) -> str:
    """A judge that likes the longer answer."""
    first, second = parts(prompt)
    return "A" if len(first) > len(second) else "B" if len(second) > len(first) else "TIE"


@contextmanager
def served(answer: Callable[[str], str | int | bytes]) -> Iterator[tuple[str, list[str]]]:
    """The address of a judge, and the prompts that it was asked; it may also give a status or bytes."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["messages"][0]["content"])
            given = answer(asked[-1])
            text = json.dumps({"choices": [{"message": {"content": given}}]}).encode()
            self.send_response(given if isinstance(given, int) else 200)
            self.end_headers()
            self.wfile.write(given if isinstance(given, bytes) else text)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_both_orders_are_asked_and_the_better_answer_wins() -> None:
    with served(longer) as (url, asked):
        scorer = judge.scorer(judge.endpoint(url, "m"))
        turns = [{"role": "user", "content": "How long?"}]
        assert scorer.score("a long answer", "short", turns)["exact"] == 1
        assert scorer.score("no", "longer", turns) == {"exact": 0, "valid": 1, "content": 0, "tie": 0}
        assert len(asked) == 4 and parts(asked[0]) == parts(asked[1])[::-1]
        assert scorer.score("a long answer", "short", turns)["exact"] == 1 and len(asked) == 4  # known by now
        assert scorer.score("the same", "the same", turns)["tie"] == 1 and len(asked) == 4


@pytest.mark.parametrize("said", ["A", "B", "TIE", "neither", "A or B"])
def test_a_judge_that_looks_at_the_place_ties_everything(said: str) -> None:
    assert judge.compare(lambda prompt: said, "q", "one answer", "another") == 0.5


def test_agreement_with_the_readers_labels(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [("long one", "x", "a"), ("x", "long one", "b"), ("long one", "x", "b"), ("ab", "cd", "tie")]
    file.write_text("\n".join(json.dumps({"prompt": "q", "a": a, "b": b, "label": said}) for a, b, said in rows))
    found = judge.agreement(longer, judge.read_labels(file))
    chance = (2 * 1 + 1 * 2 + 1 * 1) / 16
    assert found == {"n": 4, "agreement": 0.75, "kappa": pytest.approx((0.75 - chance) / (1 - chance)), "ties": 0.25}
    assert judge.agreement_line(found).startswith("the judge agrees with 75% of your 4 labels, Cohen's kappa 0.6")


@pytest.mark.parametrize("line", ['{"prompt": "q", "a": "x", "b": "y"}', '{"a": "x"}', "", "[]\n",
                                  '{"prompt": "q", "a": "x", "b": "y", "label": "c"}'])  # fmt: skip
def test_labels_that_are_none_are_one_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(line)
    with pytest.raises(BadInput, match="labels.jsonl"):
        judge.read_labels(tmp_path / "labels.jsonl")


@pytest.mark.parametrize("given", [404, b"no JSON", b'{"choices": []}'])
def test_an_address_that_is_no_judge_is_one_line(given: int | bytes) -> None:
    with served(lambda prompt: given) as (url, _), pytest.raises(LackingResource, match="task.judge.url") as caught:
        judge.endpoint(url, "m")("prompt")
    assert "\n" not in str(caught.value)


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "WAIT_S", 0)
    with pytest.raises(LackingResource, match="does not answer"):
        judge.endpoint("http://127.0.0.1:9", "m")("prompt")
    with pytest.raises(BadInput, match="is no address"):
        judge.endpoint("127.0.0.1:9", "m")
    monkeypatch.setenv("STAGE10_OFFLINE", "1")
    with pytest.raises(LackingResource, match="STAGE10_OFFLINE"):
        judge.endpoint("https://example.org/v1", "m")


def test_the_key_does_not_follow_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    stolen: list[str | None] = []

    class SendsOn(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            stolen.append(self.headers.get("Authorization")) if self.path.startswith("/elsewhere") else None
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), SendsOn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ask = judge.endpoint(f"http://127.0.0.1:{server.server_port}/v1", "m")
    with pytest.raises(LackingResource, match="refuses the call"):
        ask("Which is better?")
    assert stolen == []
    server.shutdown()
