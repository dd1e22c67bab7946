"""The line under "How to get it again" of a computed number runs as it stands, and prints that number."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys

import pytest

from labs_py import fact
from labs_py.core.facts import FACTS
from tests.checkout import ROOT

CALL = re.compile(r"\{\{\s*(computed\(.*?\))\s*\}\}", re.DOTALL)
OURS = {"format", "digits"}  # how the page writes the value


def calls() -> list[tuple[str, dict]]:
    """Every call of a tested function on a page: its name and arguments."""
    found = []
    for page in sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "reference").glob("*.yml")]):
        for text in CALL.findall(page.read_text(encoding="utf-8")):
            call = ast.parse(text, mode="eval").body
            assert isinstance(call, ast.Call), text
            arguments = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg not in OURS}
            found.append((ast.literal_eval(call.args[0]), arguments))
    return found


def test_every_line_says_the_same_function_and_arguments() -> None:
    found = calls()
    assert len(found) >= 200  # the long tables of them are figures
    for name, arguments in found:
        words = shlex.split(fact.line(name, arguments))
        assert words[:3] == ["python", "-m", "labs_py.fact"]
        assert fact.read(words[3:]) == (name, arguments) and name in FACTS


@pytest.mark.parametrize("name, arguments", [calls()[7], ("low_rank_share", {"rows": 64, "columns": 64, "rank": 8})])
def test_a_line_runs_in_a_shell(name: str, arguments: dict) -> None:
    line = fact.line(name, arguments).replace("python", shlex.quote(sys.executable), 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout.strip() == str(FACTS[name](**arguments))


@pytest.mark.parametrize(
    "words", [["nothing"], ["low_rank_share", "rows=many"], ["low_rank_share", "rows"], ["low_rank_share"]]
)
def test_a_wrong_line_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert fact.main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
