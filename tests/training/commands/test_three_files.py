"""From a file to a served answer, by the commands of the folder's own README alone.

In ``make test`` each command runs on a tiny random model with three steps; ``make test-long`` takes the bundled model
and the README's words as they stand, and wants a verdict that is a gain.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import ROOT
from tests.training import three_files
from training.cli import main
from training.commands.new import scorer_for
from training.data.tasks import base as task_base
from training.run import jsonl

SCORERS = {"notes.json": "choice:", "bakery.jsonl": "json", "times.csv": "normalized_exact"}
WHOLE = "bakery.jsonl"
VERDICTS = (0, 10, 11, 12)


def commands_of(readme: str) -> list[str]:
    """The command of each numbered step."""
    return re.findall(r"^\d\. .*\n +`(.+)`$", readme, re.MULTILINE)


def run_in(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, *more: str) -> int:
    """Run a ``python -m training`` line where the reader stands."""
    monkeypatch.chdir(folder)
    return main([*shlex.split(command.removeprefix("python -m training ")), *more])


def served_answer(serve: str, ask: str, folder: Path) -> dict[str, Any]:
    """Start the README's server on a free port, send it what the README's curl sends, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = shlex.split(serve.replace("--port 8000", f"--port {port}"))
    request = shlex.split(ask.replace(":8000", f":{port}"))
    body = (folder / request[-1].removeprefix("@")).read_bytes()
    address = next(word for word in request if word.startswith("http://"))
    with subprocess.Popen([sys.executable, *words[1:]], cwd=folder, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if line.startswith("serving "))
            assert f":{port}/v1" in said
            asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=120) as response:
                return json.load(response)
        finally:
            process.terminate()


@pytest.mark.few(1)
@pytest.mark.parametrize("name", three_files.MAKERS)
def test_a_file_comes_to_a_verdict_a_gguf_and_a_served_answer(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    three_files.write(tmp_path)
    assert run_in(tmp_path, monkeypatch, f"python -m training new mine --from {name}") == 0
    said = capsys.readouterr().out
    assert "120 rows" in said and f"scorer: {SCORERS[name]}" in said
    check, by_heart, train, export, serve, ask = commands_of((tmp_path / "mine" / "README.md").read_text())
    assert run_in(tmp_path, monkeypatch, check) == 0
    assert run_in(tmp_path, monkeypatch, train, "--smoke") in VERDICTS
    report = json.loads((tmp_path / "mine" / "run" / "report.json").read_text())
    assert report["gate"]["sentence"] and report["eval"]["test"]["exact"]["n"] > 0
    assert run_in(tmp_path, monkeypatch, export) == 0
    assert (tmp_path / "mine" / "shipped" / "model.gguf").read_bytes()[:4] == b"GGUF"
    if name == WHOLE:  # a server and sixty steps take seconds, and they do not ask what form the file had
        assert run_in(tmp_path, monkeypatch, by_heart, "--smoke") in (0, 11)
        answer = served_answer(serve, ask, tmp_path)
        assert answer["object"] == "chat.completion" and isinstance(answer["choices"][0]["message"]["content"], str)


@pytest.mark.long
@pytest.mark.parametrize("name", three_files.MAKERS)
def test_the_bundled_model_gains_on_each_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    three_files.write(tmp_path)
    started = time.monotonic()
    assert run_in(tmp_path, monkeypatch, f"python -m training new mine --from {name}") == 0
    *lines, serve, ask = commands_of((tmp_path / "mine" / "README.md").read_text())
    assert [run_in(tmp_path, monkeypatch, line) for line in lines] == [0, 0, 0, 0]
    answer = served_answer(serve, ask, tmp_path)["choices"][0]["message"]["content"]
    expected = task_base.target(jsonl.read(tmp_path / "mine" / "test.jsonl")[0])
    print(f"{name}: {time.monotonic() - started:.0f} s; answered {answer!r}, expected {expected!r}")


def test_the_three_files_are_three_forms_and_ask_nothing_twice(tmp_path: Path) -> None:
    for path in three_files.write(tmp_path):
        main(["data", "convert", str(path), str(tmp_path / f"{path.stem}.converted.jsonl")])
        rows = jsonl.read(tmp_path / f"{path.stem}.converted.jsonl")
        assert len({json.dumps(row["messages"][:-1]) for row in rows}) == three_files.ROWS
        assert scorer_for([task_base.target(row) for row in rows])[0].startswith(SCORERS[path.name])
