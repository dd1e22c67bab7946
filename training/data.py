"""The rows of a run: from a task's generator or from files, checked, hashed, with replayed general text mixed in."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from labs_py.core import chat_data
from training import general_chats, general_text, tasks
from training.data_check import TokenRules, check_file, read_lines
from training.errors import BadInput

SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Loaded:
    """What a run trains and tests on.

    Attributes:
        train: rows, replayed text included, in a fixed order.
        heldout: name of a set -> its rows.
        sha256: hash over all of them.
        n: rows by set; ``train`` counts the task's rows, ``replay`` the general ones.
        notes: statistics, a line each.
    """

    train: list[dict[str, Any]]
    heldout: dict[str, list[dict[str, Any]]]
    sha256: str
    n: dict[str, int]
    notes: list[str] = field(default_factory=list)


def task_of(config) -> tasks.Task:
    """The task that a configuration names (``jsonl`` means rows of the reader's own)."""
    try:
        return tasks.get("text" if config.task == "jsonl" else config.task)
    except ValueError as error:
        raise BadInput(f"task: {error}") from None


def sha256_rows(rows: list[dict[str, Any]]) -> str:
    """Hash of rows: their turns or text only, so that ids and notes do not matter."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row.get("messages", row.get("text")), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def read_rows(path: str | Path, task: tasks.Task) -> list[dict[str, Any]]:
    """The rows of a JSONL file of ``{"messages"}`` or ``{"prompt", "completion"}``.

    A prompt that is plain text, and a conversation without a system turn, get the task's system turn.

    Raises:
        BadInput: the first lines with faults, one line of text each.
    """
    faults = [
        str(finding)
        for finding in check_file(path, system=task.system)
        if finding.code not in ("near-duplicate", "duplicate")
    ]
    if faults:
        more = f"\nand {len(faults) - SHOWN_FAULTS} more" if len(faults) > SHOWN_FAULTS else ""
        raise BadInput("\n".join(faults[:SHOWN_FAULTS]) + more)
    rows = []
    for number, line, _ in read_lines(path):
        row, _ = chat_data.parse_line(line)
        if "text" in row and "messages" not in row:
            rows.append({"text": row["text"], "kind": "replay"})
            continue
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in chat_data.turns_of(row, task.system)]
        if task.system and turns[0]["role"] != "system":
            turns.insert(0, {"role": "system", "content": task.system})
        rows.append({"messages": turns, "id": str(row.get("id", f"line-{number}"))})
    if not rows:
        raise BadInput(f"{path}: there is no row in this file")
    return rows


def write_rows(path: str | Path, rows: list[dict[str, Any]]) -> None:
    """Rows as a JSONL file, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.replace(path)


def held_out_sets(config, task: tasks.Task) -> dict[str, list[dict[str, Any]]]:
    """The sets that are scored before and after; a sealed one is left out unless a file or ``sets`` names it."""
    if config.data.heldout_files:
        return {name: read_rows(path, task) for name, path in config.data.heldout_files.items()}
    names = getattr(config.evaluate, "sets", None) or [name for name in task.sets[1:] if name != "sealed"]
    try:
        return {name: task.rows(name, config.data.n_heldout, config.data.seed) for name in names}
    except ValueError as error:
        raise BadInput(f"evaluate.sets: {error}") from None


def load(config, tokenizer: Any = None) -> Loaded:
    """All rows of a run.

    Args:
        config: the run's configuration.
        tokenizer: when given, files are also checked for over-long rows and missing stop tokens.

    Raises:
        BadInput: faults in a file (each with file and line), an unknown task, set or variant.
    """
    task = task_of(config)
    held_out = held_out_sets(config, task)
    if config.data.train_file:
        rules = TokenRules(tokenizer, config.train.max_length) if tokenizer is not None else None
        refuse_faults(
            config.data.train_file, [row["messages"] for rows in held_out.values() for row in rows], rules, task.system
        )
        rows = read_rows(config.data.train_file, task)
    else:
        if not task.sets:
            raise BadInput("data.train_file: this task has no generator; name a JSONL file of rows")
        try:
            rows = task.rows("train", config.data.n_train, config.data.seed, config.data.variant)
        except ValueError as error:
            raise BadInput(f"data.variant: {error}") from None
    replayed = general_text.replay_rows(round(len(rows) * config.data.replay_fraction), config.data.seed)
    replayed += general_chats.chat_rows(config.data.replay_chats, config.data.seed)
    mixed = [*rows, *replayed]
    random.Random(config.data.seed).shuffle(mixed)
    counts = {"train": len(rows), "replay": len(replayed), **{name: len(kept) for name, kept in held_out.items()}}
    digest = hashlib.sha256("".join(sha256_rows(r) for r in (mixed, *held_out.values())).encode()).hexdigest()
    return Loaded(mixed, held_out, digest, counts, statistics(rows, replayed, held_out))


def refuse_faults(path: str, held_out: list[list[dict[str, Any]]], rules: TokenRules | None, system: str) -> None:
    """Raise BadInput with every fault of a training file: nothing faulty is trained on in silence."""
    found = [str(finding) for finding in check_file(path, held_out, rules, system)]
    if found:
        more = f"\nand {len(found) - SHOWN_FAULTS} more" if len(found) > SHOWN_FAULTS else ""
        raise BadInput("\n".join(found[:SHOWN_FAULTS]) + more + "\nmend or drop these rows before training")


def statistics(rows: list[dict], replayed: list[dict], held_out: dict[str, list[dict]]) -> list[str]:
    """What the data looks like, a line each."""
    chats = [row["messages"] for row in rows if "messages" in row]
    talks = sum(str(row.get("id")).startswith("chat-") for row in replayed)
    notes = [f"{len(rows)} rows to train on, {len(replayed) - talks} passages of general text, {talks} general answers"]
    if chats:
        asked = [len(turns[-2]["content"].split()) for turns in chats if len(turns) > 1]
        answered = Counter(turns[-1]["content"] for turns in chats)
        notes.append(
            f"questions of {min(asked)} to {max(asked)} words, {mean(asked):.0f} on average; "
            f"{len(answered)} different answers"
        )
    notes += [f"held out: {name}, {len(kept)} rows" for name, kept in held_out.items()]
    return notes
