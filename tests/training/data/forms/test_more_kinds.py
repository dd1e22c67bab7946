"""Kinds of files that people bring: what each becomes, and that nothing of it is lost unsaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from training.cli import main
from training.commands.data.convert import said
from training.data.forms import files, hub
from training.data.forms.convert import Converted, convert
from training.data.reading import row_of

Q, A = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
TOOL = {"name": "w", "parameters": {"type": "object", "properties": {"c": {"type": "string"}}}}


def made_of(folder: Path, text: str | bytes, name: str = "rows.jsonl") -> tuple[Converted, list[str]]:
    """What becomes of a file, and what is said of it."""
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    source = files.read(file)
    made = convert(source, "row")
    return made, said(str(file), source, made)


def one(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    """The one row that a row becomes, without its id."""
    (found,) = made_of(folder, json.dumps(row))[0].rows
    return {key: value for key, value in found.items() if key != "id"}


@pytest.mark.parametrize(("row", "asked"), [
    ({"instruction": "i", "input": "x", "chosen": "a", "rejected": "b"}, [{"role": "user", "content": "i\n\nx"}]),
    ({"instruction": "i", "input": "", "chosen": "a", "rejected": "b"}, [{"role": "user", "content": "i"}]),
    ({"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"},
      "rejected": {"from": "gpt", "value": "b"}}, [Q]),
    ({"messages": [Q, A], "chosen": [Q, A], "rejected": [Q, {**A, "content": "b"}]}, [Q]),
])  # fmt: skip
def test_pairs_keep_their_whole_question(tmp_path, row, asked) -> None:
    assert one(tmp_path, row) == {"prompt": asked, "chosen": "a", "rejected": "b"}


def test_pairs_keep_their_tools(tmp_path) -> None:
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "tools": [TOOL]}
    assert one(tmp_path, row)["tools"] == [{"type": "function", "function": TOOL}]


@pytest.mark.parametrize("key", ["label", "kto_tag"])
@pytest.mark.parametrize("turns", [[Q, A], [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]])
def test_an_answer_that_is_marked_wrong_is_not_learnt(tmp_path, capsys, key, turns) -> None:
    name = "messages" if "role" in turns[0] else "conversations"
    rows = [{name: turns, key: mark} for mark in (True, False, "false")]
    made, _ = made_of(tmp_path, "\n".join(map(json.dumps, rows)))
    assert [row["messages"] for row in made.rows] == [[Q, A]] and made.left_out["wrong-answer"].count == 2
    assert main(["data", "check", str(tmp_path / "rows.jsonl")]) == 2  # nor where the file is trained on as it is
    assert "answers with a mark (KTO)" in capsys.readouterr().err


def calls(*arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"function": {"name": "w", "arguments": one}} for one in arguments]


def test_a_column_of_calls_gives_none_an_argument_that_it_does_not_have(tmp_path, monkeypatch) -> None:
    turns = [Q, {"role": "assistant", "content": None, "tool_calls": calls({"c": "x"})},
             {"role": "tool", "content": "1"},
             {"role": "assistant", "content": "so", "tool_calls": calls({"d": 2})}]  # fmt: skip
    table = pyarrow.Table.from_pylist([{"messages": turns}])
    file = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(table, file)
    import datasets

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: datasets.Dataset.from_list([{"messages": turns}]))
    monkeypatch.delenv("STAGE10_OFFLINE", raising=False)
    for source in (files.read(file), hub.read("owner/name", "0" * 40, "train", None)):
        (row,) = convert(source, "row").rows
        given = [turn["tool_calls"][0]["function"]["arguments"] for turn in row["messages"] if "tool_calls" in turn]
        assert given == [{"c": "x"}, {"d": 2}]


@pytest.mark.parametrize("nothing", ["", None, "{}", {}])
def test_a_call_without_arguments_is_one(tmp_path, nothing) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "w", "arguments": nothing}}
    row = one(tmp_path, {"messages": [Q, {"role": "assistant", "tool_calls": [call]}], "tools": [TOOL]})
    assert row["messages"][1]["tool_calls"][0]["function"] == {"name": "w", "arguments": {}}


def test_thoughts_are_carried_over_and_unread_keys_of_turns_are_said(tmp_path) -> None:
    turn = {**A, "reasoning": "because", "timestamp": 3}
    made, lines = made_of(tmp_path, json.dumps({"messages": [Q, turn]}))
    assert made.rows[0]["messages"][1] == {**A, "reasoning": "because"}
    assert "not carried over: messages[].timestamp (1)" in lines
    assert row_of(made.rows[0], "", "x")["messages"][1]["reasoning"] == "because"


@pytest.mark.parametrize("text", [
    "| question | answer |\n|---|:--:|\n| q | a |\n| x \\| y | \"b\" |\n",
    "question | answer\n--- | ---\nq | a\nx \\| y | \"b\"\n",
])  # fmt: skip
def test_a_markdown_table_is_its_cells(tmp_path, text) -> None:
    made, lines = made_of(tmp_path, text, "rows.md")
    assert [[turn["content"] for turn in row["messages"]] for row in made.rows] == [["q", "a"], ["x | y", '"b"']]
    assert "Markdown table" in lines[0]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_of_columns_is_a_table(tmp_path, indent) -> None:
    made, _ = made_of(
        tmp_path, json.dumps({"prompt": ["q", "r"], "completion": ["a", "b"]}, indent=indent), "rows.json"
    )
    assert [row["messages"][1]["content"] for row in made.rows] == ["a", "b"]
    one_row = {"prompt": [Q], "completion": [A]}
    assert one(tmp_path, one_row)["messages"] == [Q, A]


def test_rows_under_a_second_name_are_said_to_be_left(tmp_path) -> None:
    rows = [{"prompt": "q", "completion": "a"}]
    _, lines = made_of(tmp_path, json.dumps({"train": rows, "test": rows, "version": 2}), "rows.json")
    assert "under 'train' (not read: 'test')" in lines[0]


def test_an_input_without_an_instruction_is_the_question(tmp_path) -> None:
    assert one(tmp_path, {"instruction": "", "input": "q", "output": "a"})["messages"] == [Q, A]


def test_single_turns_of_a_tree_are_no_texts(tmp_path, capsys) -> None:
    rows = [{"message_id": "1", "parent_id": None, "text": "q", "role": "prompter"},
            {"message_id": "2", "parent_id": "1", "text": "a", "role": "assistant"}]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert main(["data", "convert", str(tmp_path / "rows.jsonl"), str(tmp_path / "out.jsonl")]) == 2
    assert "its keys are message_id, parent_id, text, role" in capsys.readouterr().err
