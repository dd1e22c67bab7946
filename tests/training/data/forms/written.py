"""Drawn chats, written in each form and in each kind of file that people have."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from collections.abc import Callable

from hypothesis import strategies as st

Turns = list[dict]
WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=24)
TEXTS = WORDS.filter(lambda text: text.strip() and not text.lstrip().startswith(("[", "{")))


@st.composite
def chats(draw: st.DrawFn, rounds: int = 3, system: bool = True) -> Turns:
    """A conversation: perhaps a system turn, then some questions, each with its answer."""
    turns = [{"role": "system", "content": draw(TEXTS)}] if system and draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, rounds))):
        turns += [{"role": "user", "content": draw(TEXTS)}, {"role": "assistant", "content": draw(TEXTS)}]
    return turns


def sharegpt(turns: Turns) -> dict:
    """``from`` and ``value``."""
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return {"conversations": [{"from": names[turn["role"]], "value": turn["content"]} for turn in turns]}


def parts(turns: Turns) -> dict:
    """Each text as a list of parts."""
    return {"messages": [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in turns]}


def openai(turns: Turns) -> dict:
    """With weights, a name of the system's and parallel calls allowed."""
    weighed = [{**turn, "weight": 1} if turn["role"] == "assistant" else turn for turn in turns]
    return {"messages": weighed, "parallel_tool_calls": True}


def alpaca(turns: Turns) -> dict:
    """The last round as instruction and output, what was said before as history."""
    system = turns[0]["content"] if turns[0]["role"] == "system" else ""
    said = turns[1:] if system else turns
    earlier = [[said[at]["content"], said[at + 1]["content"]] for at in range(0, len(said) - 2, 2)]
    return {"instruction": said[-2]["content"], "input": "", "output": said[-1]["content"], "system": system,
            "history": earlier}  # fmt: skip


CHAT_FORMS: dict[str, Callable[[Turns], dict]] = {
    "messages": lambda turns: {"messages": turns},
    "sharegpt": sharegpt,
    "parts": parts,
    "openai": openai,
    "alpaca": alpaca,
    "prompt and completion": lambda turns: {"prompt": turns[:-1], "completion": turns[-1]["content"]},
    "stringified": lambda turns: {"messages": json.dumps(turns)},
    "python's notation": lambda turns: {"messages": repr(turns)},
}


def as_csv(rows: list[dict], delimiter: str = ",") -> str:
    """A table; what is no text is written as JSON."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: value if isinstance(value, str) else json.dumps(value) for key, value in row.items()})
    return stream.getvalue()


def as_parquet(rows: list[dict]) -> bytes:
    """A Parquet file's bytes."""
    import pyarrow
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), stream)
    return stream.getvalue()


def lines(rows: list[dict]) -> str:
    """JSONL."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


FILES: dict[str, tuple[str, Callable[[list[dict]], bytes]]] = {
    "JSONL": ("rows.jsonl", lambda rows: lines(rows).encode()),
    "JSONL with a mark": ("rows.jsonl", lambda rows: codecs.BOM_UTF8 + lines(rows).replace("\n", "\r\n").encode()),
    "JSON array": ("rows.json", lambda rows: json.dumps(rows, indent=2).encode()),
    "JSON array in one line": ("rows.json", lambda rows: json.dumps(rows).encode()),
    "JSON array called JSONL": ("rows.jsonl", lambda rows: json.dumps(rows).encode()),
    "JSON object": ("rows.json", lambda rows: json.dumps({"version": 1, "data": rows}).encode()),
    "JSON over several lines": ("rows.jsonl", lambda rows: "\n".join(json.dumps(r, indent=1) for r in rows).encode()),
    "UTF-16": ("rows.jsonl", lambda rows: lines(rows).encode("utf-16")),
    "UTF-16 big-endian": ("rows.csv", lambda rows: codecs.BOM_UTF16_BE + as_csv(rows).encode("utf-16-be")),
    "CSV": ("rows.csv", lambda rows: as_csv(rows).encode()),
    "CSV with a mark": ("rows.csv", lambda rows: codecs.BOM_UTF8 + as_csv(rows).encode()),
    "CSV by semicolons": ("rows.csv", lambda rows: as_csv(rows, ";").encode()),
    "CSV for Excel": ("rows.csv", lambda rows: b"sep=;\r\n" + as_csv(rows, ";").encode()),
    "TSV": ("rows.tsv", lambda rows: as_csv(rows, "\t").encode()),
    "gzip": ("rows.jsonl.gz", lambda rows: gzip.compress(lines(rows).encode())),
    "CSV in gzip": ("rows.csv.gz", lambda rows: gzip.compress(as_csv(rows).encode())),
    "Parquet": ("rows.parquet", as_parquet),
}
