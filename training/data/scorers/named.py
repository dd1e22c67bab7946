"""The scorer that ``task.scorer`` names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from training.data import calls, own_code
from training.data.own_code import OwnCodeFailed
from training.data.scorers import rules
from training.run.errors import BadInput

HELP = """how an answer is scored against the row's own: exact (the same text), normalized_exact (the same words), json
or json:FIELD,FIELD (an object, field by field), number or number:0.01 or number:1% (within a tolerance), contains,
regex (the row's answer is the pattern) or regex:PATTERN (what its first group finds is the same), choice or
choice:yes,no (the one option that is named), tool_call (the same functions with the same arguments),
FILE.py:FUNCTION (yours, called with answer and expected), judge"""
NAMES = ("exact", "normalized_exact", "json", "number", "contains", "regex", "choice", "tool_call", "judge")
JUDGE = "judge"
Question = list[dict[str, Any]]


@dataclass(frozen=True)
class Scorer:
    """How answers are scored.

    Attributes:
        name: as the setting names it.
        score: figures of an answer, given what was expected and the question's turns.
        fault: why nothing can be scored against an expected answer; "" when it can.
        metrics: the figures' names, the first one is what the gate reads.
    """

    name: str
    score: Callable[[str, str, Question], dict[str, float]]
    fault: Callable[[str], str]
    metrics: tuple[str, ...] = ("exact", "valid", "content")


def scorer(text: str) -> Scorer:
    """The scorer of a setting, a judge aside.

    Raises:
        BadInput: there is none of that name, or its argument cannot be used; one line.
    """
    if own_code.is_named(text):
        return own(text)
    name, colon, argument = text.partition(":")
    if name not in NAMES or name == JUDGE or (colon and not argument):
        raise BadInput(f"task.scorer: there is no scorer {text!r}; there are {', '.join(NAMES)}, or FILE.py:FUNCTION")
    if argument and name in ("exact", "normalized_exact", "contains", "tool_call"):
        raise BadInput(f"task.scorer: {name} takes nothing behind a colon, and here stands {argument!r}")
    rule = _rule(name, argument)
    metrics = ("exact", "valid", "content", "field")[: 4 if name in ("json", "tool_call") else 3]
    return Scorer(text, lambda answer, expected, _: rule(answer, expected), _fault(name, argument, rule), metrics)


def _rule(name: str, argument: str) -> rules.Rule:
    if name == "json":
        return rules.json_fields(*_listed(argument))
    if name == "number":
        return rules.number(*_tolerance(argument))
    if name == "regex":
        return rules.regex(_pattern(argument) if argument else None)
    if name == "choice":
        return rules.choice(*_listed(argument))
    if name == "tool_call":
        return calls.score
    return {"exact": rules.exact, "normalized_exact": rules.normalized_exact, "contains": rules.contains}[name]


def _listed(argument: str) -> list[str]:
    return [part.strip() for part in argument.split(",") if part.strip()]


def _tolerance(argument: str) -> tuple[float, bool]:
    try:
        value = float(argument.rstrip("%")) if argument else 0.0
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadInput(f"task.scorer: number:{argument} needs a tolerance of 0 or more, such as number:0.01 or"
                       " number:1%")  # fmt: skip
    return (value / 100, True) if argument.endswith("%") else (value, False)


def _pattern(text: str) -> re.Pattern:
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise BadInput(f"task.scorer: regex:{text} is no regular expression ({error})") from None


def _fault(name: str, argument: str, rule: rules.Rule) -> Callable[[str], str]:
    """What must hold of an expected answer under a rule."""

    def fault(expected: str) -> str:
        if name == "regex" and not argument:
            try:
                re.compile(expected.strip())
            except re.error as error:
                return f"no regular expression: {error}"
            return ""
        if name == "number" and rules.last_number(expected) is None:
            return "there is no number in it"
        if name == "json" and rules.object_in(expected)[0] is None:
            return "it is no JSON object"
        if name == "choice" and rules.chosen(expected, tuple(_listed(argument))) is None:
            return "it names no one option"
        found = rule(expected, expected)
        return "" if found["content"] == 1 else "it is wrong by its own scorer"

    return fault


def own(text: str) -> Scorer:
    """A scorer in a file of the reader's: ``def score(answer, expected)``, or with the question's turns as a third.

    It gives a number from 0 to 1, or several by name with ``exact`` among them.

    Raises:
        BadInput: the file or the function cannot be used.
    """
    function = own_code.load(text, "task.scorer")
    names: list[str] = []  # of the figures of the first answer

    def score(answer: str, expected: str, question: Question) -> dict[str, float]:
        try:
            found = _figures(function(answer, expected, question), text)
            names[:] = names or sorted(found)
            if sorted(found) != names:
                raise OwnCodeFailed(f"{text} gave {', '.join(sorted(found))}, and before {', '.join(names)}; give the"
                                    " same names for every answer")  # fmt: skip
            return found
        except OwnCodeFailed as failed:
            shown = " ".join(answer.split())[:60]
            raise BadInput(f"task.scorer: {failed}; it was scoring the answer {shown!r}") from None

    def fault(expected: str) -> str:
        if function.takes == 2:  # what fails here would fail after the training
            score(expected, expected, [])
        return "" if expected.strip() else "it is empty"

    return Scorer(text, score, fault)


def _figures(value: Any, name: str) -> dict[str, float]:
    if not isinstance(value, dict):
        figure = own_code.number(value, name)
        return {"exact": figure, "valid": 1.0, "content": figure}
    if "exact" not in value:
        raise OwnCodeFailed(f"{name} gave {', '.join(map(str, value))} and no 'exact', which the gate reads")
    found = {str(key): own_code.number(one, f"{name} ({key})") for key, one in value.items()}
    return {"valid": 1.0, "content": found["exact"], **found}
