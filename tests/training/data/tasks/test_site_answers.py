"""The rows of the assistant's student: true to the pages, apart from the held-out half, under a verifier that fails."""

from __future__ import annotations

import json
import random

import pytest

from labs_py.core import chat_data, overlap
from training.data.retrieval import pages, search
from training.data.tasks import site_answers
from training.data.tasks.base import few_shot, prompt, target, taught
from training.data.tasks.registry import get
from training.stack.assistant import evaluate

TASK = get("site_answers")
PAGE = """# Rank

## Start

Training begins with the matrix B at zero. An adapter has rank 8 at first.

## Costs

A merged adapter costs nothing at serving time. The rent of the card is not in these pages.

## Terms

Rank is the inner width of an adapter. Serving means to answer requests.
"""
SMALL = search.Index(pages.passages_of("labs/rank", PAGE))
ASKED = """With which rank does an adapter stand?
[1] Rank, Start
Training begins with B at zero. An adapter has rank 8 at first.
[2] Rank, Costs
A merged adapter costs nothing.
With which rank does an adapter stand?"""


def words(text: str) -> list[str]:
    return chat_data.normal_form(text).split()


def test_no_row_is_about_a_section_of_the_held_out_half() -> None:
    held_out = [q for q in evaluate.read_questions() if q.half == "held_out"]
    places = {place for q in held_out for place in q.places}
    assert len(site_answers.written()) >= 200
    assert [row["place"] for row in site_answers.written() if row["place"] in places] == []
    texts = [p.text for p in pages.read_site() if p.address in places]
    assert [row["answer"] for row in site_answers.written() if any(row["answer"] in text for text in texts)] == []


def test_no_question_of_either_half_is_among_the_rows_nor_nearly() -> None:
    written = [words(row["question"]) for row in site_answers.written()]
    for asked in (words(q.question) for q in evaluate.read_questions()):
        assert not [row for row in written if set(row) == set(asked)]
        assert not overlap.is_leaked(asked, written, run=5), asked
    leaked = words(next(q.question for q in evaluate.read_questions() if q.half == "held_out"))
    assert overlap.is_leaked(leaked, [["well", *leaked]], run=5)  # the check can fail


@pytest.mark.parametrize("name", TASK.sets)
def test_every_row_passes_its_own_verifier_and_scores_full(name: str) -> None:
    rows = TASK.rows(name)
    assert [TASK.verify(prompt(row)[-1]["content"], target(row)) for row in rows] == [""] * len(rows)
    assert all(TASK.score(target(row), target(row))["exact"] == 1.0 for row in rows)
    assert 0.05 < sum(target(row) == TASK.refusal for row in rows) / len(rows) < 0.35


def test_most_of_what_we_wrote_still_stands_on_the_pages() -> None:
    kept = {row["id"].split("-")[1] for name in TASK.sets for row in TASK.rows(name)}
    assert len(kept) > 0.8 * len(site_answers.written())


def test_the_sets_share_no_question_and_a_seed_changes_the_training_set_only() -> None:
    question = lambda row: prompt(row)[-1]["content"].rpartition("\n")[2]  # noqa: E731
    train, iid = ({question(row) for row in TASK.rows(name)} for name in TASK.sets)
    assert not train & iid and len(iid) >= 20
    assert TASK.rows("train", seed=1) != TASK.rows("train", seed=2)
    assert [row["messages"] for row in TASK.rows("iid", 5)] == [row["messages"] for row in TASK.rows("iid", 5)]
    with pytest.raises(ValueError, match="no set"):
        TASK.rows("shifted")
    with pytest.raises(ValueError, match="variant"):
        TASK.rows("train", variant="hard")


@pytest.mark.parametrize(("text", "reason"), [
    ("An adapter has rank 8 at first. [1]", ""), ("NO ANSWER", ""), ("", "empty"), ("It has rank 8.", "no-mark"),
    ("Training begins with B at zero. [1] An adapter has rank 8 at first. [1]", ""),
    ("An adapter has rank 8 at first. [1] Yes.", "no-mark"), ("An adapter has rank 8 at first. [2]", "not-supported"),
    ("An adapter has rank 16 at first. [1]", "not-supported"), ("An adapter has rank 8. [3]", "no-such-passage"),
])  # fmt: skip
def test_the_verifier_knows_form_support_and_no_answer(text: str, reason: str) -> None:
    assert TASK.verify(ASKED, text) == reason


def test_a_refusal_is_doubted_where_a_passage_has_all_the_words() -> None:
    asked = f"{ASKED}\nDoes a merged adapter cost nothing?"
    assert TASK.verify(asked, "NO ANSWER") == "refused-with-all-words"


def test_the_verifier_is_blind_to_the_wrong_sentence_and_the_score_is_not() -> None:
    wrong, wanted = "Training begins with B at zero. [1]", "An adapter has rank 8 at first. [1]"
    assert TASK.verify(ASKED, wrong) == "" and TASK.score(wrong, wanted)["exact"] == 0.0
    assert TASK.score(f"{wrong} {wanted}", wanted) == {"exact": 0.0, "content": 1.0, "valid": 1.0}
    assert TASK.score("NO ANSWER", wanted)["content"] == 0.0 and TASK.score("odd", "NO ANSWER")["valid"] == 0.0


def test_a_twin_without_an_answer_has_its_section_withheld(monkeypatch) -> None:
    monkeypatch.setattr(site_answers, "REFUSED_SHARE", 1.1)
    asked = {"question": "Which rent has a merged adapter when it is serving?", "place": "labs/rank#costs",
             "answer": "The rent of the card is not in these pages."}  # fmt: skip
    (shown, told), (withheld, refusal) = site_answers.answers(asked, SMALL, random.Random(0))
    assert asked["answer"] in shown and told.startswith(asked["answer"]) and refusal == TASK.refusal
    assert asked["answer"] not in withheld and "Costs" not in withheld
    assert f"[{told[-2]}] Rank, Costs\n" in shown


def test_a_sentence_that_the_pages_lost_makes_no_row() -> None:
    asked = {"question": "What does a merged adapter cost?", "answer": "It costs a lot.", "place": "labs/rank#costs"}
    assert all(told == TASK.refusal for _, told in site_answers.answers(asked, SMALL, random.Random(0)))


def test_worked_examples_obey_the_lesson() -> None:
    for asked, told in TASK.shots:
        assert TASK.verify(asked, told) == ""
    row = TASK.rows("iid", 1)[0]
    assert taught(TASK, row)[0]["content"] == TASK.lesson and few_shot(TASK, row, 3)[0]["content"] == TASK.system


def test_the_file_is_whole() -> None:
    lines = site_answers.QUESTIONS.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(set(row) == {"question", "answer", "place"} and row["question"].endswith("?") for row in rows)
    assert len({row["question"].lower() for row in rows}) == len(rows)
