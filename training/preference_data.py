"""Pairs of a better and a worse answer: written by rule, sampled from the model itself, or read from a file.

A file holds one pair per line: ``{"prompt": text or turns, "chosen": text, "rejected": text}``.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labs_py.core import chat_data
from training import data, evaluate, json_lines, runtime, tasks, template
from training.data_check import Finding, TokenRules, read_lines
from training.errors import BadInput, GuardFailed

PAIRS_FILE = "pairs.jsonl"
SIDES = ("chosen", "rejected")
Pair = dict[str, Any]


def load_rows(config, tokenizer=None) -> data.Loaded:
    """The run's questions (or, with ``pairs: file``, the pairs themselves) and its held-out sets.

    Args:
        config: the run's configuration.
        tokenizer: when given, files are also checked for over-long rows and missing stop tokens.

    Raises:
        BadInput: faults in a file, each with file and line; settings that do not fit together.
    """
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: pairs have no place for general text; hold the model by"
                       " preference.nll_weight, preference.beta or a lower rate, and set it to 0")  # fmt: skip
    if config.preference.rounds > 1 and config.preference.pairs != "sampled":
        raise BadInput(f"preference.rounds: another round needs new pairs, and {config.preference.pairs} ones stay as"
                       " they are; set it to 1, or preference.pairs to sampled")  # fmt: skip
    if config.preference.pairs == "written":
        if not hasattr(_module(config), "cut_short"):
            raise BadInput(f"preference.pairs: task {config.task} writes no pairs; take sampled or file")
        if config.data.train_file:
            raise BadInput("data.train_file: written pairs are made by rule out of the task's own rows; for rows of"
                           " yours set preference.pairs to sampled, or to file where they are pairs")  # fmt: skip
    if config.preference.with_examples:
        check_examples(config)
    if config.preference.pairs != "file":
        return data.load(config, tokenizer)
    if config.preference.warm_start_rows:
        raise BadInput("preference.warm_start_rows: a file of pairs has no rows for plain SFT; set it to 0, or train by"
                       " sft first and merge")  # fmt: skip
    if not config.data.train_file:
        raise BadInput("data.train_file: preference.pairs is file, so name the JSONL file of pairs")
    task = data.task_of(config)
    held_out = data.held_out_sets(config, task)
    keys = {chat_data.prompt_key(row["messages"]) for rows in held_out.values() for row in rows}
    pairs = read_pairs(config.data.train_file, task.system, keys, token_rules(config, tokenizer))
    digest = data.sha256_rows([{"messages": pair} for pair in pairs])
    counts = {"train": len(pairs), **{name: len(rows) for name, rows in held_out.items()}}
    return data.Loaded(pairs, held_out, digest, counts, [f"{len(pairs)} pairs from {config.data.train_file}"])


def check_examples(config) -> None:
    """BadInput where ``with_examples`` has no examples to show, or no place to show them in."""
    p, task = config.preference, data.task_of(config)
    if not config.evaluate.few_shot or not task.shots:
        raise BadInput(f"preference.with_examples: there are none; task {task.name} has {len(task.shots)} worked"
                       f" examples, evaluate.few_shot is {config.evaluate.few_shot}")  # fmt: skip
    if p.pairs == "file":
        raise BadInput("preference.with_examples: the prompts of a file stand as they are; write the examples into"
                       " them, or set it to false")  # fmt: skip
    if p.warm_start_rows:
        raise BadInput("preference.with_examples: a supervised start learns the plain prompt; set"
                       " preference.warm_start_rows to 0, or with_examples to false")  # fmt: skip


def _module(config):
    from importlib import import_module

    return import_module(f"training.tasks.{'text' if config.task == 'jsonl' else config.task}")


# ---- files ----
def token_rules(config, tokenizer) -> TokenRules | None:
    """The rules that need a tokenizer, with the run's longest row; None without one."""
    return TokenRules(tokenizer, config.train.max_length) if tokenizer is not None else None


def parsed_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any], chat_data.Fault | None]]:
    """Number, row and fault of each line that holds something; the row is empty where there is a fault."""
    for number, line, length in read_lines(path):
        row, fault = chat_data.parse_line(line)
        if fault is not None and fault.code == "huge-line":
            fault = chat_data.Fault(fault.code, f"{length:,} bytes; at most {chat_data.HUGE_LINE_BYTES:,} are read")
        yield number, row or {}, fault


def check_pairs(path: str | Path, system: str = "", keys: set[str] = frozenset(),
                rules: TokenRules | None = None) -> Iterator[Finding | Pair]:  # fmt: skip
    """Every pair of a file, or in its place what is wrong with the line.

    Args:
        path: JSONL file.
        system: system turn of prompts that have none.
        keys: ``chat_data.prompt_key`` of the held-out questions.
        rules: the tokenizer's rules, or None to leave them out.
    """
    name, seen = str(path), {}
    for number, row, fault in parsed_lines(path):
        found = fault or _fault(row, system)
        if isinstance(found, chat_data.Fault):
            yield Finding(name, number, found.code, found.message)
            continue
        key = chat_data.prompt_key(found["prompt"])
        same, turned = ((key, *(found[side] for side in order)) for order in (SIDES, SIDES[::-1]))
        if key in keys:
            yield Finding(name, number, "test-leak", "this question also stands in a held-out set")
        elif same in seen:
            yield Finding(name, number, "duplicate", f"the same pair as line {seen[same]}")
        elif turned in seen:
            yield Finding(name, number, "contradiction", f"line {seen[turned]} prefers these two answers the other way")
        elif long := _token_fault(found, rules):
            yield Finding(name, number, long.code, long.message)
        else:
            seen[same] = number
            yield {**found, "id": str(row.get("id", f"line-{number}"))}


def _fault(row: dict[str, Any], system: str) -> Pair | chat_data.Fault:
    """The pair that a row holds, or why it holds none."""
    answers = {}
    for side in SIDES:
        answer = row.get(side)
        if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict):
            answer = answer[0].get("content") if answer[0].get("role") == "assistant" else None
        if not isinstance(answer, str):
            return chat_data.Fault("missing-answer", f"'{side}' must be a text (or a list of one assistant turn)")
        if not answer.strip():
            return chat_data.Fault("empty-turn", f"'{side}' is empty")
        answers[side] = answer
    if answers["chosen"].strip() == answers["rejected"].strip():
        return chat_data.Fault("equal-answers", "chosen and rejected are the same: nothing is preferred")
    turns = asked_turns(row, system)
    if isinstance(turns, chat_data.Fault):
        return turns
    if system and turns[0]["role"] != "system":
        turns = [{"role": "system", "content": system}, *turns]
    return {"prompt": turns, **answers}


def asked_turns(row: dict[str, Any], system: str = "") -> list[dict[str, Any]] | chat_data.Fault:
    """The turns of a row's ``prompt``, which ask for an answer, or why they don't."""
    prompt = row.get("prompt")
    if not isinstance(prompt, (str, list)):
        return chat_data.Fault(
            "missing-prompt", "'prompt' must be a text, or a list of turns that ends with the user's"
        )
    # with an answer in its place the whole order can be checked
    turns = chat_data.turns_of({"prompt": prompt, "completion": "-"}, system)
    fault = next(iter(chat_data.check_turns(turns)), None)
    if fault and fault.code == "role-order" and (not prompt or prompt[-1]["role"] != "user"):
        return chat_data.Fault("role-order", "'prompt' must end with a turn of the user")
    return fault or turns[:-1]


def _token_fault(pair: Pair, rules: TokenRules | None) -> chat_data.Fault | None:
    """What is wrong with a pair once the template has written it out as the trainer will."""
    for side in SIDES if rules else ():
        try:
            ids = encoded_side(rules.tokenizer, pair, side, sys.maxsize, side).ids
        except GuardFailed as error:
            return chat_data.Fault("no-stop-token", str(error).removeprefix(f"{side}: no-stop-token: "))
        if len(ids) > rules.max_tokens:
            return chat_data.Fault("too-long", f"'{side}' makes {len(ids)} tokens with its question, at most"
                                               f" {rules.max_tokens} (train.max_length)")  # fmt: skip
    return None


def encoded_side(tokenizer, pair: Pair, side: str, longest: int, where: str) -> template.Encoded:
    """Question and one of the two answers as the trainer sees them; raises as ``template.encode``."""
    row = {"messages": [*pair["prompt"], {"role": "assistant", "content": pair[side]}]}
    return template.encode(tokenizer, row, longest, where)


def read_pairs(path: str | Path, system: str = "", keys: set[str] = frozenset(),
               rules: TokenRules | None = None) -> list[Pair]:  # fmt: skip
    """The pairs of a file; arguments as in ``check_pairs``.

    Raises:
        BadInput: one line per fault, as ``file:line: CODE: message``.
    """
    found = list(check_pairs(path, system, keys, rules))
    data.refuse([str(item) for item in found if isinstance(item, Finding)], data.MEND)
    if not found:
        raise BadInput(f"{path}: there is no pair in this file")
    return found


# ---- pairs of our own ----
def pairs(config, rows: list[dict], model, tokenizer, folder, number: int = 1) -> list[Pair]:
    """A round's pairs; sampled ones are kept in the round's folder, so that a resumed run has the same.

    Args:
        model: as it stands, for pairs that are sampled.
        number: of the round, from 1; each draws anew.

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
        has_answers = json_lines.texts(*SIDES)
        return json_lines.read_kept(kept, lambda row: has_answers(row) and isinstance(row.get("prompt"), list))
    found = sampled_pairs(config, rows, model, tokenizer, config.data.seed + number - 1, folder)
    if not found:
        before = f" in round {number} (the adapter of the round before is kept in its folder)" if number > 1 else ""
        raise BadInput(f"preference.least_difference: no question got two answers that differ by so much{before}; lower"
                       " it, raise preference.samples or preference.temperature, or take written pairs")  # fmt: skip
    data.write_rows(kept, found)
    return found


def need_one_process(config, folder) -> None:
    """BadInput where several processes would each have to sample pairs."""
    sampled = config.preference.pairs == "sampled" and runtime.process_count() > 1
    if sampled and (config.preference.rounds > 1 or not (Path(folder.path) / PAIRS_FILE).is_file()):
        raise BadInput("preference.pairs: sampled pairs are made in one process; take written, or run in one process"
                       f" first and give its {PAIRS_FILE} as data.train_file with preference.pairs=file")  # fmt: skip


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
        found.append({"prompt": asked_of(config, row), "chosen": right, "rejected": wrong, "id": row.get("id", place)})
    return found


def asked_of(config, row: dict) -> list[dict[str, Any]]:
    """What the tuned model is asked: a row's prompt, with the run's worked examples in it where it has some."""
    shots = evaluate.examples_of(config, "tuned")
    return tasks.few_shot(data.task_of(config), row, shots) if shots else tasks.prompt(row)


def preferred(config, text: str, reference: str) -> float:
    """What the run's rule gives an answer; more is better."""
    if config.preference.rule == "shortest":
        return 1.0 / (1.0 + len(text.split()))
    scores = data.task_of(config).score(text, reference)
    return scores.get("rule", scores["exact"])


def sampled_pairs(config, rows: list[dict], model, tokenizer, seed: int, folder) -> list[Pair]:
    """The best and the worst of several answers that the model itself gives to each question.

    The report of ``folder`` gets the mean of what all the answers score.
    """
    from training.generate import sample
    from training.reward import autocast_like

    p, asked = config.preference, [asked_of(config, row) for row in rows]
    prompts = [template.prompt_ids(tokenizer, turns) for turns in asked]
    longest = max(map(len, prompts))
    if longest >= config.train.max_length:  # told before minutes of sampling, and not after them
        raise BadInput(f"train.max_length: a prompt makes {longest} tokens, and {config.train.max_length} are to hold"
                       " it with its answer; raise it")  # fmt: skip
    with autocast_like(model):  # as after a walk, whose wrapping a resumed run does not have
        answers = sample(model, tokenizer, prompts, p.samples, p.temperature, config.evaluate.max_new_tokens,
                         template.stop_ids(tokenizer), seed, config.evaluate.batch_size)  # fmt: skip
    scored = [sorted(((preferred(config, one.text, tasks.target(row)), one.text) for one in given if one.text.strip()),
                     key=lambda pair: pair[0]) for row, given in zip(rows, answers, strict=True)]  # fmt: skip
    every = [score for ranked in scored for score, _ in ranked]
    mean = sum(every) / max(1, len(every))
    folder.update("data", {"sampled": {"answers": len(every), "mean_score": mean}})
    runtime.say(f"  {len(every)} sampled answers score {mean:.3f} on average by the rule {p.rule}")
    found = []
    for row, turns, ranked in zip(rows, asked, scored, strict=True):
        if len(ranked) > 1 and ranked[-1][0] - ranked[0][0] >= p.least_difference:
            worst, best = ranked[0], ranked[-1]
            found.append({"prompt": turns, "chosen": best[1], "rejected": worst[1],
                          "id": row.get("id", ""), "scores": [best[0], worst[0]]})  # fmt: skip
    return found
