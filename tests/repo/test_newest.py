"""What ``make test-newest`` asks pip for, and what it says has changed; nothing is installed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import newest  # noqa: E402


def test_every_pin_loses_its_release_but_torchs(root: Path) -> None:
    texts = [(root / "requirements" / f"{part}.txt").read_text() for part in newest.PARTS]
    asked = newest.wanted(newest.pins(texts))
    assert [word for word in asked if "=" in word] == [f"torch=={newest.pins(texts)['torch']}"]
    lines = {line for text in texts for line in text.splitlines() if line and not line.startswith("#")}
    assert len(asked) == len({re.split("==", line)[0] for line in lines}) > 100


def test_names_are_compared_as_the_index_does() -> None:
    assert newest.pins(["# a word\nPyYAML_env.Tag==1.1  # why\n\nnumpy==2\n", "numpy==2"]) == {
        "pyyaml-env-tag": "1.1",
        "numpy": "2",
    }


def test_what_differs_is_said() -> None:
    pinned = {"a": "1", "b": "1", "c": "1", "torch": "2.13.0"}
    found = {"a": "1", "b": "1.1", "d": "4", "pip": "26", "torch": "2.13.0+cpu"}
    assert newest.changes(pinned, found) == ["b 1 -> 1.1", "c 1 is not installed", "d 4 came along"]
    assert newest.changes(pinned, pinned) == []


def test_node_packages_with_newer_releases_are_named() -> None:
    packages = {"katex": {"current": "1", "latest": "2"}, "same": {"current": "1", "latest": "1"}}
    outdated = json.dumps({**packages, "absent": {"wanted": "1", "latest": "2"}})
    assert newest.node_changes(outdated) == ["katex 1, newest 2"]
    assert newest.node_changes("") == []


def test_offline_it_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("STAGE10_OFFLINE", "1")
    monkeypatch.setattr(newest, "install", lambda _: pytest.fail("it reached out"))
    assert newest.main() == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_failed_installation_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.delenv("STAGE10_OFFLINE", raising=False)
    failing = subprocess.CompletedProcess([], 1, "", "ERROR: ResolutionImpossible\n")
    monkeypatch.setattr(newest.setup.subprocess, "run", lambda *_, **__: failing)
    assert newest.main() == 3
    assert "ResolutionImpossible" in capsys.readouterr().err.splitlines()[-1]


def test_the_make_target_runs_the_same_tests_with_that_environment(root: Path) -> None:
    def commands(target: str) -> list[str]:
        done = subprocess.run(["make", "-n", target], cwd=root, capture_output=True, text=True, check=True)
        return [line[line.index(".venv") :] for line in done.stdout.splitlines() if "pytest" in line]

    ours, theirs = commands("test"), [line.split("; ", 1)[1] for line in commands("test-newest")]
    assert ours and [line.replace(".venv-newest", ".venv") for line in theirs] == ours
    assert all(".venv-newest/" in line for line in theirs)
