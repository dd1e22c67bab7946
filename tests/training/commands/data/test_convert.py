"""``data convert``: what it prints, writes and refuses in one line, and a test set that no question leaks into."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.training.data.forms.written import as_parquet, lines
from training.cli import main
from training.commands.data.convert import parted, question_of
from training.run import jsonl

ROW = {"instruction": "Is it open?", "input": "", "output": "Yes."}


def said(capsys: pytest.CaptureFixture, *words: str) -> tuple[int, str]:
    """Exit code and everything that ``data convert`` wrote to the screen."""
    code = main(["data", "convert", *words])
    out, err = capsys.readouterr()
    return code, out + err


def test_it_says_what_was_read_written_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given, out = tmp_path / "rows.jsonl", tmp_path / "new" / "out.jsonl"
    given.write_text(lines([ROW, {**ROW, "output": ""}, {**ROW, "note": "n"}]))
    code, text = said(capsys, str(given), str(out))
    assert code == 0 and text.splitlines()[1:] == [
        "read: 3 rows as alpaca (instruction, input, output)",
        "left out: 1 row, empty-turn: 'output' is empty (first at line 2)",
        "not carried over: note (1)",
        f'written: {out}, 2 rows of {{"messages"}}',
        f"next: python -m training data check {out}",
    ]
    assert len(jsonl.read(out)) == 2


def test_no_file_is_overwritten_without_force(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    given.write_text(lines([ROW]))
    out.write_text("mine")
    code, text = said(capsys, str(given), str(out))
    assert code == 2 and "--force" in text and out.read_text() == "mine"
    assert said(capsys, str(given), str(out), "--force")[0] == 0 and len(jsonl.read(out)) == 1
    assert said(capsys, str(given), str(given), "--force")[0] == 2 and given.read_text() == lines([ROW])


@pytest.mark.parametrize("words", [("--map", "prompt=Frage", "completion=Antwort"), ()], ids=["named", "guessed"])
def test_the_map_may_stand_before_and_after_the_files(
    words: tuple, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    given, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    given.write_text("Frage;Antwort\nWo?;Hier.\n" if words else "Question;Answer\nWo?;Hier.\n")
    for order in ((str(given), str(out), *words), (*words, str(given), str(out))):
        code, text = said(capsys, *order, "--force")
        assert code == 0 and "prompt=" in text and jsonl.read(out)[0]["messages"][1]["content"] == "Hier."


DAMAGED = {
    "missing": ("no.jsonl", None),
    "empty": ("rows.jsonl", b""),
    "blank": ("rows.jsonl", b" \n\n"),
    "cut array": ("rows.json", b'[{"prompt": "a", "completion": "b"},'),
    "cut object": ("rows.json", b'{"data": [{"prompt": "a"'),
    "cut gzip": ("rows.jsonl.gz", gzip.compress(lines([ROW] * 50).encode())[:60]),
    "cut Parquet": ("rows.parquet", as_parquet([ROW])[:80]),
    "noise": ("rows.bin", bytes(range(256)) * 8),
    "prose": ("rows.txt", b"Once upon a time there was a file.\nIt had no rows.\n"),
    "unknown columns": ("rows.csv", b"a,b\n1,2\n"),
    "one column twice": ("rows.csv", b"question,answer,answer\n1,2,3\n"),
    "deep": ("rows.json", b'[{"a":' + b"[" * 100_000),
    "numbers": ("rows.jsonl", b"1\n2\n3\n"),
    "no row is good": ("rows.jsonl", b'{"prompt": "", "completion": "x"}'),
    "archive": ("rows.zip", b"PK\x03\x04" + b"x" * 50),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_input_is_one_line_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file, data = DAMAGED[name]
    if data is not None:
        (tmp_path / file).write_bytes(data)
    code, text = said(capsys, str(tmp_path / file), str(tmp_path / "out.jsonl"))
    assert code == 2 and not (tmp_path / "out.jsonl").exists() and str(tmp_path / file) in text
    if name != "no row is good":
        assert text.startswith("error: ") and text.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("one",), ("a", "b", "c"), ("a", "b", "--test-share", "2"), ("a", "."),
                                   ("a", "b", "--map", "x")])  # fmt: skip
def test_wrong_words_are_one_line(words: tuple, capsys: pytest.CaptureFixture) -> None:
    code, text = said(capsys, *words)
    assert code == 2 and text.count("\n") == 1 and text.startswith("error: ")


def test_a_data_set_on_the_hub_needs_a_commit_and_a_network(tmp_path: Path, capsys: pytest.CaptureFixture,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("STAGE10_OFFLINE", "1")
    code, text = said(capsys, "owner/name", str(tmp_path / "out.jsonl"))
    assert code == 2 and "--revision" in text
    code, text = said(capsys, "owner/name", str(tmp_path / "out.jsonl"), "--revision", "0" * 40)
    assert code == 3 and "STAGE10_OFFLINE" in text and text.count("\n") == 1


def test_a_mistyped_file_is_named_before_the_one_that_would_be_written(tmp_path, capsys) -> None:
    """It said that the output exists, and to add --force."""
    for name in ("tickets.csv", "rows.jsonl"):
        (tmp_path / name).write_text("question,answer\na,b\n")
    code, text = said(capsys, str(tmp_path / "tikets.csv"), str(tmp_path / "rows.jsonl"))
    assert code == 2 and f"did you mean {tmp_path / 'tickets.csv'}?" in text and "--force" not in text


def test_rows_of_one_question_stay_on_one_side_of_the_split(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    rows = [{"prompt": f"Question {n % 25}{'?' if n > 50 else '!'}", "completion": str(n)} for n in range(100)]
    given, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    given.write_text(lines(rows))
    assert said(capsys, str(given), str(out), "--test-share", "0.2", "--seed", "3")[0] == 0
    train, test = jsonl.read(out), jsonl.read(tmp_path / "out.test.jsonl")
    assert len(train) + len(test) == 100 and 16 <= len(test) <= 24
    assert not {question_of(row) for row in train} & {question_of(row) for row in test}
    assert main(["data", "check", str(out), "--test", str(tmp_path / "out.test.jsonl"), "--max-shown", "0"]) in (0, 2)
    again = parted([*train, *test], 0.2, 3)
    assert again == parted([*train, *test], 0.2, 3) != parted([*train, *test], 0.2, 4)


def test_check_reads_pairs_and_passages_by_their_own_rules(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "rows.jsonl"
    pairs = [{"prompt": "a", "chosen": "b", "rejected": other} for other in "cb"]
    passages = [{"anchor": "a", "positive": positive} for positive in "b "]
    for rows, fault in ((pairs, "equal-answers"), (passages, "empty-text")):
        file.write_text(lines(rows))
        code = main(["data", "check", str(file)])
        assert code == 2 and f"{file}:2: {fault}: " in capsys.readouterr().out
        file.write_text(json.dumps(rows[0]))
        assert main(["data", "check", str(file)]) == 0
        capsys.readouterr()
