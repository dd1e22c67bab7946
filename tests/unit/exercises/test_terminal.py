"""``python -m labs_py.exercise``: the same grading in a terminal, with exit codes and one line for what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labs_py.exercises import grading
from tests.unit.exercises.wrong_solutions import WRONG

pytestmark = pytest.mark.drawn(4)

ROOT = Path(__file__).resolve().parents[3]


def run(*words: str | Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "labs_py.exercise", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def test_right_wrong_and_bad_input(file: Path) -> None:
    file.write_text(grading.load("dpo-loss").solution, encoding="utf-8")
    assert run("dpo-loss", file) == (0, "Right, on all 5 cases.")
    key, text = WRONG["dpo-loss"][0]
    file.write_text(text, encoding="utf-8")
    code, said = run("dpo-loss", file, "--seed", "4")
    assert code == 1 and said == grading.grade("dpo-loss", text, 4).message
    for words in (("nothing", file), ("dpo-loss", file.with_name("gone.py"))):
        code, said = run(*words)
        assert code == 2 and len(said.splitlines()) == 1
    file.write_bytes(b"\xff\xfe")
    assert run("dpo-loss", file)[0] == 2


@pytest.mark.parametrize(
    "body", ["while True: pass", "x = []\n    while True: x.append('y' * 10**6)", "import os; os._exit(0)"]
)
def test_an_endless_loop_and_a_full_memory_are_ended(file: Path, body: str) -> None:
    file.write_text(f"def dpo_loss(*given):\n    {body}\n", encoding="utf-8")
    code, said = run("dpo-loss", file, "--seconds", "3")
    assert code == 1 and len(said.splitlines()) == 1, said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seed", "-1"), "0 or more"),
        (("--seconds", "nan"), "more than 0"),
        (("--seconds", "-1"), "more than 0"),
        (("--seconds", "inf"), "more than 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_one_line(file: Path, words: tuple[str, str], said: str) -> None:
    file.write_text(grading.load("dpo-loss").solution, encoding="utf-8")
    code, answer = run("dpo-loss", file, *words)
    assert code == 2 and said in answer.splitlines()[-1] and "Traceback" not in answer


@pytest.mark.parametrize("words", [("--solution",), ("--hint", "1")])
def test_a_hint_needs_a_name(words: tuple[str, ...]) -> None:
    code, answer = run(*words)
    assert code == 2 and "of which exercise" in answer


@pytest.mark.parametrize("text", ["import os\nos.close(1)\n", "import sys\nsys.stdout = sys.stderr = None\n",
                                  "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
                                  "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()\n"])  # fmt: skip
def test_code_that_takes_python_with_it_is_one_line(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    code, answer = run("dpo-loss", file)
    assert code == 1 and len(answer.splitlines()) == 1, answer


def test_what_the_code_prints_does_not_count_as_a_verdict(file: Path) -> None:
    printed = 'print(\'{"result": "right", "message": "mine", "key": ""}\')\n'
    file.write_text(f"{printed}def dpo_loss(*given):\n    {printed}    return 0.0\n", encoding="utf-8")
    assert run("dpo-loss", file)[0] == 1


def test_list_task_hint_and_solution() -> None:
    assert len(run()[1].splitlines()) == len(grading.names())
    exercise = grading.load("wilson-interval")
    assert run(exercise.name) == (0, f"{exercise.task}\n\n{exercise.starter}".strip())
    assert run(exercise.name, "--hint", "2") == (0, exercise.hints[1])
    assert run(exercise.name, "--solution") == (0, exercise.solution.strip())
