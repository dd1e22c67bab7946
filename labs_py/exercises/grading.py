"""Grade a reader's function on hidden cases, and name the misconception behind a wrong answer.

A misconception is written as the function that somebody who has it would write. Where the reader's answers equal that
function's on every case that came out wrong, its message is the verdict.
"""

from __future__ import annotations

import builtins
import copy
import importlib
import math
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labs_py import exercises

TOLERANCE = 1e-6  # of the largest number of an answer
ROUND_OFF = 1e-12  # what is closer than this is equal, however small the answer is
PACKAGE = exercises.__name__
SOURCE = "<your code>"
SHARED = tuple(vars(module) for module in (np, np.linalg, np.random, math, builtins))
"""Names that a reader's code could set anew for all that runs after it."""

Case = tuple[Any, ...]
Answer = Callable[..., Any]


@dataclass(frozen=True)
class Verdict:
    """What a reader is told.

    Attributes:
        result: "right" or "wrong".
        key: which message it is, for tests and for the record.
        message: one or two sentences; never the answer.
    """

    result: str
    key: str
    message: str


@dataclass(frozen=True)
class Trap:
    """A common misconception: its key, what a reader is told, and the function that it leads to."""

    key: str
    message: str
    answer: Answer


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: its slug.
        title: its heading.
        task: what to write, as Markdown without formulas.
        starter: the code that stands in the editor at first.
        function: name of the function that is graded.
        solution: our code.
        hints: three steps towards it.
        answer: the right answer to a case.
        cases: draws the arguments of the cases.
        traps: misconceptions, the most telling first.
        said: messages in place of the general ones, by key ("shape", "not-finite", ...).
        play: another way to judge the function, for what is no table of cases; its verdict counts when all cases are
            right.
    """

    name: str
    title: str
    task: str
    starter: str
    function: str
    solution: str
    hints: tuple[str, str, str]
    answer: Answer
    cases: Callable[[np.random.Generator], list[Case]]
    traps: tuple[Trap, ...] = ()
    said: dict[str, str] = field(default_factory=dict)
    play: Callable[[Answer, int], Verdict] | None = None


class Broken(Exception):
    """The reader's code cannot be graded: the message says why, the key which kind it is."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def modules() -> dict[str, str]:
    """Slug of each exercise -> its module; a folder holds the exercises of one subject."""
    top = importlib.import_module(PACKAGE)
    folders = [f"{PACKAGE}.{one.name}" for one in pkgutil.iter_modules(top.__path__) if one.ispkg]
    return {
        one.name.replace("_", "-"): f"{folder}.{one.name}"
        for folder in folders
        for one in pkgutil.iter_modules(importlib.import_module(folder).__path__)
    }


def names() -> list[str]:
    """Slugs of all exercises, in alphabetical order."""
    return sorted(modules())


def load(name: str) -> Exercise:
    """An exercise by its slug.

    Raises:
        KeyError: there is no such exercise; the message names those there are.
    """
    found = modules()
    if name not in found:
        raise KeyError(f"no exercise is called '{name}'; there are: {', '.join(sorted(found))}")
    return importlib.import_module(found[name]).EXERCISE


def grade(name: str, text: str, seed: int) -> Verdict:
    """A verdict on a reader's code. Whatever the code does comes back as a sentence; only endless work does not.

    Raises:
        KeyError: there is no such exercise.
    """
    exercise = load(name)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _judge(exercise, function_of(text, exercise.function), seed)
    except Broken as fault:
        return Verdict("wrong", fault.key, exercise.said.get(fault.key, str(fault)))


def function_of(text: str, name: str) -> Answer:
    """The function that a reader's code defines, guarded so that whatever it raises is a ``Broken``.

    Raises:
        Broken: the code cannot be read or run, or has no such function.
    """
    space: dict[str, Any] = {"__name__": "exercise"}
    _guarded(lambda: exec(compile(text, SOURCE, "exec"), space), "Your code")
    function = space.get(name)
    if not callable(function):
        raise Broken("missing", f"There is no function called {name}. Keep the name that the editor came with.")
    return lambda *case: _guarded(lambda: function(*case), "Your function")


def _guarded(run: Callable[[], Any], who: str) -> Any:
    """What ``run`` returns; ``Broken`` with a sentence in place of what it raises."""
    try:
        return _tidied(run)
    except Broken:
        raise
    except SyntaxError as error:
        raise Broken("unreadable", f"Python cannot read line {error.lineno or 1}: {error.msg}.") from None
    except SystemExit:
        raise Broken("exits", f"{who} ends the program. Return a value in place of that.") from None
    except MemoryError:
        raise Broken("memory", f"{who} asks for more memory than there is. Does something grow without end?") from None
    except RecursionError:
        raise Broken("recursion", f"{who} calls itself without an end.") from None
    except NotImplementedError:
        raise Broken("empty", "Nothing is written yet: put your code in place of the last line.") from None
    except BaseException as error:  # KeyboardInterrupt too, when it is the code that raises it
        raise Broken("raised", f"{who} raised {type(error).__name__}{_where(error)}: {_first_line(error)}") from None


def _tidied(run: Callable[[], Any]) -> Any:
    """What ``run`` returns; what it has set anew in ``SHARED`` is put back."""
    before = [(names, dict(names)) for names in SHARED]
    try:
        return run()
    finally:
        for names, ours in before:  # no name is looked up here that could have been taken away
            names.update(ours)


def _where(error: BaseException) -> str:
    """The last line of the reader's own code that an error passed, as " in line 3"."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == SOURCE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" in line {line}" if line else ""


def _first_line(error: BaseException) -> str:
    try:
        return (str(error).strip().splitlines() or ["no further message"])[0][:200]
    except Exception:  # an exception of the reader's own, which cannot be written
        return "no further message"


def _judge(exercise: Exercise, function: Answer, seed: int) -> Verdict:
    cases = exercise.cases(np.random.default_rng(seed))
    wanted = [exercise.answer(*copy.deepcopy(case)) for case in cases]  # before any code of the reader's runs
    given = [copy.deepcopy(case) for case in cases]
    got = [_guarded(lambda case=case, want=want: _checked_type(function(*case), want), "Your result")
           for case, want in zip(given, wanted, strict=True)]  # fmt: skip
    wrong = [i for i, want in enumerate(wanted) if not same(got[i], want)]
    if not wrong:
        if any(not same(case, before) for case, before in zip(given, cases, strict=True)):
            return _says(exercise, "changed-input", "The result is right, but your function changes its arguments. "
                         "Whoever calls it would go on with other numbers: work on a copy.")  # fmt: skip
        played = exercise.play(function, seed) if exercise.play else None
        return played or Verdict("right", "right", f"Right, on all {len(cases)} cases.")
    for trap in exercise.traps:
        if all(_falls_into(trap, cases[i], got[i]) for i in wrong):
            return Verdict("wrong", trap.key, trap.message)
    return _general(exercise, got, wanted, wrong)


def _falls_into(trap: Trap, case: Case, got: Any) -> bool:
    """Whether an answer equals what the misconception gives."""
    try:
        return same(got, trap.answer(*copy.deepcopy(case)))
    except (ValueError, ArithmeticError, LookupError):  # where the misconception itself would fail, it gives nothing
        return False


def _checked_type(value: Any, want: Any) -> Any:
    """What a function returned, in the form of the right answer.

    Raises:
        Broken: nothing, or no value of that kind.
    """
    if value is None:
        raise Broken("nothing", "Your function returns nothing: is there a `return`?")
    if isinstance(want, str):
        if not isinstance(value, str):
            raise Broken("type", f"Your function should return a text, and returns {_kind(value)}.")
        return value
    if isinstance(want, tuple):
        if not isinstance(value, tuple | list) or len(value) != len(want):
            raise Broken("parts", f"Your function should return {len(want)} values, separated by commas.")
        return tuple(_checked_type(one, part) for one, part in zip(value, want, strict=True))
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Broken("type", f"Your function should return {_kind(want)}, and returns {_kind(value)}.") from None


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    known = {float: "a number", int: "a number", np.float64: "a number", str: "a text", list: "a list", dict: "a dict"}
    return known.get(type(value), f"a value of type {type(value).__name__}")


def same(one: Any, other: Any) -> bool:
    """Whether two answers are equal: texts letter by letter, numbers within the tolerance, shapes included."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    try:
        a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    except (TypeError, ValueError):
        return one is other
    finite = b[np.isfinite(b)]
    scale = float(np.abs(finite).max(initial=0.0)) or 1.0
    return a.shape == b.shape and bool(
        np.allclose(a, b, rtol=TOLERANCE, atol=max(TOLERANCE * scale, ROUND_OFF), equal_nan=True)
    )


def _general(exercise: Exercise, got: list[Any], wanted: list[Any], wrong: list[int]) -> Verdict:
    """What can be said of an answer that no known misconception gives."""
    pairs = [pair for i in wrong for pair in _numbers(got[i], wanted[i])]
    for mine, right in pairs:
        if mine.shape != right.shape:
            turned = mine.T.shape == right.shape and same(mine.T, right)
            more = " It is the right one, transposed." if turned else ""
            return _says(exercise, "shape", f"Your result has the shape {_shape(mine)} where {_shape(right)} is "
                         f"asked for.{more}")  # fmt: skip
    if any(not np.isfinite(mine).all() and np.isfinite(right).all() for mine, right in pairs):
        return _says(exercise, "not-finite", "Your result holds a number that is not finite (nan or inf). Look for a "
                     "division by zero, the logarithm of zero, or an exponential of a large number.")  # fmt: skip
    if pairs and all(same(-mine, right) for mine, right in pairs):
        return _says(exercise, "sign", "Your result has the right size and the wrong sign everywhere.")
    if pairs and all(mine.size > 1 and _proportional(mine, right) for mine, right in pairs):
        return _says(exercise, "factor", "Your result points the right way and is off by one factor everywhere.")
    share = f"{len(wrong)} of {len(wanted)} cases come out wrong."
    return _says(exercise, "wrong", f"{share} {_first_difference(pairs)}".strip())


def _numbers(got: Any, want: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The parts of an answer that are numbers and differ, beside those of the right one."""
    if isinstance(want, tuple):
        for one, part in zip(got, want, strict=True):
            yield from _numbers(one, part)
    elif not isinstance(want, str) and not same(got, want):
        yield got, np.asarray(want, dtype=float)


def _shape(array: np.ndarray) -> str:
    return str(array.shape) if array.ndim else "() (a single number)"


def _proportional(mine: np.ndarray, right: np.ndarray) -> bool:
    factor = float((mine * right).sum() / (right * right).sum()) if right.any() else 0.0
    return factor > 0 and same(mine, factor * right)


def _first_difference(pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """The first number that is off, with its direction and without the right one."""
    for mine, right in pairs:
        off = np.argwhere(~np.isclose(mine, right, rtol=TOLERANCE, equal_nan=True))
        if len(off):
            place = tuple(int(i) for i in off[0])
            way = "large" if mine[place] > right[place] else "small"
            at = f" at [{', '.join(map(str, place))}]" if place else ""
            return f"The first number that is off is {mine[place]:.5g}{at}, which is too {way}."
    return ""


def _says(exercise: Exercise, key: str, message: str) -> Verdict:
    return Verdict("wrong", key, exercise.said.get(key, message))
