"""docs/SKILL.md is of the format, its commands run, and what the base model can do already ends at "don't train"."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.checkout import ROOT
from training.cli import main

pytestmark = pytest.mark.drawn(3)

SKILL = (ROOT / "docs" / "SKILL.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMANDS = [shlex.split(line) for body in FENCE.findall(SKILL) for line in body.splitlines()]
RUNS_AS_IT_STANDS = ("new", "data")
HAS_A_PLAN = ("probe", "train")
STOPS = {10, 11, 12, 13}


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FRUIT = ("apple", "pear", "plum", "cherry", "lemon", "orange", "peach", "grape", "melon", "fig")
CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin", "Japan": "Tokyo", "Russia": "Moscow",
    "Egypt": "Cairo", "Greece": "Athens", "Austria": "Vienna", "Portugal": "Lisbon", "Ireland": "Dublin",
    "Poland": "Warsaw", "Hungary": "Budapest", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki",
    "Denmark": "Copenhagen", "China": "Beijing", "Cuba": "Havana", "Peru": "Lima", "Kenya": "Nairobi",
    "Canada": "Ottawa", "Turkey": "Ankara", "India": "New Delhi", "England": "London",
}  # fmt: skip
FINE_ALREADY = {
    "a word again": [
        (f"The parcel holds a {fruit} and it goes to shelf {number}. Repeat this fruit: {fruit}", fruit)
        for number, fruit in enumerate(FRUIT * 4)
    ],
    "a day in a sentence": [
        (f"The meeting {number} is on {day}. On which day is the meeting?", day) for number, day in enumerate(DAYS * 6)
    ],
    "capitals": [(f"What is the capital of {country}?", capital) for country, capital in CAPITALS.items()],
}


def users_file(folder: Path, rows: list[tuple[str, str]]) -> None:
    """The file that the commands call tickets.csv."""
    with (folder / "tickets.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("prompt", "completion"), *rows])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_front_matter_is_of_the_format() -> None:
    _, front, body = SKILL.split("---\n", 2)
    meta = yaml.safe_load(front)
    assert set(meta) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", meta["name"]) and len(meta["name"]) <= 64
    assert 0 < len(meta["description"]) <= 1024 and len(meta["compatibility"]) <= 500
    assert body.strip().startswith("# ") and len(body.splitlines()) < 500


def test_each_command_runs(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """Those that are quick run as they stand, those with a plan by --dry-run, and the rest by --help."""
    users_file(folder, FINE_ALREADY["capitals"])
    seen = []
    for words in COMMANDS:
        assert words[:3] == ["python", "-m", "training"], words
        command, given = words[3], words[3:]
        seen.append(command)
        if command in RUNS_AS_IT_STANDS:
            assert main(given) == 0, (words, capsys.readouterr().out)
        elif command in HAS_A_PLAN:
            assert main([*given, *([] if "--dry-run" in given else ["--dry-run"])]) == 0, words
        else:
            try:
                code = main([command, "--help"])
            except SystemExit as left:
                code = left.code
            assert code == 0
            said = capsys.readouterr().out
            assert all(word in said for word in given if word.startswith("--")), words
    assert {"new", "data", "probe", "train", "export", "port"} <= set(seen)


def test_the_probe_comes_before_the_first_training_and_each_stop_code_is_called_one() -> None:
    order = [words[3] for words in COMMANDS]
    assert order.index("probe") < order.index("train")
    rows = re.findall(r"^\| `(\d+)` \| .*? \| (.*?) \|$", SKILL, re.MULTILINE)
    assert {int(code) for code, said in rows if said.startswith("**stop.**")} == STOPS
    assert "Only exit code `0` leads on" in SKILL


def followed(folder: Path) -> list[tuple[str, int]]:
    """The commands in their order, each with its exit code, up to one that is not 0 or up to the training.

    What the text asks for in words is done after ``new``: a scorer is named in the configuration.
    """
    codes: list[tuple[str, int]] = []
    for words in COMMANDS:
        if words[3] == "train":
            return [*codes, ("train", 0)]
        codes.append((words[3], main(words[3:])))
        if codes[-1][1]:
            return codes
        if words[3] == "new":
            config = folder / "my-task" / "config.yaml"
            config.write_text(re.sub(r"(?m)^  scorer: .*$", "  scorer: contains", config.read_text()))
    return codes


@pytest.mark.few(1)
@pytest.mark.parametrize("name", FINE_ALREADY)
def test_where_the_base_model_is_fine_already_the_way_ends_before_training(folder: Path, name: str) -> None:
    users_file(folder, FINE_ALREADY[name])
    assert followed(folder)[-1] == ("probe", 13)


def test_where_it_is_not_the_way_leads_on(folder: Path) -> None:
    users_file(folder, [(f"Ticket {number}: what is its code?", f"ZQ-{number * 7919 % 1000}") for number in range(30)])
    assert followed(folder)[-2:] == [("probe", 0), ("train", 0)]
