"""The rows of a run: from a task's generator or from files, checked, hashed, with replayed general text mixed in."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from labs_py.core import chat_data
from training.data import own_rows, reading, replay, replay_chats
from training.data.check import ALL_CODES, Finding, TokenRules, check_file, read_lines
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.models import chat_template
from training.run import machine
from training.run.errors import BadInput
from training.run.settings import Config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHOWN_WARNINGS = 5  # lines named of each code
SHOWN_FAULTS, MEND = 20, "mend or drop these rows before training"
Lines = list[tuple[int, bytes, int]]  # of data_check.read_lines
SCORED_METHODS = ("dpo", "grpo")  # put an answer of a training row's prompt beside the row's own


@dataclass(frozen=True)
class Splits:
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


def task_of(config: Config) -> task_base.Task:
    """The task that a configuration names (``jsonl`` means rows of the reader's own), with its examples.

    Raises:
        BadInput: there is no such task, or its scorer or examples cannot be used.
    """
    settings = config.task_settings
    task = own_rows.of(settings)
    if not settings.shots_file:
        return task
    file = Path(settings.shots_file)
    return replace(task, shots=read_shots(settings.shots_file, file.stat().st_mtime_ns if file.exists() else 0))


@lru_cache(maxsize=4)
def read_shots(path: str, _: int = 0) -> tuple[tuple[str, str], ...]:
    """The worked examples of ``task.shots_file``: question and answer of each row; kept while the file is the same.

    Raises:
        BadInput: a row cannot be used, or has more than one round; with file and line.
    """
    rows = read_rows(path, tasks.get(tasks.ROWS_OF_YOUR_OWN), turns_only=True)
    shots = [[turn["content"] for turn in row["messages"] if turn["role"] != "system"] for row in rows]
    long = next((number for number, texts in enumerate(shots, 1) if len(texts) != 2), None)
    if long:
        raise BadInput(f"task.shots_file: {path}: row {long} has several rounds; an example is one question and its"
                       " answer")  # fmt: skip
    return tuple((asked, answered) for asked, answered in shots)


def sha256_rows(rows: list[dict[str, Any]]) -> str:
    """Hash of rows: their turns or text only, so that ids and notes do not matter."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row.get("messages", row.get("text")), sort_keys=True).encode() + b"\n")
        if row.get("tools"):
            digest.update(json.dumps(row["tools"], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def read_rows(path: str | Path, task: task_base.Task, *, turns_only: bool = False, scored: bool = False,
              lines: Lines | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of a JSONL file of ``{"messages"}``, ``{"prompt", "completion"}`` or ``{"text"}``.

    A prompt that is plain text, and a conversation without a system turn, get the task's system turn.

    Args:
        path: JSONL file.
        task: whose system turn the rows stand under.
        turns_only: whether a row of plain text is a fault, because it asks nothing and answers nothing.
        scored: whether answers will be scored against the rows' own, which must then be answers of the task.
        lines: of the file, where they were read already.

    Raises:
        BadInput: the first lines with faults, one line of text each, or a file without rows.
    """
    lines = list(read_lines(path)) if lines is None else lines
    findings = check_file(path, system=task.system, turns_only=turns_only, lines=lines)
    faults = [str(finding) for finding in findings if not finding.warning]
    raise_faults(faults)
    rows: list[dict[str, Any]] = []
    for number, line, _ in lines:
        row = chat_data.parse_line(line)[0] or {}  # lines with faults were refused above
        if chat_data.is_plain_text(row):
            rows.append({"text": row["text"], "kind": "replay"})
            continue
        rows.append(reading.row_of(row, task.system, f"line-{number}"))
        reason = task.target_fault(task_base.target(rows[-1])) if scored else ""
        if reason:
            faults.append(str(Finding(str(path), number, "wrong-target", f"no answer of task {task.name} ({reason})")))
    raise_faults(faults, "mend these answers, or set task=jsonl to compare texts as they stand")
    return rows


def raise_faults(faults: list[str], *remedy: str) -> None:
    """Say the first faults, a line each, how many more there are, and what to do.

    Raises:
        BadInput: there is at least one fault.
    """
    if faults:
        more = [f"and {len(faults) - SHOWN_FAULTS} more"] if len(faults) > SHOWN_FAULTS else []
        raise BadInput("\n".join([*faults[:SHOWN_FAULTS], *more, *remedy]))


def refuse_or_warn(findings: Iterable[Finding]) -> None:
    """Say the warnings of a file, a line for each code.

    Raises:
        BadInput: there is a fault, a line each.
    """
    findings = list(findings)
    raise_faults([str(finding) for finding in findings if not finding.warning], MEND)
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, found in by_code.items():
        first = ", ".join(str(finding.line) for finding in found[:SHOWN_WARNINGS])
        more = f" and {len(found) - SHOWN_WARNINGS} more" if len(found) > SHOWN_WARNINGS else ""
        machine.say(f"  warning {code}: {ALL_CODES[code]}: {len(found)} rows of {found[0].file}, lines {first}{more}")


def write_rows(path: str | Path, rows: list[dict[str, Any]]) -> None:
    """Rows as a JSONL file, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.replace(path)


def held_out_sets(config: Config, task: task_base.Task, needed: bool = True) -> dict[str, list[dict[str, Any]]]:
    """The sets that are scored before and after; a sealed one is left out unless a file or ``sets`` names it.

    Raises:
        BadInput: faults in a file, an unknown set, one named twice or trained on, or no set where one is needed.
    """
    if config.data.heldout_files:
        return {name: read_rows(path, task, turns_only=True, scored=True)
                for name, path in config.data.heldout_files.items()}  # fmt: skip
    names = getattr(config.evaluate, "sets", None) or [name for name in task.sets[1:] if name != "sealed"]
    if needed:
        need_held_out(names)
    for name in names:
        if name in task.sets[:1]:
            raise BadInput(f"evaluate.sets: {name!r} is what is trained on; take {', '.join(task.sets[1:])}")
        if names.count(name) > 1:
            raise BadInput(f"evaluate.sets: {name!r} is named twice; name each set once")
    try:
        return {name: task.rows(name, config.data.n_heldout, config.data.seed) for name in names}
    except ValueError as error:
        raise BadInput(f"evaluate.sets: {error}") from None


def need_held_out(names: Collection[str]) -> None:
    """Check that there is a held-out set where something is to be measured on one.

    Raises:
        BadInput: there is none.
    """
    if not names:
        raise BadInput("data.heldout_files: there is no held-out set to score; name a JSONL file of rows, as in"
                       " 'data.heldout_files={test: test.jsonl}' (evaluate also takes --data)")  # fmt: skip


def load(config: Config, tokenizer: PreTrainedTokenizerBase | None = None) -> Splits:
    """All rows of a run.

    Args:
        config: the run's configuration.
        tokenizer: when given, files are also checked for over-long rows and missing stop tokens.

    Raises:
        BadInput: faults in a file (each with file and line), an unknown task, set or variant.
    """
    task = task_of(config)
    if config.data.train_file is None and not task.sets:
        raise BadInput("data.train_file: this task has no generator; name a JSONL file of rows")
    # supervised rows can be trained on without a test; the commands that measure say so when there is none
    held_out = held_out_sets(config, task, needed=config.method != "sft")
    if config.data.train_file is not None:
        rules = None
        if tokenizer is not None:
            rules = TokenRules(tokenizer, config.train.max_length, chat_template.reading(config))
        scored = config.method in SCORED_METHODS
        asked = [row["messages"] for rows in held_out.values() for row in rows]
        path = config.data.train_file
        lines = list(read_lines(path))
        refuse_or_warn(check_file(path, asked, rules, task.system, turns_only=scored, lines=lines))
        rows = read_rows(path, task, turns_only=scored, scored=scored, lines=lines)
    else:
        rows = generated(config, task)
    replayed = replay.replay_rows(round(len(rows) * config.data.replay_fraction), config.data.seed)
    replayed += replay_chats.chat_rows(config.data.replay_chats, config.data.seed)
    mixed = [*rows, *replayed]
    random.Random(config.data.seed).shuffle(mixed)
    counts = {"train": len(rows), "replay": len(replayed), **{name: len(kept) for name, kept in held_out.items()}}
    digest = hashlib.sha256("".join(sha256_rows(r) for r in (mixed, *held_out.values())).encode()).hexdigest()
    return Splits(mixed, held_out, digest, counts, statistics(rows, replayed, held_out))


def generated(config: Config, task: task_base.Task) -> list[dict[str, Any]]:
    """The rows that the task's generator makes for training.

    Raises:
        BadInput: the task has no such variant.
    """
    try:
        return task.rows("train", config.data.n_train, config.data.seed, config.data.variant)
    except ValueError as error:
        raise BadInput(f"data.variant: {error}") from None


def statistics(rows: list[dict], replayed: list[dict], held_out: dict[str, list[dict]]) -> list[str]:
    """What the data looks like, a line each."""
    chats = [row["messages"] for row in rows if "messages" in row]
    talks = sum(str(row.get("id")).startswith("chat-") for row in replayed)
    notes = [f"{len(rows)} rows to train on, {len(replayed) - talks} passages of general text, {talks} general answers"]
    if chats:
        asked = [len((turns[-2]["content"] or "").split()) for turns in chats if len(turns) > 1]
        answered = Counter(turns[-1]["content"] or str(turns[-1].get("tool_calls")) for turns in chats)
        notes.append(
            f"questions of {min(asked)} to {max(asked)} words, {mean(asked):.0f} on average; "
            f"{len(answered)} different answers"
        )
    notes += [f"held out: {name}, {len(kept)} rows" for name, kept in held_out.items()]
    return notes
