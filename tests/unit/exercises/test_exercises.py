"""Each exercise: our solution passes, wrong ones of each kind get their own message, and no message gives it away."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest

from labs_py.exercises import grading
from tests.unit.exercises.wrong_solutions import WRONG

SEEDS = range(5)
NAMES = grading.names()


def test_there_are_twenty_and_each_has_wrong_solutions() -> None:
    assert len(NAMES) >= 20
    assert set(WRONG) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_our_solution_is_right_within_a_second(name: str) -> None:
    for seed in SEEDS:
        started = time.process_time()
        assert grading.grade(name, grading.load(name).solution, seed).key == "right"
        assert time.process_time() - started < 1


@pytest.mark.parametrize("name", NAMES)
def test_wrong_solutions_get_the_message_of_their_kind(name: str) -> None:
    assert len({key for key, _ in WRONG[name]}) >= 3
    for seed in SEEDS:
        got = [grading.grade(name, text, seed) for _, text in WRONG[name]]
        assert [verdict.key for verdict in got] == [key for key, _ in WRONG[name]], [v.message for v in got]
        assert {verdict.result for verdict in got} == {"wrong"}
        assert len({verdict.message for verdict in got}) == len({verdict.key for verdict in got})


@pytest.mark.parametrize("name", NAMES)
def test_every_misconception_has_its_own_message(name: str) -> None:
    """The function of each trap, handed in, gets the trap's key: none hides behind another, at any seed."""
    exercise = grading.load(name)
    assert len({trap.key for trap in exercise.traps}) >= 3
    for seed in SEEDS:
        with np.errstate(all="ignore"):
            for trap in exercise.traps:
                assert grading._judge(exercise, trap.answer, seed).key == trap.key


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", NAMES)
def test_no_message_gives_the_solution_away(name: str) -> None:
    exercise = grading.load(name)
    steps = [line.strip() for line in exercise.solution.splitlines() if line.startswith("    ")]
    secrets = {_squeezed(step.removeprefix("return ").split(" = ")[-1]) for step in steps if len(step) > 25}
    said = [trap.message for trap in exercise.traps] + list(exercise.said.values()) + [exercise.task, exercise.starter]
    said += [grading.grade(name, text, 3).message for _, text in WRONG[name]]
    for message in said:
        assert not [secret for secret in secrets if len(secret) > 12 and secret in _squeezed(message)], message


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_reads_well(name: str) -> None:
    exercise = grading.load(name)
    assert exercise.name == name and len(exercise.hints) == 3
    assert exercise.function in exercise.starter and exercise.function in exercise.solution
    assert grading.grade(name, exercise.starter, 1).key == "empty"
    for sentence in (exercise.task, *exercise.hints, *(trap.message for trap in exercise.traps)):
        assert sentence.strip()[0].isupper() or sentence[0] == "`", sentence
        assert sentence.strip()[-1] in ".)?`", sentence


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("def lora_forward(x", "unreadable"),
        ("def other(): pass", "missing"),
        ("lora_forward = 3", "missing"),
        ("def lora_forward(*a): pass", "nothing"),
        ("def lora_forward(*a): return 'x'", "type"),
        ("def lora_forward(*a): return {}", "type"),
        ("def lora_forward(*a): return 1.0", "shape"),
        ("def lora_forward(*a): raise SystemExit(0)", "exits"),
        ("import sys\ndef lora_forward(*a): sys.exit(3)", "exits"),
        ("def lora_forward(*a): return lora_forward(*a)", "recursion"),
        ("def lora_forward(*a): return 1 / 0", "raised"),
        ("import numpy as np\ndef lora_forward(*a): return np.zeros(10**15)", "memory"),
        ("import numpy as np\ndef lora_forward(x, w, *a): return np.full((len(x), len(w)), np.nan)", "not-finite"),
        ("class E(Exception):\n def __str__(self): raise ValueError\ndef lora_forward(*a): raise E", "raised"),
        ("raise KeyError('early')", "raised"),
        ("\0", "unreadable"),
        ("def lora_forward(*a): raise KeyboardInterrupt", "raised"),
        ("raise BaseException('mine')", "raised"),
        ("class A:\n def __array__(self, *a, **k): raise OSError('no')\ndef lora_forward(*a): return A()", "raised"),
        ("import numpy as np\nnp.asarray = None\ndef lora_forward(*a): return 1.0", "shape"),
        ("import numpy as np\nnp.allclose = max\ndef lora_forward(x, w, *a): return x @ w.T", "no-adapter"),
    ],
)  # fmt: skip
def test_whatever_code_does_is_a_sentence(text: str, key: str) -> None:
    verdict = grading.grade("lora-forward", text, 1)
    assert (verdict.result, verdict.key) == ("wrong", key), verdict
    assert "\n" not in verdict.message and len(verdict.message) < 400


def test_what_code_puts_in_place_of_a_librarys_functions_lasts_no_longer_than_the_code() -> None:
    before = np.log, np.random.default_rng, np.linalg.norm, math.log, len
    text = """
import builtins, math
import numpy as np
np.log, np.random.default_rng, np.linalg.norm, math.log = np.log2, None, None, math.log2
del np.exp
builtins.len = lambda what: 1
def lora_forward(*given):
    np.sqrt = None
    return 1.0
"""
    assert grading.grade("lora-forward", text, 1).key == "shape"
    assert (np.log, np.random.default_rng, np.linalg.norm, math.log, len) == before
    assert np.exp(0) == np.sqrt(1) == 1


def test_an_error_names_the_line_of_the_readers_code() -> None:
    text = "import numpy as np\n\ndef lora_forward(x, w, a, b, alpha):\n    return np.linalg.inv(w)\n"
    assert "in line 4" in grading.grade("lora-forward", text, 1).message


def test_cases_differ_by_seed_and_repeat_with_it() -> None:
    for name in NAMES:
        exercise = grading.load(name)
        draws = [exercise.cases(np.random.default_rng(seed)) for seed in (1, 1, 2)]
        assert grading.same(draws[0], draws[1]) and not grading.same(draws[0], draws[2])


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(KeyError, match="lora-forward"):
        grading.load("nothing")
