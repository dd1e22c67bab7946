"""Any file of rows as rows: JSONL, a JSON array, an object that holds one, CSV and its relatives, Parquet; packed or
not, in any encoding."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labs_py.core import chat_data, pasted_json
from training.data.forms import decoding
from training.run.errors import BadInput

LISTS = ("data", "rows", "examples", "train", "instances", "samples", "items", "conversations", "dialogs")
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LARGEST_FIELD = 100_000_000
SEEN_LINES = 30
MARKDOWN = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|?)+\s*")  # the line under a table's head


@dataclass(frozen=True)
class Item:
    """One row of a file.

    Attributes:
        line: in which line of the file it begins (in Parquet: which row it is).
        row: by name of key or column; None where there is none.
        fault: why there is none.
    """

    line: int
    row: dict[str, Any] | None
    fault: chat_data.Fault | None = None


@dataclass(frozen=True)
class Source:
    """A file's rows, and what the file is.

    Attributes:
        kind: in a few words, such as "JSON array, UTF-16, packed by gzip".
        items: the rows, in order.
        columns: of a table; () for JSON.
        unit: what ``Item.line`` counts, "line" or "row".
    """

    kind: str
    items: list[Item]
    columns: tuple[str, ...] = ()
    unit: str = "line"


def around(path: Path) -> list[Path]:
    """The files of the folder in which a file was looked for; none where it cannot be read."""
    try:
        return [file for file in path.parent.iterdir() if file.is_file()]
    except (OSError, ValueError):
        return []


def read(path: Path) -> Source:
    """All rows of a file.

    Raises:
        BadInput: there is no such file, or nothing in it can be read as rows; one line with the remedy.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(64)
            packed = decoding.packing(head)
            data = decoding.unpacked(path, packed) if packed else head + stream.read()
    except OSError as error:
        near = difflib.get_close_matches(path.name, [file.name for file in around(path)], 1)
        remedy = f"did you mean {path.with_name(near[0])}?" if near else "give the path of a file of rows"
        raise BadInput(f"{str(path) or repr('')}: {error.strerror or error}; {remedy}") from None
    said = f", packed by {packed}" if packed else ""
    name = path.with_suffix("") if packed else path
    if data.startswith(decoding.PARQUET):
        return parquet(data, path, said)
    if decoding.foreign(data):
        raise BadInput(f"{path}: this is {decoding.foreign(data)}")
    text, encoded = decoding.text_of(data, path)
    if not text.strip():
        raise BadInput(f"{path}: the file is empty")
    found = _of_text(text, path, name.suffix.lower())
    if not found.items:
        raise BadInput(f"{path}: there is no row in this {found.kind}")
    return replace(found, kind=f"{found.kind}, {encoded}{said}")


def _of_text(text: str, path: Path, suffix: str) -> Source:
    start = text.lstrip()[0]
    if suffix in (".csv", ".tsv", ".tab"):
        return table(text, path)
    if start in "[{" or suffix in (".json", ".jsonl", ".ndjson"):
        return _json(text, path, start)
    if delimiter_of(text):
        return table(text, path)
    raise BadInput(f"{path}: plain text, and nothing says what asks and what answers; write rows as JSONL, JSON, CSV or"
                   " Parquet")  # fmt: skip


# ---- JSON ----
def _json(text: str, path: Path, start: str) -> Source:
    if _is_jsonl(text):
        return Source("JSONL", list(_jsonl_items(text)))
    if start == "[":
        return Source("JSON array", list(_array_items(text, text.index("[") + 1, path)))
    if start == "{":
        return _object(text, path)
    raise BadInput(f"{path}:1: not readable as JSON; a row is an object in braces, one a line")


def _is_jsonl(text: str) -> bool:
    """Whether a line that is one whole object stands among the first, and is not all of the text."""
    lines = [line for line in text[:4_000_000].split("\n")[: SEEN_LINES * 4] if line.strip()][:SEEN_LINES]
    whole = [line for line in lines if line.lstrip().startswith("{") and isinstance(_parsed(line), dict)]
    if len(lines) == 1 and whole:
        one = _parsed(lines[0])
        return list_within(one) is None and not columns_of(one) and not rows_by_name(one)
    return bool(whole) and not lines[0].strip().startswith("[") and lines[0].strip() != "{"


def _parsed(text: str) -> Any:
    try:
        return pasted_json.load(text)
    except (ValueError, RecursionError):
        return None


def _jsonl_items(text: str) -> Iterator[Item]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield item(number, line)


def item(number: int, line: str) -> Item:
    """One line of JSONL as a row, or what is wrong with it."""
    if decoding.damaged(line):
        return Item(number, None, chat_data.Fault("bad-encoding", "bytes that are not UTF-8"))
    row, fault = chat_data.parse_line(line.strip().encode("utf-8"))
    return Item(number, row, fault)


def _array_items(text: str, at: int, path: Path) -> Iterator[Item]:
    """The elements of an array, each with its line; ``at`` is the place behind the bracket."""
    decoder, counted, line = json.JSONDecoder(object_pairs_hook=pasted_json.object_of), 0, 1
    space = re.compile(r"[\s,]*")
    while True:
        at = space.match(text, at).end()  # type: ignore[union-attr]
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text):
            raise BadInput(f"{path}:{line}: the JSON array has no end; the file is cut short")
        if text[at] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}:{error.lineno}: not readable as JSON ({error.msg}); mend this place") from None
        except (ValueError, RecursionError) as error:
            said = "nested too deeply" if isinstance(error, RecursionError) else error
            raise BadInput(f"{path}:{line}: not readable as JSON ({said}); mend this place") from None
        yield _element(line, value, text[at:end])
        at = end


def _element(line: int, value: Any, written: str) -> Item:
    if not isinstance(value, dict):
        return Item(line, None, chat_data.Fault("bad-json", f"a row is an object, this is a {type(value).__name__}"))
    if decoding.damaged(written) or _half_pair(value):
        return Item(line, None, chat_data.Fault("bad-encoding", "half a character, or bytes that are not UTF-8"))
    return Item(line, value)


def _half_pair(row: dict[str, Any]) -> bool:
    return decoding.damaged(json.dumps(row, ensure_ascii=False))


def _object(text: str, path: Path) -> Source:
    """Rows within one object: a list under a usual name, columns side by side, or objects one behind another."""
    try:
        whole = pasted_json.load(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return Source("JSON objects one behind another", list(_array_items(text + "]", 0, path)))
        raise BadInput(f"{path}:{error.lineno}: not readable as JSON ({error.msg}); mend this place") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not readable as JSON ({error})") from None
    listed = list_within(whole)
    if listed is not None:
        name = next(name for name in whole if whole[name] is listed)
        others = [f"'{key}'" for key, value in whole.items() if key != name and _is_rows(value)]
        left = f" (not read: {', '.join(others)})" if others else ""
        items = [replace(_element(0, value, ""), line=place) for place, value in enumerate(listed, 1)]
        return Source(f"JSON object with the rows under '{name}'{left}", items, unit="row")
    columns = columns_of(whole)
    if columns:
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        items = [replace(_element(0, row, ""), line=place) for place, row in enumerate(rows, 1)]
        return Source("JSON object of columns", items, tuple(columns), "row")
    if rows_by_name(whole):
        items = [replace(_element(0, {"id": name, **row}, ""), line=place)
                 for place, (name, row) in enumerate(whole.items(), 1)]  # fmt: skip
        return Source("JSON object of rows by name", items, unit="row")
    return Source("JSON object", [_element(1, whole, "")])


def columns_of(whole: Any) -> dict[str, list[Any]]:
    """An object whose values are columns of texts, of one length; {} for any other."""
    if not isinstance(whole, dict) or len(whole) < 2 or not all(isinstance(value, list) for value in whole.values()):
        return {}
    plain = not any(isinstance(cell, (dict, list)) for value in whole.values() for cell in value)
    return whole if plain and len({len(value) for value in whole.values()}) == 1 else {}


def rows_by_name(whole: Any) -> bool:
    """Whether an object holds rows, each under a name of its own: objects with the same keys."""
    rows = list(whole.values()) if isinstance(whole, dict) else []
    return len(rows) > 1 and all(isinstance(row, dict) and row and row.keys() == rows[0].keys() for row in rows)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def list_within(whole: Any) -> list[Any] | None:
    """The list of rows that an object holds under a usual name; None for an object that is a row itself."""
    if not isinstance(whole, dict):
        return None
    for name in LISTS:
        value = whole.get(name)
        if isinstance(value, list) and _is_rows(value) and not {"from", "role"} & set(value[0]):
            return value
    return None


# ---- tables ----
def table(text: str, path: Path) -> Source:
    """The rows of a text whose first line names its columns.

    Raises:
        BadInput: a column has no name of its own, or there is only one column.
    """
    text, skipped, said = _said_delimiter(text)
    delimiter = said or delimiter_of(text) or ","
    marked = delimiter == "|" and MARKDOWN.fullmatch(text.lstrip().partition("\n")[2].partition("\n")[0])
    if marked:
        text, skipped = _plain_table(text), skipped + 1
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise BadInput(f"{path}:1: the line of column names cannot be read ({error})") from None
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise BadInput(f"{path}:1: two columns are called {twice!r}; give each its own name")
    items = list(_table_items(reader, header, skipped))
    kind = "Markdown table" if marked else f"CSV parted by {DELIMITERS.get(delimiter, repr(delimiter))}"
    return Source(kind, items,
                  tuple(name for name in header if name))  # fmt: skip


def _table_items(reader: Any, header: list[str], skipped: int) -> Iterator[Item]:
    while True:
        line = reader.line_num + 1 + skipped
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            said = "a quotation mark that opens here is never closed" if "end of data" in str(error) else str(error)
            yield Item(line, None, chat_data.Fault("bad-csv", said))
            continue
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            yield Item(line, None, chat_data.Fault("bad-csv", f"{len(fields)} fields, and the first line names"
                                                   f" {len(header)} columns"))  # fmt: skip
        elif any(map(decoding.damaged, fields)):
            yield Item(line, None, chat_data.Fault("bad-encoding", "bytes that are not UTF-8"))
        else:
            yield Item(line, {name: field for name, field in zip(header, fields, strict=True) if name})


def _plain_table(text: str) -> str:
    """A Markdown table as a table parted by bars, without the line under its head."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter="|", lineterminator="\n")
    head, _, *rest = text.strip().split("\n")
    for line in (head, *rest):
        bare = line.strip().removeprefix("|").removesuffix("|")
        writer.writerow([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", bare)] if bare else [])
    return written.getvalue()


def _said_delimiter(text: str) -> tuple[str, int, str]:
    """Text without Excel's ``sep=;`` line, how many lines that were, and the sign it names."""
    first, _, rest = text.partition("\n")
    found = re.fullmatch(r"\"?sep=(.)\"?\s*", first.strip("\ufeff\r"))
    return (rest, 1, found[1]) if found else (text, 0, "")


def delimiter_of(text: str) -> str:
    """The sign that parts the names in the first line: the commonest outside quotation marks; "" for none."""
    first = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    best = max(DELIMITERS, key=first.count)
    return best if first.count(best) else ""


def without_absent(row: dict[str, Any]) -> dict[str, Any]:
    """A table's row without the nulls inside its columns.

    A column of objects has every key of any of them: what one call of a tool does not have stands there as null, as if
    it had been given.
    """
    return {column: _present(value) for column, value in row.items()}


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _present(inner) for key, inner in value.items() if inner is not None}
    return [_present(inner) for inner in value] if isinstance(value, list) else value


def parquet(data: bytes, path: Path, said: str = "") -> Source:
    """The rows of a Parquet file.

    Raises:
        BadInput: it is damaged.
    """
    import pyarrow
    from pyarrow import parquet as arrow_parquet

    try:
        found = arrow_parquet.read_table(pyarrow.BufferReader(data))
        rows = [without_absent(row) for row in found.to_pylist()]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:150]
        raise BadInput(f"{path}: a Parquet file that cannot be read ({reason}); fetch or write it again") from None
    if not rows:
        raise BadInput(f"{path}: there is no row in this Parquet file")
    return Source(f"Parquet{said}", [Item(place, row) for place, row in enumerate(rows, 1)],
                  tuple(map(str, found.column_names)), "row")  # fmt: skip
