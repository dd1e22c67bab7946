"""What many rows share, such as an instruction, is left out when rows are compared."""

from __future__ import annotations

import json
import random

import pytest

from labs_py.core import chat_data

WORDS = [f"word{n}" for n in range(400)]


def questions(rng: random.Random, rows: int, own: int, before: int, after: int) -> list[str]:
    """Rows of ``own`` drawn words between a beginning and an end that all of them share."""
    start, end = rng.sample(WORDS, before), rng.sample(WORDS, after)
    firsts = rng.sample(WORDS, rows)
    return [" ".join([*start, first, *rng.choices(WORDS, k=own - 1), *end]) for first in firsts]


def faults(asked: list[str]) -> list[tuple[int, str]]:
    """(row from 1, code) of each finding."""
    lines = []
    for number, question in enumerate(asked, 1):
        answer = str(number)
        row = f'{{"prompt": "{question}", "completion": "{answer}"}}'.encode()
        lines.append((number, row, len(row)))
    return [(number, fault.code) for number, fault in chat_data.check_lines(lines)]


@pytest.mark.parametrize("own", [1, 4, 15])
@pytest.mark.parametrize("before, after", [(90, 0), (0, 90), (60, 60), (300, 8)])
def test_rows_that_share_an_instruction_are_no_repeats(own, before, after):
    asked = questions(random.Random(own + before), 40, own, before, after)
    assert len(set(asked)) == 40
    assert faults(asked) == []


@pytest.mark.parametrize("before, after", [(90, 0), (0, 90), (60, 60)])
def test_a_repeat_among_them_is_found(before, after):
    rng = random.Random(1)
    asked = questions(rng, 30, 40, before, after)
    words = asked[4].split()
    words[before + 20] = "another"
    assert faults([*asked, asked[7], " ".join(words)]) == [(31, "two-answers"), (32, "near-duplicate")]


def test_one_question_with_two_answers_is_said_however_short_it_is():
    assert faults(["leek", "leek", "carrot"]) == [(2, "two-answers")]
    persona = [[{"role": "system", "content": who}, {"role": "user", "content": "Who are you?"},
                {"role": "assistant", "content": who}] for who in ("A cook", "A pilot")]  # fmt: skip
    lines = [json.dumps({"messages": turns}).encode() for turns in persona]
    assert not list(chat_data.check_lines([(n, row, len(row)) for n, row in enumerate(lines, 1)]))


def test_several_instructions_in_one_file():
    rng = random.Random(2)
    asked = [row for _ in range(8) for row in questions(rng, 12, 5, 50, 0)]
    rng.shuffle(asked)
    assert faults(asked) == []


def test_two_rows_that_are_nearly_one_stay_near_duplicates():
    base = "please tell me how many legs a spider has and how many an ant has in all"
    assert faults([base, f"so {base}", f"{base} thank you"]) == [(2, "near-duplicate"), (3, "near-duplicate")]


def test_a_row_that_only_wraps_the_instruction_differently_is_still_a_repeat():
    asked = questions(random.Random(4), 20, 6, 40, 0)
    assert faults([*asked, f"now {asked[5]}"]) == [(21, "near-duplicate")]


def test_what_waits_for_the_end_comes_in_the_files_order(monkeypatch):
    rows = questions(random.Random(3), 6, 20, 0, 0)
    asked = [rows[0], f"now {rows[0]}", "", rows[1], f"now {rows[1]}", ""]
    wanted = [(2, "near-duplicate"), (3, "empty-turn"), (5, "near-duplicate"), (6, "empty-turn")]
    assert faults(asked) == wanted
    monkeypatch.setattr(chat_data, "MOST_HELD", 1)
    assert faults(asked) == wanted


def test_general_text_that_data_build_mixes_in_is_no_chat_with_faults():
    built = [{"text": "Rain fell."}, {"text": "Rain fell.", "kind": "replay", "id": "text-1"}]
    assert all(map(chat_data.is_plain_text, built))
    assert not any(map(chat_data.is_plain_text, ({"text": " ", "kind": "replay"}, {"text": "Rain.", "label": "x"}, {})))


def test_a_tool_call_may_leave_its_content_out():
    call = {"type": "function", "function": {"name": "light", "arguments": {"room": "hall"}}}
    asked, done = {"role": "user", "content": "Light, please."}, {"role": "assistant", "content": "Done."}
    result = {"role": "tool", "name": "light", "content": "on"}
    for named in ({}, {"content": None}, {"content": ""}):
        row = {"messages": [asked, {"role": "assistant", "tool_calls": [call], **named}, result, done]}
        assert chat_data.check_turns(chat_data.turns_of(row)) == []
        assert list(chat_data.check_lines([(1, json.dumps(row).encode(), 1)])) == []
