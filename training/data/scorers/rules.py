"""Scores by rule: a pure function of an answer and of what was expected, each figure from 0 to 1.

Each gives ``exact`` (what the probe and the gate read), ``valid`` (the answer has a form that can be scored) and
``content`` (right once its form is forgiven); the JSON rule also gives ``field``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from labs_py.core import pasted_json

Scores = dict[str, float]
Rule = Callable[[str, str], Scores]
NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+]?\.\d+")
WORD = r"\w+"
ARTICLES = {"a", "an", "the"}
LETTER = re.compile(r"(?:answer|option|choice)?\s*(?:is|:)?\s*\(?\*{0,2}([A-Z])\*{0,2}\)?(?=[\s.:),]|$)")
FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL)


def _scores(exact: bool | float, valid: bool, content: bool | float | None = None) -> Scores:
    return {"exact": float(exact), "valid": float(valid), "content": float(exact if content is None else content)}


def exact(answer: str, expected: str) -> Scores:
    """The same text, but for space around it; with words before it, it counts as content."""
    return _scores(answer.strip() == expected.strip(), bool(answer.strip()), _says_last(answer, expected))


def normalized(text: str) -> str:
    """Without case, punctuation, articles and doubled spaces (as SQuAD's scorer does)."""
    return " ".join(word for word in re.findall(r"[^\W_]+", text.lower()) if word not in ARTICLES)


def normalized_exact(answer: str, expected: str) -> Scores:
    """The same words in the same order, whatever their case and punctuation; with words before, they are content."""
    wanted = normalized(expected)
    same = normalized(answer) == wanted if wanted else answer.strip() == expected.strip()
    return _scores(same, bool(answer.strip()), _says_last(answer, expected) if wanted else None)


def _says_last(answer: str, expected: str) -> bool:
    """Whether the answer ends with the words that were expected, as "The capital is Rome." does with Rome."""
    said, wanted = normalized(answer), normalized(expected)
    return said == wanted or bool(wanted) and said.endswith(f" {wanted}")


def contains(answer: str, expected: str) -> Scores:
    """What was expected stands in the answer, whatever the case."""
    wanted = " ".join(expected.lower().split())
    return _scores(wanted in " ".join(answer.lower().split()), bool(answer.strip()))


def json_fields(*names: str) -> Rule:
    """Each field of the expected object, or those named: ``field`` is the share that is right, ``exact`` all of them.

    Numbers are compared as numbers, texts without space around them. An answer whose object stands in a code fence, or
    among words, is not valid; its fields count for ``content`` and ``field``.
    """

    def rule(answer: str, expected: str) -> Scores:
        wanted = object_in(expected)[0] or {}
        found, strict = object_in(answer)
        keys = list(names) or list({**wanted, **(found or {})})
        right = [found is not None and key in found and key in wanted and same_value(found[key], wanted[key])
                 for key in keys]  # fmt: skip
        share = sum(right) / len(keys) if keys else float(found == wanted)
        return {**_scores(all(right) and strict and found is not None, strict, all(right) and found is not None),
                "field": share}  # fmt: skip

    return rule


def object_in(text: str) -> tuple[dict[str, Any] | None, bool]:
    """The JSON object that a text is or holds, and whether it is nothing else."""
    whole = _object(text)
    if whole is not None:
        return whole, True
    inner = FENCE.search(text) or re.search(r"(\{.*\})", text, re.DOTALL)
    return (_object(inner[1]), False) if inner else (None, False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = pasted_json.load(text.strip())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same: 1 and 1.0 are, 1 and "1" and true are not."""
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    return one == other


def number(tolerance: float = 0.0, relative: bool = False) -> Rule:
    """The same number within a tolerance; an answer with words around its number counts by its last one, as content.

    Args:
        tolerance: largest difference, inclusive.
        relative: it is a share of the expected number.
    """

    def near(one: float | None, wanted: float | None) -> bool:
        if one is None or wanted is None:
            return False
        room = tolerance * abs(wanted) if relative else tolerance
        return abs(one - wanted) <= room or math.isclose(one, wanted, rel_tol=1e-12, abs_tol=0.0)

    def rule(answer: str, expected: str) -> Scores:
        wanted, alone, last = last_number(expected), whole_number(answer), last_number(answer)
        return _scores(near(alone, wanted), alone is not None, near(last, wanted))

    return rule


def whole_number(text: str) -> float | None:
    """The number that a text is, a sign of money or per cent aside; None for other text."""
    bare = plain(text).strip("$€£%. \n")
    return _value(bare) if NUMBER.fullmatch(bare) else None


def last_number(text: str) -> float | None:
    """The last number of a text; None where there is none."""
    found = NUMBER.findall(plain(text))
    return _value(found[-1]) if found else None


def plain(text: str) -> str:
    """A text with minus signs as hyphens."""
    return text.replace("\N{MINUS SIGN}", "-")


def _value(text: str) -> float | None:
    value = float(text.replace(",", ""))
    return value if math.isfinite(value) else None


def regex(pattern: re.Pattern | None) -> Rule:
    """By a pattern: what its first group (or all of it) finds last is the same in answer and expected answer.

    Args:
        pattern: None takes what was expected for the pattern, which must be found in the answer.
    """

    def rule(answer: str, expected: str) -> Scores:
        if pattern is None:
            found = re.search(expected.strip(), answer.strip(), re.DOTALL)
            return _scores(found is not None, bool(answer.strip()))
        one, other = last_match(pattern, answer), last_match(pattern, expected)
        return _scores(one is not None and one == other, one is not None)

    return rule


def last_match(pattern: re.Pattern, text: str) -> str | None:
    """What the pattern's first group, or all of it, finds last; None where it finds nothing."""
    found = [match[1] if pattern.groups else match[0] for match in pattern.finditer(text)]
    return (found[-1] or "").strip() if found else None


def choice(*options: str) -> Rule:
    """The one option that an answer names; without options, a letter such as B, (B) or "Answer: B".

    An answer that names several options, or none, is not valid.
    """

    def rule(answer: str, expected: str) -> Scores:
        one, other = chosen(answer, options), chosen(expected, options)
        return _scores(one is not None and one == other, one is not None)

    return rule


def chosen(text: str, options: tuple[str, ...] = ()) -> str | None:
    """The option that a text names, and no other; None where there is none or more than one."""
    if not options:
        found = LETTER.fullmatch(text.strip().rstrip(".")) or LETTER.match(text.strip())
        found = found or next(
            iter(re.finditer(r"(?i:answer|option|choice)\s*(?:is|:)?\s*\(?\*{0,2}([A-Z])\b", text)), None
        )
        return found[1] if found else None
    words = _padded(text)
    named = [one for one in options if _padded(one) in words]
    longest = [one for one in named if not any(one != other and one.lower() in other.lower() for other in named)]
    return longest[0] if len(longest) == 1 else None


def _padded(text: str) -> str:
    """The words of a text, with a space on either side of each."""
    return f" {' '.join(re.findall(WORD, text.lower()))} "
