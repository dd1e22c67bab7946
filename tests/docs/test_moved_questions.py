"""Questions that moved to another page: the table of overrides/assets/moved.js names places that are there."""

from __future__ import annotations

import re
import sys

import yaml

from tests.checkout import ROOT

sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import quiz  # noqa: E402

QUIZ = re.compile(r"```quiz\n(.*?)```", re.DOTALL)
FROM, TO = "articles/10-fine-tuning/rlhf-dpo-grpo", "articles/10-fine-tuning/{}"
# What was asked under the rung's numbers 0 to 4 before its two parts had pages of their own.
ONCE = {
    0: ("preference-tuning", "Why does the normaliser Z not appear"),
    1: ("preference-tuning", "The DPO margin grows steadily"),
    2: ("reinforcement-learning", "A GRPO run shows a loss of zero"),
    3: ("preference-tuning", "You copy beta = 5"),
    4: ("rlhf-dpo-grpo", "You have a checker for arithmetic"),
}


def questions(slug: str) -> dict[int, dict]:
    """The questions of a page's self-check by their numbers."""
    [source] = QUIZ.findall((ROOT / "docs" / f"{slug}.md").read_text(encoding="utf-8"))
    found = yaml.safe_load(source)
    return dict(zip(quiz.numbers(found), found, strict=True))


def moved() -> dict[int, tuple[str, int]]:
    """The table of moved.js for the rung: number there, page and number here."""
    text = (ROOT / "overrides" / "assets" / "moved.js").read_text(encoding="utf-8")
    keys = dict(re.findall(r'^const (\w+) = "quiz:(.+?)/";$', text, re.MULTILINE))
    assert keys["RUNG"] == FROM
    return {int(old): (keys[key], int(new)) for old, key, new in re.findall(r"(\d+): \[(\w+), (\d+)\]", text)}


def test_each_question_stands_where_the_table_leads() -> None:
    table = moved()
    assert set(table) == {0, 1, 2, 3}
    for old, (page, words) in ONCE.items():
        slug, number = table.get(old, (FROM, old))
        assert slug == TO.format(page)
        assert questions(slug)[number]["question"].startswith(words)


def test_no_number_that_was_given_away_is_used_again() -> None:
    assert not set(questions(FROM)) & set(moved())


def test_the_right_options_of_moved_questions_keep_their_places() -> None:
    right = {old: [bool(option["right"]) for option in questions(page)[number]["options"]].index(True)
             for old, (page, number) in {**moved(), 4: (FROM, 4)}.items()}  # fmt: skip
    assert right == {0: 1, 1: 0, 2: 1, 3: 1, 4: 1}
