"""Rows of a question and the passage that answers it: of our workshop, or from files; and general text besides.

A file holds one row per line: ``{"anchor": question, "positive": passage, "negative": a passage that does not answer
it}``; the negative may be left out, of all rows or of none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from labs_py.core import chat_data
from training.data import replay, splits
from training.data.check import Finding
from training.data.pairs import parsed_lines
from training.methods.embed import corpus as embed_corpus
from training.methods.embed.settings import EmbedConfig
from training.run.errors import BadInput

QUESTION_WORDS, PASSAGE_WORDS = 25, 40
SIDES = ("anchor", "positive", "negative")
Row = dict[str, Any]


def load_rows(config: EmbedConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's rows to train on (``train``) and its held-out questions (``heldout``).

    Raises:
        BadInput: faults in a file, each with file and line; settings that do not fit together.
    """
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: general text makes no pair; set it to 0")
    train, held_out = from_files(config) if config.embed.pairs == "file" else written(config)
    if config.embed.negatives == "given" and "negative" not in train[0]:
        raise BadInput("embed.negatives: 'given' needs a 'negative' in every row of data.train_file; take batch or"
                       " mined")  # fmt: skip
    counts = {"train": len(train), **{name: len(rows) for name, rows in held_out.items()}}
    digest = hashlib.sha256()
    for row in (row for part in (train, *held_out.values()) for row in part):
        digest.update(json.dumps([row.get(k) for k in (*SIDES, "unlabelled")]).encode() + b"\n")
    unlabelled = sum("unlabelled" in row for row in train)
    notes = [f"{len(train)} questions with their passage to train on, {unlabelled} of them with a second right passage"
             " that no label names"]  # fmt: skip
    notes += [f"held out: {name}, {len(rows)} questions" for name, rows in held_out.items()]
    return splits.Splits(train, held_out, digest.hexdigest(), counts, notes)


def written(config: EmbedConfig) -> tuple[list[Row], dict[str, list[Row]]]:
    """Rows of the workshop (``embed_corpus``); the label points at a fact's card where it has one.

    Raises:
        BadInput: a task without questions and passages, or a variant that is not known.
    """
    if config.task_name != "workshop":
        raise BadInput(f"task: {config.task_name} writes no questions with passages; take workshop, or jsonl with"
                       " embed.pairs=file")  # fmt: skip
    if config.data.variant != "default":
        raise BadInput(f"data.variant: unknown variant {config.data.variant!r}; the workshop has only 'default'")
    train = [row_of(question, fact, place) for place, (question, fact)
             in enumerate(embed_corpus.workshop(config.data.n_train, config.data.seed, False))]  # fmt: skip
    held_out = [row_of(question, fact, place) for place, (question, fact)
                in enumerate(embed_corpus.workshop(config.data.n_heldout, 0, True))]  # fmt: skip
    return train, {"held_out": held_out}


def row_of(question: str, fact: embed_corpus.Fact, place: int) -> Row:
    """A fact as a row; the note beside a card is a right answer without a label."""
    other = {"unlabelled": fact.note} if fact.card and fact.note else {}
    return {"anchor": question, "positive": fact.answer, "id": str(place), "kind": fact.kind, **other}


def general_rows(count: int = 0) -> list[Row]:
    """General retrieval that nobody trains for: the opening words of a passage of two old books, and how it goes on.

    Nothing of the second part's words need stand in the first; other passages of the same story are the confusers.

    Args:
        count: how many; 0 all.
    """
    found = []
    for place, passage in enumerate((*replay.passages("measure"), *replay.passages("replay"))):
        words = passage.split()
        opening, rest = words[:QUESTION_WORDS], words[QUESTION_WORDS:]
        found.append({"anchor": " ".join(opening), "positive": " ".join(rest[:PASSAGE_WORDS]), "id": str(place),
                      "kind": "books"})  # fmt: skip
    return found[:count] if count else found


# ---- files ----
def from_files(config: EmbedConfig) -> tuple[list[Row], dict[str, list[Row]]]:
    """Rows of the reader's own; a question of a held-out file may not stand in the training file.

    Raises:
        BadInput: no files named, a set called general, or faults in a file with file and line.
    """
    if not config.data.train_file or not config.data.heldout_files:
        missing = "heldout_files" if config.data.train_file else "train_file"
        raise BadInput(f"data.{missing}: embed.pairs is file, so name the JSONL files of rows to train and to test on")
    held_out = {name: read_rows(path) for name, path in config.data.heldout_files.items()}
    if "general" in held_out:
        raise BadInput("data.heldout_files: 'general' is the name of the set that every run measures; take another")
    asked = {key_of(row["anchor"]) for rows in held_out.values() for row in rows}
    return read_rows(config.data.train_file, asked), held_out


def key_of(text: str) -> str:
    """A text without the differences that do not make it another question."""
    return " ".join(text.lower().split())


def check_rows(path: str | Path, held_out: Collection[str] = frozenset()) -> Iterator[Finding | Row]:
    """Every row of a file, or in its place what is wrong with the line; before a repeated row a warning.

    Args:
        path: JSONL file.
        held_out: ``key_of`` the held-out questions.
    """
    name, seen, sides = str(path), {}, set()
    for number, row, unread in parsed_lines(path):
        if unread is None:
            sides = sides or {side for side in SIDES if side in row}
        fault = unread or fault_of(row, sides)
        if fault is not None:
            yield Finding(name, number, fault.code, fault.message)
            continue
        same = tuple(row.get(side) for side in SIDES)
        if key_of(row["anchor"]) in held_out:
            yield Finding(name, number, "test-leak", "this question also stands in a held-out set")
        else:
            if same in seen:
                yield Finding(name, number, "duplicate", f"the same row as line {seen[same]}")
            seen.setdefault(same, number)
            yield {**{side: row[side] for side in SIDES if side in row}, "id": str(row.get("id", f"line-{number}")),
                   "kind": "file"}  # fmt: skip


def fault_of(row: Row, sides: set[str]) -> chat_data.Fault | None:
    """Why a row cannot be used, judged beside the sides that the first row has; None when it can."""
    for side in SIDES:
        if side not in row and side != "negative":
            return chat_data.Fault(f"missing-{side}", f"a row needs a text '{side}'")
        if side in row and not isinstance(row[side], str):
            return chat_data.Fault(f"missing-{side}", f"'{side}' must be a text, not {type(row[side]).__name__}")
        if side in row and not row[side].strip():
            return chat_data.Fault("empty-text", f"'{side}' is empty")
    if ("negative" in row) != ("negative" in sides):
        return chat_data.Fault("missing-negative", "some rows have a 'negative' and some have none: give it to all or"
                               " to none")  # fmt: skip
    if key_of(row.get("negative", "")) == key_of(row["positive"]):
        return chat_data.Fault("equal-texts", "positive and negative are the same: the right answer would be taught as"
                               " a wrong one")  # fmt: skip
    if key_of(row["anchor"]) == key_of(row["positive"]):
        return chat_data.Fault("equal-texts", "anchor and positive are the same: there is nothing to learn")
    return None


def read_rows(path: str | Path, held_out: Collection[str] = frozenset()) -> list[Row]:
    """The rows of a file.

    Raises:
        BadInput: one line per fault, as ``file:line: CODE: message``.
    """
    checked = list(check_rows(path, held_out))
    splits.refuse_or_warn(item for item in checked if isinstance(item, Finding))
    if not checked:
        raise BadInput(f"{path}: there is no row in this file")
    return [item for item in checked if not isinstance(item, Finding)]
