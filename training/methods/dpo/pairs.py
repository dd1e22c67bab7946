"""Pairs of a better and a worse answer: written by rule, sampled from the model itself, or read from a file.

A file holds one pair per line: ``{"prompt": text or turns, "chosen": text, "rejected": text}``.
"""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from typing import Any

from labs_py.core import chat_data
from training.data import splits
from training.data.pairs import SIDES, Pair, read_pairs, token_rules
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.evaluation import score
from training.methods.dpo.settings import DpoConfig
from training.models import chat_template
from training.models.generate import sample
from training.models.precision import autocast_like
from training.run import jsonl, machine
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.run.settings import Config

PAIRS_FILE = "pairs.jsonl"


def load_rows(config: DpoConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's questions (or, with ``pairs: file``, the pairs themselves) and its held-out sets.

    Args:
        config: the run's configuration.
        tokenizer: when given, files are also checked for over-long rows and missing stop tokens.

    Raises:
        BadInput: faults in a file, each with file and line; settings that do not fit together.
    """
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: pairs have no place for general text; hold the model by"
                       " dpo.nll_weight, dpo.beta or a lower learning rate, and set it to 0")  # fmt: skip
    if config.dpo.rounds > 1 and config.dpo.pairs != "on_policy":
        raise BadInput(f"dpo.rounds: another round needs new pairs, and {config.dpo.pairs} ones stay as"
                       " they are; set it to 1, or dpo.pairs to on_policy")  # fmt: skip
    if config.dpo.pairs == "synthetic":
        if not hasattr(_module(config), "cut_short"):
            raise BadInput(f"dpo.pairs: task {config.task_name} writes no pairs; take on_policy or file")
        if config.data.train_file:
            raise BadInput("data.train_file: synthetic pairs are made by rule out of the task's own rows; for rows of"
                           " yours set dpo.pairs to on_policy, or to file where they are pairs")  # fmt: skip
    if config.dpo.few_shot_prompt:
        check_examples(config)
    if config.dpo.pairs != "file":
        return splits.load(config, tokenizer)
    if config.dpo.warm_start_rows:
        raise BadInput("dpo.warm_start_rows: a file of pairs has no rows for plain SFT; set it to 0, or train by"
                       " sft first and merge")  # fmt: skip
    if not config.data.train_file:
        raise BadInput("data.train_file: dpo.pairs is file, so name the JSONL file of pairs")
    task = splits.task_of(config)
    held_out = splits.held_out_sets(config, task)
    keys = {chat_data.prompt_key(row["messages"]) for rows in held_out.values() for row in rows}
    pairs = read_pairs(config.data.train_file, task.system, keys, token_rules(config, tokenizer))
    digest = splits.sha256_rows([{"messages": pair} for pair in pairs])
    counts = {"train": len(pairs), **{name: len(rows) for name, rows in held_out.items()}}
    return splits.Splits(pairs, held_out, digest, counts, [f"{len(pairs)} pairs from {config.data.train_file}"])


def check_examples(config: DpoConfig) -> None:
    """Refuse ``few_shot_prompt`` where it could not be kept.

    Raises:
        BadInput: there are no examples to show, or no place to show them in.
    """
    p, task = config.dpo, splits.task_of(config)
    if not config.evaluate.num_fewshot or not task.shots:
        raise BadInput(f"dpo.few_shot_prompt: there are none; task {task.name} has {len(task.shots)} worked"
                       f" examples, evaluate.num_fewshot is {config.evaluate.num_fewshot}")  # fmt: skip
    if p.pairs == "file":
        raise BadInput("dpo.few_shot_prompt: the prompts of a file stand as they are; write the examples into"
                       " them, or set it to false")  # fmt: skip
    if p.warm_start_rows:
        raise BadInput("dpo.few_shot_prompt: a supervised start learns the plain prompt; set"
                       " dpo.warm_start_rows to 0, or few_shot_prompt to false")  # fmt: skip


def _module(config: DpoConfig) -> ModuleType:
    return tasks.module_of(config.task_name)


# ---- pairs of our own ----
def pairs(
    config: DpoConfig, rows: list[dict], model: Any, tokenizer: Any, folder: RunFolder, number: int = 1
) -> list[Pair]:
    """A round's pairs; sampled ones are kept in the round's folder, so that a resumed run has the same.

    Args:
        model: as it stands, for pairs that are sampled.
        number: of the round, from 1; each draws anew.

    Raises:
        BadInput: no pair is left (all sampled answers are equally good or bad).
    """
    kind = config.dpo.pairs
    if kind == "file":
        return rows
    if kind == "synthetic":
        return written_pairs(config, rows)
    kept = Path(folder.path) / PAIRS_FILE
    if kept.is_file():
        has_answers = jsonl.texts(*SIDES)
        return jsonl.read_kept(kept, lambda row: has_answers(row) and isinstance(row.get("prompt"), list))
    found = sampled_pairs(config, rows, model, tokenizer, config.data.seed + number - 1, folder)
    if not found:
        before = f" in round {number} (the adapter of the round before is kept in its folder)" if number > 1 else ""
        raise BadInput(f"dpo.min_score_gap: no question got two answers that differ by so much{before}; lower"
                       " it, raise dpo.samples or dpo.temperature, or take synthetic pairs")  # fmt: skip
    splits.write_rows(kept, found)
    return found


def need_one_process(config: DpoConfig, folder: RunFolder) -> None:
    """Refuse to sample pairs in several processes.

    Raises:
        BadInput: several processes would each have to sample pairs.
    """
    sampled = config.dpo.pairs == "on_policy" and machine.process_count() > 1
    if sampled and (config.dpo.rounds > 1 or not (Path(folder.path) / PAIRS_FILE).is_file()):
        raise BadInput("dpo.pairs: on_policy pairs are made in one process; take synthetic, or run in one process"
                       f" first and give its {PAIRS_FILE} as data.train_file with dpo.pairs=file")  # fmt: skip


def written_pairs(config: DpoConfig, rows: list[dict]) -> list[Pair]:
    """The reference against a long-winded and against an incomplete answer, in turn.

    With the rule "shortest" the shorter of reference and incomplete answer wins: that is the trap.
    """
    module, rng = _module(config), random.Random(config.data.seed)
    found = []
    for place, row in enumerate(rows):
        right = task_base.target(row)
        wrong = module.cut_short(right, rng) if place % 2 else module.long_winded(right, rng)
        if config.dpo.rule == "shortest":
            right, wrong = sorted((right, module.cut_short(right, rng) if not place % 2 else wrong), key=len)
        found.append({"prompt": asked_of(config, row), "chosen": right, "rejected": wrong, "id": row.get("id", place)})
    return found


def asked_of(config: Config, row: dict) -> list[dict[str, Any]]:
    """What the fine-tuned model is asked: a row's prompt, with the run's worked examples in it where it has some."""
    shots = score.examples_of(config, "tuned")
    return task_base.few_shot(splits.task_of(config), row, shots) if shots else task_base.prompt(row)


def preferred(config: DpoConfig, text: str, reference: str) -> float:
    """What the run's rule gives an answer; more is better."""
    if config.dpo.rule == "shortest":
        return 1.0 / (1.0 + len(text.split()))
    scores = splits.task_of(config).score(text, reference)
    return scores.get("rule", scores["exact"])


def sampled_pairs(
    config: DpoConfig, rows: list[dict], model: Any, tokenizer: Any, seed: int, folder: RunFolder
) -> list[Pair]:
    """The best and the worst of several answers that the model itself gives to each question.

    The report of ``folder`` gets the mean of what all the answers score.

    Raises:
        BadInput: a prompt that leaves no room for an answer within ``train.max_length``.
    """
    p, asked = config.dpo, [asked_of(config, row) for row in rows]
    how = chat_template.reading(config)
    prompts = [chat_template.prompt_ids(tokenizer, turns, how=how) for turns in asked]
    longest = max(map(len, prompts))
    if longest >= config.train.max_length:  # told before minutes of sampling, and not after them
        raise BadInput(f"train.max_length: a prompt makes {longest} tokens, and {config.train.max_length} are to hold"
                       " it with its answer; raise it")  # fmt: skip
    with autocast_like(model):  # as after training, whose wrapping a resumed run does not have
        answers = sample(model, tokenizer, prompts, p.samples, p.temperature, config.evaluate.max_new_tokens,
                         chat_template.stop_ids(tokenizer), seed,
                         config.evaluate.per_device_eval_batch_size)  # fmt: skip
    scored = [sorted(((preferred(config, one.text, task_base.target(row)), one.text)
                      for one in given if one.text.strip()), key=lambda pair: pair[0])
              for row, given in zip(rows, answers, strict=True)]  # fmt: skip
    every = [score for ranked in scored for score, _ in ranked]
    mean = sum(every) / max(1, len(every))
    folder.update("data", {"sampled": {"answers": len(every), "mean_score": mean}})
    machine.say(f"  {len(every)} sampled answers score {mean:.3f} on average by the rule {p.rule}")
    found = []
    for row, turns, ranked in zip(rows, asked, scored, strict=True):
        if len(ranked) > 1 and ranked[-1][0] - ranked[0][0] >= p.min_score_gap:
            worst, best = ranked[0], ranked[-1]
            found.append({"prompt": turns, "chosen": best[1], "rejected": worst[1],
                          "id": row.get("id", ""), "scores": [best[0], worst[0]]})  # fmt: skip
    return found
