"""Names what a file is that is no JSONL of our rows: in one line, with the command that converts it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from labs_py.core import chat_data
from training.data.forms import decoding, files, shapes

SEEN = 20
READ_BY = {shapes.PAIRS: "dpo", shapes.PASSAGES: "embed"}
Lines = list[tuple[int, bytes, int]]  # number, bytes and true length, as ``check.read_lines`` gives them


def named(path: str | Path, lines: Lines) -> str:
    """One line on a file that is of another kind or form than ours; "" for JSONL of our rows, whatever its faults.

    Args:
        path: of the file.
        lines: its first ``SEEN`` lines that hold something.
    """
    kind = kind_of(lines, Path(path).suffix.lower())
    if kind.startswith("!"):
        return f"{path}: this is {kind[1:]}"
    family = "" if kind else family_of(lines)
    if family:
        return f"{path}: these rows are {family}, which 'python -m training {READ_BY[family]}' reads, and no chats"
    what = kind or form_of(lines)
    words = " ".join(shlex.quote(str(one)) for one in (path, beside(path)))
    return f"{path}: this is {what}; convert it with: python -m training data convert {words}" if what else ""


def beside(path: str | Path) -> Path:
    """A name for the converted file beside the given one."""
    given = Path(path)
    stem = given
    while stem.suffix.lower() in (".gz", ".bz2", ".xz", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".ndjson"):
        stem = stem.with_suffix("")
    plain = stem.with_name(f"{stem.name}.jsonl")
    return plain if plain != given and not plain.exists() else stem.with_name(f"{stem.name}-converted.jsonl")


def kind_of(lines: Lines, suffix: str) -> str:
    """The kind of a file that is no JSONL in UTF-8; "" for one that is, "!" in front of what cannot be converted."""
    head = lines[0][1]
    if packed := decoding.packing(head):
        return f"a file packed by {packed}"
    if head.startswith(decoding.PARQUET):
        return "a Parquet file"
    if decoding.foreign(head):
        return f"!{decoding.foreign(head)}"
    _, said = decoding.encoding(head)
    if said.startswith(("UTF-16", "UTF-32")):
        return f"a text in {said}"
    if said := _older_encoding(lines):
        return f"a text in {said}"
    text = head.decode("utf-8", "replace").strip()
    if re.match(r"\[\s*(\{|$)", text):
        return "a JSON array"
    if text == "{" or (text.startswith("{") and len(lines) == 1 and _holds_rows(text)):
        return "JSON written over several lines" if text == "{" else "a JSON object that holds the rows"
    if text[:1] not in ("{", "[") and (suffix in (".csv", ".tsv", ".tab") or _is_header(lines)):
        return "a CSV file"
    return ""


def _older_encoding(lines: Lines) -> str:
    """The encoding of lines of which no letter beyond ASCII is UTF-8, where at least two have one; "" otherwise."""
    beyond = [line for _, line, _ in lines if not line.isascii()]
    _, said = decoding.encoding(b"\n".join(beyond))
    return said if len(beyond) > 1 and said in ("Windows-1252", "Latin-1") else ""


def _holds_rows(text: str) -> bool:
    row = chat_data.parse_line(text.encode("utf-8"))[0]
    return row is not None and files.list_within(row) is not None


def _is_header(lines: Lines) -> bool:
    """Whether the first line names columns: no line of JSON follows, and each has the sign that parts them."""
    texts = [line.decode("utf-8", "replace") for _, line, _ in lines]
    sign = files.delimiter_of(texts[0])
    return bool(sign) and len(texts) > 1 and not any(text.lstrip().startswith(("{", "[")) for text in texts)


def form_of(lines: Lines) -> str:
    """The form that all readable rows of the first lines have, where it is not ours; "" otherwise."""
    rows = [row for _, line, _ in lines if (row := chat_data.parse_line(line)[0]) is not None]
    found = {_foreign_form(row) for row in rows}
    return found.pop() if len(found) == 1 else ""


def family_of(lines: Lines) -> str:
    """Pairs or passages where all readable rows of the first lines are such, in our form; "" otherwise."""
    rows = [row for _, line, _ in lines if (row := chat_data.parse_line(line)[0]) is not None]
    found = {_own_family(row) for row in rows}
    return found.pop() if len(found) == 1 else ""


def _own_family(row: dict[str, Any]) -> str:
    if {"chosen", "rejected"} <= set(row) and (row.get("prompt") or isinstance(row["chosen"], list)):
        return shapes.PAIRS
    return shapes.PASSAGES if {"anchor", "positive"} <= set(row) and isinstance(row["positive"], str) else ""


def _foreign_form(row: dict[str, Any]) -> str:
    """The name of a row's form, "" for ours and for none."""
    found = shapes.form_of(row)
    if found is not None and "label" in found[1] and found[0].family == shapes.CHAT:
        return found[0].name  # an answer that is marked wrong must not be learnt
    if isinstance(row.get("messages"), list) or chat_data.is_plain_text(row):
        turns = row.get("messages") or []
        return "ShareGPT conversations (from, value)" if any(
            isinstance(turn, dict) and "from" in turn and "role" not in turn for turn in turns) else ""  # fmt: skip
    if {"prompt", "completion"} <= set(row):
        return ""
    if found is None or found[0].name == "text":
        return ""
    name = found[0].name
    if name != "messages":
        return name
    return "messages written as text inside JSON" if "messages" in row else f"messages under '{found[1]['messages']}'"
