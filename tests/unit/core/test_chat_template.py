"""Pieces and their mask: what is trained under each rule, refusals, and the shared list of lines' rules."""

from __future__ import annotations

import json

import pytest

from labs_py.core import chat_data
from labs_py.core.chat_template import CONTROL, RULES, TEMPLATES, Piece, Refused, pieces, trained

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"},
         {"role": "user", "content": "More"}, {"role": "assistant", "content": "Yes"}]  # fmt: skip


def graded(template, rule):
    written = pieces(template, TURNS)
    return "".join(piece.text for piece, counts in zip(written, trained(written, rule), strict=True) if counts)


def test_each_rule_trains_what_it_says():
    assert graded("smollm2", "answers") == "Hello<|im_end|>Yes<|im_end|>"
    assert graded("llama3", "last") == "Yes<|eot_id|>"
    assert graded("gemma", "no_stop") == "HelloYes"
    assert graded("plain", "answers") == "HelloYes"
    for template in TEMPLATES:
        assert graded(template, "all") == "".join(piece.text for piece in pieces(template, TURNS))
    assert len(RULES) == 4 and all(isinstance(piece, Piece) for piece in pieces("phi3", TURNS))


def test_the_opening_of_an_answer_is_never_trained():
    written = pieces("qwen2_5", TURNS[:1], ask=True)
    assert written[-1].part == "ask" and not any(trained(written))


def test_refusals_are_sentences():
    with pytest.raises(Refused, match="System role"):
        pieces("gemma", [{"role": "system", "content": "x"}, *TURNS])
    with pytest.raises(Refused, match="alternate"):
        pieces("gemma3", TURNS[1:])
    with pytest.raises(Refused, match="no turns"):
        pieces("smollm2", [])


def test_control_tokens_are_those_the_templates_write():
    whole = "".join(p.text for t in TEMPLATES if t != "plain" for ask in (0, 1) for p in pieces(t, TURNS, bool(ask)))
    whole += "".join(p.text for p in pieces("phi3", [{"role": "system", "content": "x"}, *TURNS]))
    called = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "clock", "arguments": {}}}]}
    whole += "".join(p.text for p in pieces("gptoss", [TURNS[0], called]))
    assert [token for token in CONTROL if token not in whole] == []


def test_lines_give_their_faults_by_number_and_text_rows_pass():
    good, odd = {"messages": TURNS}, {"messages": [{"role": "user", "content": "\ud800 " * 20}, TURNS[1]]}
    lines = [(n, json.dumps(row).encode(), 0) for n, row in enumerate([good, {"text": "prose"}, good, odd], 1)]
    found = list(chat_data.check_lines([*lines, (9, b"x" * 1_000_001, 5_000_000)]))
    assert [(n, fault.code) for n, fault in found] == [(3, "duplicate"), (4, "bad-encoding"), (9, "huge-line")]
    assert "'\\ud800'" in found[1][1].message and "5,000,000" in found[2][1].message
    assert [(n, fault.code) for n, fault in chat_data.check_lines(lines[:2], turns_only=True)] == [(2, "missing-role")]
    more = chat_data.check_lines(lines[:1], more=lambda turns, row: [chat_data.Fault("too-long", str(len(turns)))])
    assert [(n, fault.message) for n, fault in more] == [(1, "4")]
