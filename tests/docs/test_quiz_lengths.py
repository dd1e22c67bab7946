"""A reader who takes the longest option should not pass: in at most two of five questions it is the right one."""

from __future__ import annotations

import re

import yaml

from tests.checkout import ROOT

QUIZ = re.compile(r"```quiz\n(.*?)```", re.DOTALL)
MACRO = re.compile(r"\{\{.*?\}\}")


def questions() -> list[dict]:
    """Every self-check question of every page."""
    pages = (page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md")))
    return [
        question for text in pages for quiz in QUIZ.findall(text) for question in yaml.safe_load(MACRO.sub("0", quiz))
    ]


def right_is_longest(question: dict) -> bool:
    """Whether no other option is longer than the right one."""
    longest = max(len(str(option["text"])) for option in question["options"])
    return any(option.get("right") and len(str(option["text"])) == longest for option in question["options"])


def test_the_longest_option_is_no_hint() -> None:
    found = questions()
    assert len(found) >= 100
    assert sum(map(right_is_longest, found)) <= 0.4 * len(found)


def test_options_of_a_question_differ() -> None:
    for question in questions():
        texts = [str(option["text"]).casefold() for option in question["options"]]
        assert len(set(texts)) == len(texts), question["question"]
