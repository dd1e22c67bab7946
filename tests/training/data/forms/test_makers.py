"""Rows as the interfaces of other makers write them, rows within objects, and what is said where no form fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.data.forms import convert as forms
from training.data.forms import files
from training.data.forms.convert import Converted
from training.run.errors import BadInput

USER, ANSWER = {"role": "user", "content": "Add 1."}, {"role": "assistant", "content": "It is 2."}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
CALLED = [
    {"role": "system", "content": "Be brief."}, USER,
    {"role": "assistant", "content": "I add.", "reasoning_content": "Easy.", "tool_calls": [
        {"type": "function", "function": {"name": "add", "arguments": {"n": 1}}}]},
    {"role": "tool", "content": '{"sum": 2}', "name": "add"}, ANSWER,
]  # fmt: skip
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": SCHEMA}}]
ANTHROPIC = {
    "system": [{"type": "text", "text": "Be brief."}],
    "tools": [{"name": "add", "input_schema": SCHEMA}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Add 1."}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Easy.", "signature": "x"}, {"type": "text", "text": "I add."},
            {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"n": 1}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "2"}]},
            {"type": "text", "text": "Say it."}]},
        {"role": "assistant", "content": "It is 2."},
    ],
}  # fmt: skip
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "tools": [{"functionDeclarations": [{"name": "add", "parameters": SCHEMA}]}],
    "contents": [
        {"role": "user", "parts": [{"text": "Add 1."}]},
        {"role": "model", "parts": [{"text": "Easy.", "thought": True}, {"text": "I add."},
                                    {"functionCall": {"name": "add", "args": {"n": 1}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"sum": 2}}}]},
        {"role": "model", "parts": [{"text": "It is 2."}]},
    ],
}  # fmt: skip


def made(tmp_path: Path, *rows: Any, text: str = "") -> Converted:
    file = tmp_path / "rows.json"
    file.write_text(text or "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return forms.convert(files.read(file), "rows")


def test_geminis_parts_become_turns_calls_and_results(tmp_path: Path) -> None:
    (row,) = made(tmp_path, GEMINI, GEMINI).rows[:1]
    assert row["messages"] == CALLED and row["tools"] == TOOLS


def test_anthropics_blocks_become_turns_calls_and_results(tmp_path: Path) -> None:
    (row,) = made(tmp_path, ANTHROPIC, ANTHROPIC).rows[:1]
    calling = CALLED[2]["tool_calls"][0]
    assert row["messages"] == [
        *CALLED[:2], {**CALLED[2], "tool_calls": [{"id": "toolu_1", **calling}]},
        {"role": "tool", "content": "2", "tool_call_id": "toolu_1"}, {"role": "user", "content": "Say it."}, ANSWER,
    ]  # fmt: skip
    assert row["tools"] == TOOLS


@pytest.mark.parametrize("part", [{"type": "image", "source": {}}, {"type": "redacted_thinking", "data": "x"},
                                  {"inlineData": {"mimeType": "image/png"}}])  # fmt: skip
@pytest.mark.parametrize("key", ["content", "parts"])
def test_a_part_that_is_no_text_is_named_and_not_dropped(tmp_path: Path, part: dict[str, Any], key: str) -> None:
    turns = [
        {"role": "user", key: [{"text": "Add 1."} if key == "parts" else {"type": "text", "text": "Add 1."}, part]}
    ]
    found = made(tmp_path, {"messages": [*turns, ANSWER]}, {"messages": [USER, ANSWER]})
    assert len(found.rows) == 1 and "turn 1 holds a part of type" in found.left_out["not-text"].message


@pytest.mark.parametrize("system", [[{"type": "image", "source": {}}], {"parts": [{"inlineData": {}}]}, 3])
def test_a_system_prompt_that_is_no_text_is_not_dropped_in_silence(tmp_path: Path, system: Any) -> None:
    rows = [{"messages": [USER, ANSWER], "system": system}, {"messages": [USER, ANSWER], "system": "Be brief."}]
    found = made(tmp_path, *rows, {"prompt": "a", "completion": "b", "system": system})
    assert len(found.rows) == 1 and found.rows[0]["messages"][0]["content"] == "Be brief."
    assert found.left_out["not-text"].count == 2 and "'system' is a" in found.left_out["not-text"].message


def test_rows_by_name_keep_their_names(tmp_path: Path) -> None:
    rows = {f"case {at}": {"question": f"What is {at}?", "answer": str(at)} for at in range(3)}
    found = made(tmp_path, text=json.dumps(rows))
    assert [row["id"] for row in found.rows] == list(rows) and found.rows[2]["messages"][1]["content"] == "2"


@pytest.mark.parametrize(("row", "words"), [
    ({"id": 1, "data": {"talk": {"turns": [USER, ANSWER]}}}, "say where the conversation stands: --map"
     " messages=data.talk.turns"),
    ({"message_id": "1", "parent_id": None, "text": "Hello", "role": "prompter"}, "each row is one turn that names the"
     " turn before it"),
    ({"title": "t", "paragraphs": [{"context": "c"}]}, "no row holds two texts beside each other"),
    ({"id": "7", "Frage": "Wie?", "Zahl": 3, "Antwort": "So."}, "--map prompt=Frage completion=Antwort"),
])  # fmt: skip
def test_the_remedy_fits_the_rows(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as said:
        made(tmp_path, row, row)
    assert words in str(said.value)


def test_the_way_that_is_said_is_the_way_that_works(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"id": 1, "data": {"talk": {"turns": [USER, ANSWER]}}}) + "\n", encoding="utf-8")
    found = forms.convert(files.read(file), "rows", {"messages": "data.talk.turns"})
    assert found.rows[0]["messages"] == [USER, ANSWER]
