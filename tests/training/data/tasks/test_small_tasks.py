"""The two smaller tasks: sets apart, rules that can fail."""

from __future__ import annotations

import itertools

import pytest

from training.data.tasks.base import few_shot, target
from training.data.tasks.library_desk import CLOSING, REFUSAL
from training.data.tasks.registry import get, names


@pytest.mark.parametrize(
    "name", ["meeting_day", "library_desk", "shift_notes", "delivery_log", "sums", "shown_sums", "tools"]
)
def test_sets_do_not_meet_and_targets_score_full(name):
    task = get(name)
    sets = {kind: task.rows(kind) for kind in task.sets}
    texts = [{row["messages"][1]["content"] for row in rows} for rows in sets.values()]
    assert all(len(text) >= 75 for text in texts)
    assert all(not a & b for a, b in itertools.combinations(texts, 2))
    for rows in sets.values():
        assert all(task.score(target(row), target(row))["exact"] == 1.0 for row in rows)
        assert all(set(task.score(target(row), target(row))) <= {*task.metrics} for row in rows)
    assert task.rows("train", seed=1) != task.rows("train", seed=2)
    assert task.rows("shifted", seed=1) == task.rows("shifted", seed=2)
    with pytest.raises(ValueError, match="no set"):
        task.rows("sealed")
    assert len(few_shot(task, sets["shifted"][0], 4)) == 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (REFUSAL, ""),
        (f"It is upstairs. {CLOSING}", ""),
        ("", "empty"),
        ("It is upstairs.", "no-closing"),
        (f"One. Two. {CLOSING}", "not-one-sentence"),
        (f"Sorry. {REFUSAL}", "refusal-with-more"),
        (f"{'very ' * 40}long. {CLOSING}", "too-long"),
    ],
)
def test_the_desk_checks_rules(answer, reason):
    assert get("library_desk").extract(answer).reason == reason


def test_a_desk_that_refuses_everything_scores_half():
    task = get("library_desk")
    rows = task.rows("shifted")
    exact = [task.score(REFUSAL, target(row))["exact"] for row in rows]
    assert 0.4 < sum(exact) / len(exact) < 0.6


def test_the_day_alone_counts_and_a_sentence_is_forgiven_in_content():
    task = get("meeting_day")
    assert task.score("Friday", "Friday") == {"exact": 1.0, "valid": 1.0, "content": 1.0}
    assert task.score("They meet on Friday.", "Friday") == {"exact": 0.0, "valid": 0.0, "content": 1.0}
    assert task.score("Monday or Friday", "Friday")["content"] == 0.0
    assert task.score("Monday", "Friday")["exact"] == 0.0


@pytest.mark.parametrize(("answer", "exact", "reason"), [
    ("7 + 5 = 12", 1.0, ""), ("Seven and 5 make 12.", 1.0, ""), ("12", 1.0, ""), ("7 + 5 = 13", 0.0, ""),
    ("12, since 7 and 5 are given", 0.0, "goes-on-after-the-number"), ("12 apples", 0.0, "goes-on-after-the-number"),
    ("twelve", 0.0, "no-number"), ("", 0.0, "empty"), ("It is 112.", 0.0, ""), ("It is x12", 0.0, "no-number"),
])  # fmt: skip
def test_a_shown_sum_is_right_by_the_number_that_ends_it(answer, exact, reason):
    task = get("shown_sums")
    assert task.score(answer, "7 + 5 = 12")["exact"] == exact and task.extract(answer).reason == reason


@pytest.mark.parametrize(("name", "answer", "valid", "content"), [
    ("sums", "7km", 0.0, 0.0), ("sums", "7th", 0.0, 0.0), ("sums", "It is 7, the 2nd.", 0.0, 1.0),
    ("sums", " 7 ", 1.0, 1.0), ("sums", "1,007", 1.0, 0.0), ("sums", "1/7", 1.0, 0.0), ("sums", "\u22127", 1.0, 0.0),
    ("shown_sums", "3 + 4 = 7th", 0.0, 0.0), ("shown_sums", "3 + 4 = 7 (7km)", 0.0, 1.0),
    ("shown_sums", "3 + 4 = 7.", 1.0, 1.0), ("shown_sums", "so \u22127", 1.0, 0.0),
])  # fmt: skip
def test_a_sum_is_read_as_its_reward_reads_it(name, answer, valid, content):
    found = get(name).score(answer, "3 + 4 = 7" if name == "shown_sums" else "7")
    assert (found["valid"], found["content"]) == (valid, content)


def test_the_two_sums_ask_the_same():
    asked = [[row["messages"][1]["content"] for row in get(name).rows("shifted")] for name in ("sums", "shown_sums")]
    assert asked[0] == asked[1]


def test_every_named_task_loads():
    for name in names():
        assert get(name).name == name
