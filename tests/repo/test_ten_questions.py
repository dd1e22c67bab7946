"""The ten questions of docs/reference/how-it-is-built.md: each is answered by a file and a name that stands in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.repo.test_imports import ROOMS, TOP

PAGE = (ROOT / "docs" / "reference" / "how-it-is-built.md").read_text(encoding="utf-8")
ANSWER = re.compile(r"^\| (?P<question>[^|]+\?) \| `(?P<file>[^`|]+)` \| `(?P<symbol>[^`|]+)` \|$", re.MULTILINE)
ROOM = re.compile(r"^\| (?P<floor>first|second|third|fourth|fifth|sixth) \| `(?P<room>\w+)` \|", re.MULTILINE)


def section(title: str) -> str:
    """The text of one section of the page."""
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


ANSWERS = [found.groupdict() for found in ANSWER.finditer(section("Ten questions of a newcomer"))]


def holds(file: Path, symbol: str) -> bool:
    """Whether a file defines a name; in Python by its syntax tree (``Class.method``), elsewhere as a whole word."""
    if file.suffix != ".py":
        return re.search(rf"(?<![\w.]){re.escape(symbol)}(?![\w.])", file.read_text(encoding="utf-8")) is not None
    inside: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for name in symbol.split("."):
        found = [node for node in inside if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name]
        if not found:
            return False
        inside = found[0].body
    return True


def test_there_are_ten_and_every_row_of_the_table_is_read() -> None:
    rows = [line for line in section("Ten questions of a newcomer").splitlines() if line.startswith("| ")]
    assert len(ANSWERS) == 10 == len(rows) - 2  # the head and the line under it
    assert len({answer["question"] for answer in ANSWERS}) == 10


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["question"])
def test_the_answer_is_there(answer: dict[str, str]) -> None:
    file = ROOT / answer["file"]
    assert file.is_file(), f"{answer['file']} is not there"
    assert holds(file, answer["symbol"]), f"{answer['file']} has no {answer['symbol']}"


def test_a_name_that_is_not_there_is_seen() -> None:
    assert not holds(ROOT / "training" / "methods" / "dpo" / "loss.py", "dpo_los")
    assert not holds(ROOT / "training" / "models" / "fused_lora.py", "FusedLora.fore")
    assert not holds(ROOT / "overrides" / "labs" / "charts" / "heatmap.js", "drawHeat")


def test_the_page_names_the_rooms_of_training_in_their_order() -> None:
    found = ROOM.findall(section("The rooms of training"))
    folders = {path.parent.name for path in (ROOT / "training").glob("*/__init__.py")}
    assert [room for _, room in found] == [*ROOMS, *TOP]
    assert {room for _, room in found} == folders
    assert [floor for floor, _ in found] == ["first", "second", "third", "fourth", *["fifth"] * 2, *["sixth"] * 3]
