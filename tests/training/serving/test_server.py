"""A run behind an address: it answers as the adapter on the base does, refuses in one line, and ends at SIGTERM."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.serving.made_runs import make_run
from training.cli import main
from training.data.tasks.orders.task import TASK
from training.methods.configuration import load_config
from training.models import chat_template, tiny
from training.serving import server, shipment, stations

pytestmark = pytest.mark.drawn(3)


def asked(address: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of a request."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_served_run_answers_as_it_was_measured_and_ends_at_sigterm(tmp_path: Path) -> None:
    run = make_run(tmp_path, "qwen3")
    command = [sys.executable, "-m", "training", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if line.startswith("serving "))
            address = said.split()[3]
            assert address.startswith("http://127.0.0.1:")
            assert asked(address.removesuffix("/v1") + "/health") == (200, {"status": "ok"})
            _, models = asked(f"{address}/models")
            assert [one["id"] for one in models["data"]] == ["run"]
            turns = [{"role": "user", "content": "Where is my kettle?"}]
            status, answer = asked(f"{address}/chat/completions", {"model": "run", "messages": turns})
            assert status == 200 and answer["object"] == "chat.completion"
            status, fault = asked(f"{address}/chat/completions", {"messages": [{"role": "nobody", "content": "a"}]})
            assert status == 400 and "messages[0].role" in fault["detail"]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    (tmp_path / "scratch").mkdir()
    opened = shipment.open_run(run, load_config(run / "config.yaml"), tmp_path / "scratch")
    station = stations.reference(opened)
    prompt = chat_template.prompt_ids(opened.tokenizer, [{"role": "system", "content": TASK.system}, *turns])
    out = station.model.generate(input_ids=torch.tensor([prompt]), do_sample=False, max_new_tokens=12,
                                 eos_token_id=opened.stops, pad_token_id=2)[0, len(prompt) :].tolist()  # fmt: skip
    assert answer["choices"][0]["message"]["content"] == stations.text_of(station, out)
    assert answer["usage"]["prompt_tokens"] == len(prompt)


@pytest.mark.parametrize(("body", "said"), [
    ({}, "messages"), ({"messages": "hello"}, "messages"), ({"messages": [{"role": "user", "content": 3}]}, "content"),
    ({"messages": [{"role": "user", "content": "a"}], "max_tokens": 0}, "max_tokens"),
    ({"messages": [{"role": "user", "content": "a"}], "temperature": "hot"}, "temperature"),
])  # fmt: skip
def test_a_request_that_cannot_be_answered_is_told_why(body: dict[str, Any], said: str) -> None:
    assert server.fault_of(body).startswith(said) or said in server.fault_of(body)


def test_a_request_gets_the_runs_turn_and_limit_where_it_has_none() -> None:
    turns = [{"role": "user", "content": "a"}]
    found = server.prepared({"messages": turns, "model": "gpt"}, "run", "Be brief.", 9)
    assert found["messages"] == [{"role": "system", "content": "Be brief."}, *turns]
    assert (found["model"], found["max_tokens"]) == ("run", 9)
    own = [{"role": "system", "content": "Be long."}, *turns]
    found = server.prepared({"messages": own, "max_completion_tokens": 3}, "run", "Be brief.", 9)
    assert found["messages"] == own and "max_tokens" not in found
    assert server.fault_of({"messages": own, "temperature": 0.5, "max_tokens": 4}) == ""


def test_greedy_unless_a_temperature_is_asked_for_and_the_stops_are_the_runs() -> None:
    model, tokenizer = tiny.model("llama")
    server.make_app(model, tokenizer, "run", "", 4)
    assert set(model.generation_config.eos_token_id) == chat_template.stop_ids(tokenizer)  # pyrefly: ignore
    assert model.generation_config.do_sample is False


def test_a_port_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, "llama")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (str(taken.getsockname()[1]), "70000"):
            capsys.readouterr()
            assert main(["serve", str(run), "--port", port]) == 2
            said = capsys.readouterr().err.strip()
            assert said.startswith("error: serve: ") and "\n" not in said and port in said
