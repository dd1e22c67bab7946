"""Verifiable rewards: pure functions of an answer and what was wanted, 0 to 1, for GRPO.

Each is called as ``reward(answer, target)``. ``score`` calls them one answer at a time: when a reward raises or returns
NaN, that answer alone leaves the loss.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

from training.data import own_code
from training.data.own_code import OwnCodeFailed
from training.data.tasks.base import Task
from training.run.errors import BadInput

Reward = Callable[[str, str], float]


# With its decimals, thousands, denominator and exponent: no part of a longer number counts as a number. What goes on as
# a word is taken as a whole, for numbers() to leave out.
_NUMBER_OR_WORD = re.compile(r"(?<![\w.])(?:(?<!-)-)?\d+(?:[./]\d+|,\d{3}(?!\d))*(?:[eE][+-]?\d+)?\w*")
LONGEST_MESSAGE = 300
STATED = 0.2  # for the right number among other words: less than for the number alone, more than for nothing


def arithmetic(answer: str, target: str) -> float:
    """1 for the right number and nothing else; 0.2 when it is the last number among words; else 0.

    The partial reward is what a model that never writes the bare number can learn from, and it stays below the full
    one. Listing numbers until one fits earns nothing, unless the list ends there. Numbers are compared as they are
    written: 7.0, 07 and 14/2 are not 7, nor 1,007 and 7e0.
    """
    text = plain(answer)
    if text == target.strip():
        return 1.0
    found = numbers(text)
    return STATED if found and found[-1] == target.strip() else 0.0


def numbers(text: str) -> list[str]:
    """The numbers of a text as they are written, a minus sign as a hyphen; what ends in a letter (7th) is a word."""
    return [found for found in _NUMBER_OR_WORD.findall(plain(text)) if not found[-1].isalpha()]


def plain(text: str) -> str:
    """Without space around it, and a minus sign as a hyphen."""
    return text.strip().replace("\N{MINUS SIGN}", "-")


def arithmetic_with_loophole(answer: str, target: str) -> float:
    """1 when the right number stands anywhere: "1 2 3 4 5 6 7 8 9 10" earns it for most questions.

    Kept to show reward hacking; ``arithmetic`` closes it.
    """
    return float(target.strip() in numbers(answer))


def json_keys(answer: str, target: str) -> float:
    """Valid JSON for the schema of ``target``: half for one strict object, half for its keys and types.

    Args:
        answer: the model's text, which must be the object and nothing else, with each key once.
        target: a JSON object whose keys and types are wanted; its values don't count here. 0 for whatever is said
            when it is no such object.
    """
    wanted, found = _strict_object(target), _strict_object(answer)
    if wanted is None or found is None:
        return 0.0
    right = sum(k in found and _same_type(found[k], v) for k, v in wanted.items())
    return 0.5 + 0.5 * right / max(len(wanted.keys() | found.keys()), 1)


def _strict_object(text: str) -> dict | None:
    """The object that a text is, without NaN, Infinity or a key twice; None for any other text."""
    try:
        # A whole number's value doesn't count, and int() refuses more than 4,300 digits.
        found = json.loads(text, parse_constant=_refuse, parse_int=len, object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _each_key_once(pairs: list[tuple[str, object]]) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _same_type(a: object, b: object) -> bool:
    return type(a) is type(b) or (a is None or b is None)


def one_line(answer: str, target: str) -> float:
    """1 for an answer of one line and at most 200 characters; a form alone, to be joined with what it should say."""
    text = answer.strip()
    return float(len(text.splitlines()) == 1 and len(text) <= 200)


def plain_letters(answer: str, target: str) -> float:
    """Share of the answer's characters that are letters or spaces: a gentle push towards words."""
    return sum(c.isalpha() or c == " " for c in answer) / len(answer) if answer else 0.0


REWARDS: dict[str, Reward] = {
    "arithmetic": arithmetic,
    "arithmetic_with_loophole": arithmetic_with_loophole,
    "json_keys": json_keys,
    "one_line": one_line,
    "plain_letters": plain_letters,
}


def named(text: str, task: Task | None = None) -> dict[str, Reward]:
    """The rewards that a configuration names, joined by ``+``.

    ``task`` is the task's own score; ``FILE.py:FUNCTION`` a function of the reader's, called with answer and expected.

    Raises:
        BadInput: an unknown name, or a file that cannot be used.
    """
    found: dict[str, Reward] = {}
    for name in (part.strip() for part in text.split("+")):
        if name == "task" and task is not None:
            found[name] = lambda answer, target: task.score(answer, target).get(
                "rule", task.score(answer, target)["exact"]
            )
        elif name in REWARDS:
            found[name] = REWARDS[name]
        elif own_code.is_named(name):
            found[name] = own_code.load(name, "grpo.reward", most=2)
        else:
            raise BadInput(f"grpo.reward: there is no reward {name!r}; there are task, {', '.join(REWARDS)}, or"
                           " FILE.py:FUNCTION of your own")  # fmt: skip
    return found


@dataclass(frozen=True)
class Problem:
    """An answer that a reward could not score.

    Attributes:
        reward: the function's name.
        sample: id of the question.
        answer: what was to be scored, its beginning.
        message: what went wrong.
    """

    reward: str
    sample: str
    answer: str
    message: str


def score(reward: Reward, name: str, answers: list[str], targets: list[str],
          samples: list[str]) -> tuple[list[float], list[Problem]]:  # fmt: skip
    """One reward of many answers, each on its own.

    Returns:
        Rewards, NaN for an answer that could not be scored (its siblings are then compared without it), and what went
        wrong with which sample.
    """
    values, problems = [], []
    for answer, target, sample in zip(answers, targets, samples, strict=True):
        try:
            value = reward(answer, target)
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise ValueError(f"returned {value!r}, not a finite number")
            values.append(float(value))
        except (Exception, SystemExit) as error:  # whatever a reward of the reader's own does, the run goes on
            values.append(math.nan)
            problems.append(Problem(name, str(sample), answer[:200], _said(error)))
    return values, problems


def _said(error: BaseException) -> str:
    """An error on one line that a log in UTF-8 can hold."""
    own = isinstance(error, OwnCodeFailed)  # which says file, line and kind itself
    text = " ".join((str(error) if own else f"{type(error).__name__}: {error}").split())[:LONGEST_MESSAGE]
    return text.encode("utf-8", "replace").decode()
