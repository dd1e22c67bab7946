"""Rows of a source in our form: what was read, what was written, and every row that was left out, by reason."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from training.data.forms import decoding, shapes
from training.data.forms import turns as chat
from training.data.forms.files import Item, Source
from training.data.forms.turns import Unfit
from training.run.errors import BadInput

Row = dict[str, Any]
IDS = ("id", "_id", "uuid", "example_id", "conversation_id", "prompt_id", "idx")
PARTS = ("prompt", "completion", "system", "messages", "tools", "chosen", "rejected", "anchor", "positive", "negative",
         "score", "instruction", "input", "output", "text", "id")  # fmt: skip
OURS = {shapes.CHAT: '{"messages"}', shapes.PAIRS: '{"prompt", "chosen", "rejected"}',
        shapes.PASSAGES: '{"anchor", "positive"}', shapes.TEXT: '{"text"}'}  # fmt: skip


@dataclass
class LeftOut:
    """Rows left out for one reason: how many, the first line, and its sentence."""

    count: int
    line: int
    message: str


@dataclass
class Converted:
    """What became of a source's rows.

    Attributes:
        rows: in our form, each with an id.
        family: what they are: chats, pairs, passages or text.
        read: how many rows of which form were read.
        left_out: by code, in the order in which the reasons came up.
        not_carried: keys or columns that our form has no place for, and in how many rows (or turns) they stood.
        keys: which key or column was read as which part, where the names are not ours.
        notes: what else a reader should know.
    """

    rows: list[Row] = field(default_factory=list)
    family: str = ""
    read: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    not_carried: Counter[str] = field(default_factory=Counter)
    keys: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, line: int, unfit: Unfit) -> None:
        """Count one row that is not written."""
        known = self.left_out.setdefault(unfit.fault.code, LeftOut(0, line, unfit.fault.message))
        known.count += 1


def mapping_of(words: Iterable[str], columns: Iterable[str] = ()) -> dict[str, str]:
    """``--map`` as {part of our form: the reader's column}.

    Args:
        words: each ``part=column``.
        columns: of the file, where they are known.

    Raises:
        BadInput: a word is none of these, or there is no such part or column.
    """
    found: dict[str, str] = {}
    for word in words:
        part, equals, column = word.partition("=")
        if not equals or not part or not column:
            raise BadInput(f"--map {word}: write part=column, such as prompt=question")
        if part not in PARTS:
            near = f"did you mean {column}={part}? the part comes first" if column in PARTS else ""
            raise BadInput(f"--map {word}: there is no part {part!r}; {near or 'there are ' + ', '.join(PARTS)}")
        if part in found:
            raise BadInput(f"--map {word}: {part} is named twice")
        found[part] = column
    known = list(columns)
    for part, column in found.items():
        if known and column not in known and column.partition(".")[0] not in known:
            raise BadInput(f"--map {part}={column}: there is no column {column!r}; there are {', '.join(known)}")
    return found


def mapped(row: Row, mapping: dict[str, str]) -> Row:
    """The parts that ``--map`` names, alone, under our names; ``a.b`` reaches into an object."""
    return {part: _reach(row, column) for part, column in mapping.items()}


def _reach(row: Row, column: str) -> Any:
    if column in row:
        return row[column]
    value: Any = row
    for name in column.split("."):
        value = chat.unwritten(value) if isinstance(value, str) else value
        if not isinstance(value, dict) or name not in value:
            raise Unfit("missing-key", f"there is no {column!r}")
        value = value[name]
    return value


def convert(source: Source, stem: str, mapping: dict[str, str] | None = None) -> Converted:
    """Write a source's rows in our form.

    Args:
        source: the rows as they were read.
        stem: beginning of the ids of rows that have none.
        mapping: which column is which part; guessed from the names when None.

    Raises:
        BadInput: no row is of a known form; one line that names the keys found.
    """
    made = Converted(keys=dict(mapping or {}))
    items = list(_readable(source, made))
    forms = [_form(item, made, mapping) for item in items]
    known = Counter(form.family for found in forms if found is not None for form in [found[1]])
    if not known:
        _none_known(source, items, mapping)
    made.family = max(known, key=lambda family: (known[family], family == shapes.CHAT))
    largest = _largest_score(forms)
    for found in forms:
        if found is not None:
            _add(made, *found, largest, stem)
    _even_negatives(made)
    _own_ids(made, stem)
    return made


def _readable(source: Source, made: Converted) -> Iterator[Item]:
    for item in source.items:
        if item.row is None:
            fault = item.fault
            made.leave_out(item.line, Unfit(fault.code if fault else "bad-json", fault.message if fault else ""))
        else:
            yield replace(item, row={str(key): _plain(value) for key, value in item.row.items()})


def _plain(value: Any) -> Any:
    """A value of a table without the not-a-number that stands for an empty field."""
    return None if isinstance(value, float) and math.isnan(value) else value


Found = tuple[Item, shapes.Form, dict[str, str], Row]


def _form(item: Item, made: Converted, mapping: dict[str, str] | None) -> Found | None:
    """A row with its form; None where it has none, which is counted."""
    row = item.row or {}
    try:
        named = mapped(row, mapping) if mapping else row
    except Unfit as unfit:
        made.leave_out(item.line, unfit)
        return None
    found = shapes.form_of(named)
    if found is None:
        made.leave_out(item.line, Unfit("unknown-form", f"its keys are {', '.join(list(row)[:8]) or 'none'}"))
        return None
    return item, found[0], found[1], named


def _none_known(source: Source, items: list[Item], mapping: dict[str, str] | None) -> None:
    keys = list(dict.fromkeys(key for item in items[:50] for key in item.row or {}))
    if not keys:
        raise BadInput(f"no row of this {source.kind} can be read ({source.items[0].fault.message})"
                       if source.items and source.items[0].fault else "there is no row in it")  # fmt: skip
    what = "columns" if source.columns else "keys"
    absent = [
        column for column in (mapping or {}).values() if column not in keys and column.partition(".")[0] not in keys
    ]
    if absent:
        raise BadInput(f"--map: there is no {what[:-1]} {absent[0]!r}; there are {', '.join(keys[:12])}")
    if mapping:
        makes = "makes" if len(mapping) == 1 else "make"
        raise BadInput(f"--map: {', '.join(mapping)} alone {makes} no row; a chat needs prompt and completion (or"
                       " messages), a pair chosen and rejected, a passage anchor and positive")  # fmt: skip
    raise BadInput(f"its {what} are {', '.join(keys[:12])}, and their names do not say what asks and what answers;"
                   f" {_remedy([item.row for item in items if item.row])}")  # fmt: skip


def _remedy(rows: list[Row]) -> str:
    """What to do with rows of no known form: the ``--map`` that fits, or that a row holds no conversation."""
    row = rows[0]
    inner = _conversation(row)
    if inner:
        return f"say where the conversation stands: --map messages={inner}"
    if any("parent" in str(key) for key in row):
        return "each row is one turn that names the turn before it; put the turns of a conversation into one row"
    texts = [way for key, value in row.items() if str(key).lower() not in IDS and (way := _text(key, value))]
    if len(texts) < 2:
        return "no row holds two texts beside each other; write rows with a question and an answer"
    return f"say it, as in --map prompt={texts[0]} completion={texts[-1]}"


def _text(key: str, value: Any, depth: int = 4) -> str:
    """The way to the first text within a value, as ``a.b``; "" where there is none."""
    if isinstance(value, str):
        return key
    inner = value.items() if isinstance(value, dict) and depth else ()
    return next((f"{key}.{way}" for name, one in inner if (way := _text(str(name), one, depth - 1))), "")


def _conversation(value: Any, depth: int = 4) -> str:
    """The way to a list of turns within objects, as ``a.b``; "" where there is none."""
    for key, inner in value.items() if isinstance(value, dict) and depth else ():
        further = _conversation(inner, depth - 1)
        if further or isinstance(inner, list) and chat.is_turns(inner):
            return f"{key}.{further}" if further else str(key)
    return ""


def _largest_score(forms: list[Found | None]) -> float:
    """The largest score of sentences that are scored for likeness: 1, 5 or what the scale goes to; 0 for none."""
    largest = 0.0
    for found in forms:
        if found is not None and "score" in found[2] and found[1].family == shapes.PASSAGES:
            try:
                largest = max(largest, float(found[3][found[2]["score"]]))
            except (TypeError, ValueError):
                continue
    return next((scale for scale in (1.0, 5.0, 10.0, 100.0) if 0 < largest <= scale), largest)


def _add(made: Converted, item: Item, form: shapes.Form, keys: dict[str, str], row: Row, largest: float,
         stem: str) -> None:  # fmt: skip
    made.read[form.name] += 1
    if form.family != made.family and not {form.family, made.family} <= {shapes.CHAT, shapes.TEXT}:
        made.leave_out(item.line, Unfit("another-form", f"a row of {form.name} among {made.family}"))
        return
    given = {**row, "largest score": largest} if "score" in keys and form.family == shapes.PASSAGES else row
    try:
        written = form.rows(given, keys)
        if any(map(_damaged, written)):
            raise Unfit("bad-encoding", "half a character, or bytes that are not of the file's encoding")
    except Unfit as unfit:
        made.leave_out(item.line, unfit)
        return
    read = {*keys.values(), shapes.first(row, IDS)}
    for part, key in keys.items():
        if part != key and part in PARTS and not made.keys.get(part):
            made.keys[part] = key
    for key in row:
        if key not in read and row[key] not in (None, "", [], {}):
            made.not_carried[key] += 1
    if keys.get("messages"):
        made.not_carried.update(f"{keys['messages']}[].{key}" for key in chat.unread(row[keys["messages"]]))
    own = row.get(shapes.first(row, IDS))
    name = str(own) if isinstance(own, (str, int)) and str(own).strip() else f"{stem}-{len(made.rows) + 1}"
    for place, one in enumerate(written):
        made.rows.append({"id": name if place == 0 else f"{name}.{place + 1}", **one})
    if len(written) > 1:
        made.read["further passages"] += len(written) - 1


def _damaged(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_damaged, value.values()))
    if isinstance(value, list):
        return any(map(_damaged, value))
    return isinstance(value, str) and decoding.damaged(value)


def _even_negatives(made: Converted) -> None:
    """A negative in every row or in none, as training takes them."""
    having = sum("negative" in row for row in made.rows)
    if made.family == shapes.PASSAGES and 0 < having < len(made.rows):
        for row in made.rows:
            row.pop("negative", None)
        made.notes.append(f"{having} of {len(made.rows)} rows had a negative; training takes one in every row or in"
                          " none, so they were left out")  # fmt: skip


def _own_ids(made: Converted, stem: str) -> None:
    """Give each row an id of its own."""
    seen: set[str] = set()
    repeated = 0
    for place, row in enumerate(made.rows, 1):
        name = row["id"]
        if name in seen:
            repeated += 1
            name = f"{stem}-{place}"
            while name in seen:
                name += "'"
            row["id"] = name
        seen.add(name)
    if repeated:
        made.notes.append(f"{repeated} rows had an id that stood further up, and got one of their own")
