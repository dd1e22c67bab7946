"""Each kind of task that the exercise names can be scored as its table says."""

from __future__ import annotations

import re

import pytest

from tests.checkout import ROOT
from training.data.scorers import named

TEXT = (ROOT / "docs" / "exercise.md").read_text(encoding="utf-8")
TABLE = TEXT.split("### Four kinds of task", 1)[1].split("###", 1)[0]
ROWS = re.findall(r"^\| (?!kind|---)([^|]+) \| `([^`]+)` → `([^`]+)` \| `([^`]+)`", TABLE, re.MULTILINE)


@pytest.mark.parametrize(("kind", "question", "answer", "scorer"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_kind_scores_in_full_and_a_wrong_answer_does_not(kind, question, answer, scorer) -> None:
    asked = [{"role": "user", "content": question}]
    if scorer.startswith("scorer.py"):
        return  # the reader's own; the folder of `training new` brings a tested one
    found = named.scorer(scorer)
    assert found.fault(answer) == ""
    assert found.score(answer, answer, asked)[found.metrics[0]] == 1
    assert found.score("something else", answer, asked)[found.metrics[0]] < 1


def test_there_are_four_kinds() -> None:
    assert len(ROWS) == 4
