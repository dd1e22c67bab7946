"""Each form and kind of file that is not ours is named in one line; JSONL of ours is left to the check of its rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.data.forms.written import CHAT_FORMS, FILES, lines
from training.data.check import check_file
from training.data.forms import files
from training.data.forms.convert import convert
from training.run.errors import BadInput

TURNS = [{"role": "user", "content": "Is the pool open in May?"}, {"role": "assistant", "content": "From ten on."}]
FOREIGN_FORMS = {
    **{name: CHAT_FORMS[name](TURNS) for name in ("sharegpt", "alpaca", "stringified")},
    "question and answer": {"question": "Is it open?", "answer": "Yes."},
    "dolly": {"instruction": "Is it open?", "context": "", "response": "Yes.", "category": "qa"},
    "OpenAI's preferences": {"input": {"messages": TURNS[:1]}, "preferred_output": TURNS[1:],
                             "non_preferred_output": TURNS[1:]},
    "marked": {"prompt": "Is it open?", "completion": "Yes.", "label": True},
    "from and value under messages": {"messages": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]},
    "messages under another name": {"conversations": TURNS},
    "passages": {"query": "Is it open?", "pos": ["Yes."], "neg": ["No."]},
}  # fmt: skip


def faults(path: Path) -> list[str]:
    """What the check says: one line that names the file, or the faults of its rows."""
    try:
        return [str(finding) for finding in check_file(path)]
    except BadInput as error:
        assert "\n" not in str(error)
        return [f"named: {error}"]


@pytest.mark.parametrize("form", FOREIGN_FORMS)
def test_another_form_is_named_once_and_its_command_reads_it(form: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines([FOREIGN_FORMS[form]] * 12))
    (said,) = faults(path)
    assert said.startswith(f"named: {path}: this is ") and f"data convert {path} " in said
    assert convert(files.read(path), "rows").family


@pytest.mark.parametrize("kind", [kind for kind in FILES if not kind.startswith("JSONL")])
def test_another_kind_of_file_is_named_once(kind: str, tmp_path: Path) -> None:
    name, write = FILES[kind]
    path = tmp_path / name
    path.write_bytes(write([{"prompt": f"Is it open on day {n}?", "completion": "Yes."} for n in range(12)]))
    (said,) = faults(path)
    assert "data convert" in said


@pytest.mark.parametrize("row", [
    {"messages": TURNS}, {"prompt": "x", "completion": "y"}, {"text": "Prose."}, {"messages": TURNS, "weight": 1},
])  # fmt: skip
def test_our_forms_are_checked_row_by_row(row: dict, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n" + '{"messages": []}\n')
    assert [said.split(": ")[1] for said in faults(path)] == ["prompt-only"]


def test_pairs_and_passages_are_named_with_the_method_that_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    pair, passage = {"prompt": "x", "chosen": "y", "rejected": "z"}, {"anchor": "x", "positive": "y"}
    for row, method in ((pair, "dpo"), (passage, "embed")):
        path.write_text(json.dumps(row))
        assert f"python -m training {method}" in faults(path)[0]


@pytest.mark.parametrize("data", [b"PK\x03\x04 and more", b"SQLite format 3\0", b"%PDF-1.7\n", b"\x80\x04\x95"])
def test_a_file_without_rows_is_named_without_a_command(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_bytes(data * 3)
    (said,) = faults(path)
    assert "this is a" in said and "data convert" not in said
