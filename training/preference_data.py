"""Pairs of a better and a worse answer: written by rule, sampled from the model itself, or read from a file.

A file holds one pair per line: ``{"prompt": text or turns, "chosen": text, "rejected": text}``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labs_py.core import chat_data
from training import data, runtime, tasks, template
from training.data_check import Finding, read_lines
from training.errors import BadInput

PAIRS_FILE = "pairs.jsonl"
Pair = dict[str, Any]


def load_rows(config, tokenizer=None) -> data.Loaded:
    """The run's questions (or, with ``pairs: file``, the pairs themselves) and its held-out sets."""
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: pairs have no place for general text; hold the model by"
                       " preference.nll_weight, preference.beta or a lower rate, and set it to 0")  # fmt: skip
    if config.preference.pairs != "file":
        loaded = data.load(config, tokenizer)
        if config.preference.pairs == "written" and not hasattr(_module(config), "cut_short"):
            raise BadInput(f"preference.pairs: task {config.task} writes no pairs; take sampled or file")
        return loaded
    if config.preference.warm_start_rows:
        raise BadInput("preference.warm_start_rows: a file of pairs has no rows for plain SFT; set it to 0, or train by"
                       " sft first and merge")  # fmt: skip
    if not config.data.train_file:
        raise BadInput("data.train_file: preference.pairs is file, so name the JSONL file of pairs")
    task = data.task_of(config)
    held_out = data.held_out_sets(config, task)
    keys = {chat_data.prompt_key(row["messages"]) for rows in held_out.values() for row in rows}
    pairs = read_pairs(config.data.train_file, task.system, keys)
    digest = data.sha256_rows([{"messages": pair} for pair in pairs])
    counts = {"train": len(pairs), **{name: len(rows) for name, rows in held_out.items()}}
    return data.Loaded(pairs, held_out, digest, counts, [f"{len(pairs)} pairs from {config.data.train_file}"])


def _module(config):
    from importlib import import_module

    return import_module(f"training.tasks.{'text' if config.task == 'jsonl' else config.task}")


# ---- files ----
def check_pairs(path: str | Path, system: str = "", keys: set[str] = frozenset()) -> Iterator[Finding | Pair]:
    """Every pair of a file, or in its place what is wrong with the line.

    Args:
        path: JSONL file.
        system: system turn of prompts that have none.
        keys: ``chat_data.prompt_key`` of the held-out questions.
    """
    name, seen = str(path), {}
    for number, line, length in read_lines(path):
        row, fault = chat_data.parse_line(line)
        if fault is not None:
            message = f"{length:,} bytes are too many" if fault.code == "huge-line" else fault.message
            yield Finding(name, number, fault.code, message)
            continue
        found = _fault(row, system)
        if isinstance(found, chat_data.Fault):
            yield Finding(name, number, found.code, found.message)
            continue
        key = chat_data.prompt_key(found["prompt"])
        same = (key, found["chosen"], found["rejected"])
        if key in keys:
            yield Finding(name, number, "test-leak", "this question also stands in a held-out set")
        elif same in seen:
            yield Finding(name, number, "duplicate", f"the same pair as line {seen[same]}")
        else:
            seen[same] = number
            yield {**found, "id": str(row.get("id", f"line-{number}"))}


def _fault(row: dict[str, Any], system: str) -> Pair | chat_data.Fault:
    """The pair that a row holds, or why it holds none."""
    answers = {}
    for side in ("chosen", "rejected"):
        answer = row.get(side)
        if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict):
            answer = answer[0].get("content")
        if not isinstance(answer, str):
            return chat_data.Fault("missing-answer", f"'{side}' must be a text (or a list of one assistant turn)")
        if not answer.strip():
            return chat_data.Fault("empty-turn", f"'{side}' is empty")
        answers[side] = answer
    if answers["chosen"].strip() == answers["rejected"].strip():
        return chat_data.Fault("equal-answers", "chosen and rejected are the same: nothing is preferred")
    turns = chat_data.turns_of({"prompt": row.get("prompt"), "completion": answers["chosen"]}, system)
    faults = chat_data.check_turns(turns)
    if faults:
        return faults[0]
    if system and turns[0]["role"] != "system":
        turns = [{"role": "system", "content": system}, *turns]
    return {"prompt": turns[:-1], **answers}


def read_pairs(path: str | Path, system: str = "", keys: set[str] = frozenset()) -> list[Pair]:
    """The pairs of a file.

    Raises:
        BadInput: one line per fault, as ``file:line: CODE: message``.
    """
    found = list(check_pairs(path, system, keys))
    faults = [str(item) for item in found if isinstance(item, Finding)]
    if faults:
        more = f"\nand {len(faults) - data.SHOWN_FAULTS} more" if len(faults) > data.SHOWN_FAULTS else ""
        raise BadInput("\n".join(faults[: data.SHOWN_FAULTS]) + more + "\nmend or drop these rows before training")
    if not found:
        raise BadInput(f"{path}: there is no pair in this file")
    return found


# ---- pairs of our own ----
def pairs(config, rows: list[dict], loaded, folder) -> list[Pair]:
    """The run's pairs; sampled ones are kept in the run's folder, so that a resumed run has the same.

    Raises:
        BadInput: no pair is left (all sampled answers are equally good or bad).
    """
    kind = config.preference.pairs
    if kind == "file":
        return rows
    if kind == "written":
        return written_pairs(config, rows)
    kept = Path(folder.path) / PAIRS_FILE
    if kept.is_file():
        return [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    if runtime.process_count() > 1:
        raise BadInput("preference.pairs: sampled pairs are made in one process; take written, or run in one process"
                       f" first and give its {PAIRS_FILE} as data.train_file with preference.pairs=file")  # fmt: skip
    found = sampled_pairs(config, rows, loaded)
    if not found:
        raise BadInput("preference.least_difference: no question got two answers that differ by so much; lower it,"
                       " raise preference.samples or preference.temperature, or take written pairs")  # fmt: skip
    data.write_rows(kept, found)
    return found


def written_pairs(config, rows: list[dict]) -> list[Pair]:
    """The reference against a long-winded and against an incomplete answer, in turn.

    With the rule "shortest" the shorter of reference and incomplete answer wins: that is the trap.
    """
    module, rng = _module(config), random.Random(config.data.seed)
    found = []
    for place, row in enumerate(rows):
        right = tasks.target(row)
        wrong = module.cut_short(right, rng) if place % 2 else module.long_winded(right, rng)
        if config.preference.rule == "shortest":
            right, wrong = sorted((right, module.cut_short(right, rng) if not place % 2 else wrong), key=len)
        found.append({"prompt": tasks.prompt(row), "chosen": right, "rejected": wrong, "id": row.get("id", place)})
    return found


def preferred(config, text: str, reference: str) -> float:
    """What the run's rule gives an answer; more is better."""
    if config.preference.rule == "shortest":
        return 1.0 / (1.0 + len(text.split()))
    scores = data.task_of(config).score(text, reference)
    return scores.get("rule", scores["exact"])


def sampled_pairs(config, rows: list[dict], loaded) -> list[Pair]:
    """The best and the worst of several answers that the model itself gives to each question."""
    from training.sampling import sample

    prompts = [template.prompt_ids(loaded.tokenizer, tasks.prompt(row)) for row in rows]
    p = config.preference
    answers = sample(loaded.model, loaded.tokenizer, prompts, p.samples, p.temperature,
                     config.evaluate.max_new_tokens, config.data.seed)  # fmt: skip
    found = []
    for row, texts in zip(rows, answers, strict=True):
        scored = sorted(((preferred(config, t, tasks.target(row)), t) for t in texts if t.strip()), key=lambda x: x[0])
        if len(scored) > 1 and scored[-1][0] - scored[0][0] >= p.least_difference:
            found.append({"prompt": tasks.prompt(row), "chosen": scored[-1][1], "rejected": scored[0][1],
                          "id": row.get("id", ""), "scores": [scored[-1][0], scored[0][0]]})  # fmt: skip
    return found
