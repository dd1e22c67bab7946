"""Pairs for a reward model: the task's references against spoilt ones, or a file of pairs; held-out pairs besides.

Half of the spoilt kinds can be told by length (padding, cut short), half cannot (as many words, but vague or wrong):
a model that has only learned length shows on the second half.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

from labs_py.core import chat_data
from training.data import pairs as pair_files
from training.data import splits
from training.data.tasks import base as task_base
from training.data.tasks import shift_notes
from training.methods.reward.settings import RewardConfig
from training.run.errors import BadInput

VAGUE = {"who": "Somebody", "count": "some", "what": "goods of sorts"}
SAME_LENGTH = ("vague", "wrong")
Pair = dict[str, Any]


def load_rows(config: RewardConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's pairs to train on (``train``) and to test on (``heldout``).

    Raises:
        BadInput: faults in a file, each with file and line; settings that do not fit together.
    """
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: general text makes no pair; set it to 0")
    if config.reward.pairs == "file":
        train, held_out = from_files(config, tokenizer)
    else:
        train, held_out = written(config)
    train = with_noise(train, config.reward.label_noise, config.data.seed)
    counts = {"train": len(train), **{name: len(pairs) for name, pairs in held_out.items()}}
    said = "".join(splits.sha256_rows([{"messages": pair} for pair in part]) for part in (train, *held_out.values()))
    turned = sum(pair.get("turned", False) for pair in train)
    notes = [f"{len(train)} pairs to train on, {turned} of them turned round; held out: "
             + ", ".join(f"{name} {len(pairs)}" for name, pairs in held_out.items())]  # fmt: skip
    return splits.Splits(train, held_out, hashlib.sha256(said.encode()).hexdigest(), counts, notes)


def from_files(config: RewardConfig, tokenizer: Any = None) -> tuple[list[Pair], dict[str, list[Pair]]]:
    """Pairs of the reader's own; a question of a held-out file may not stand in the training file.

    Raises:
        BadInput: no files named, or faults in a file with file and line.
    """
    if not config.data.train_file or not config.data.heldout_files:
        missing = "heldout_files" if config.data.train_file else "train_file"
        raise BadInput(f"data.{missing}: reward.pairs is file, so name the JSONL files of pairs to train and to test"
                       " on")  # fmt: skip
    system = splits.task_of(config).system
    held_out = {name: pair_files.read_pairs(path, system) for name, path in config.data.heldout_files.items()}
    keys = {chat_data.prompt_key(pair["prompt"]) for pairs in held_out.values() for pair in pairs}
    rules = pair_files.token_rules(config, tokenizer)
    return pair_files.read_pairs(config.data.train_file, system, keys, rules), held_out


STREAMS = {"shifted": "second"}  # random numbers are still drawn under the set's former name, so that its pairs stay


def written(config: RewardConfig) -> tuple[list[Pair], dict[str, list[Pair]]]:
    """Pairs by the rules of the task ``shift_notes``.

    Raises:
        BadInput: a task, files or ways of spoiling for which there are no rules.
    """
    unknown = [kind for kind in config.reward.kinds if kind not in SPOILERS]
    if unknown or not config.reward.kinds:
        raise BadInput(f"reward.kinds: {unknown} is not known; there are {', '.join(SPOILERS)}")
    if config.task_name != shift_notes.TASK.name:
        raise BadInput(f"reward.pairs: task {config.task_name} writes no pairs; take shift_notes, or file")
    for name in ("train_file", "heldout_files"):
        if getattr(config.data, name):
            raise BadInput(f"data.{name}: synthetic pairs are made by rule out of the task's own rows; for pairs of"
                           " yours set reward.pairs to file")  # fmt: skip
    rows = splits.load(config)
    held_out = {name: spoilt(kept, config.reward.kinds, f"{STREAMS.get(name, name)}-{config.data.seed}")
                for name, kept in rows.heldout.items()}  # fmt: skip
    return spoilt(rows.train, config.reward.kinds, f"train-{config.data.seed}"), held_out


def spoilt(rows: list[dict], kinds: list[str], seed: str) -> list[Pair]:
    """Each row's reference against a spoilt one, the kinds in turn."""
    rng, references = random.Random(seed), [task_base.target(row) for row in rows]
    found = []
    for place, (row, right) in enumerate(zip(rows, references, strict=True)):
        kind = kinds[place % len(kinds)]
        found.append({"prompt": task_base.prompt(row), "chosen": right, "rejected":
                      SPOILERS[kind](right, references, rng), "id": row.get("id", place), "kind": kind})  # fmt: skip
    return found


def vague(reference: str, others: list[str], rng: random.Random) -> str:
    """Two facts replaced by words that say nothing, as many as before."""
    fact = shift_notes.facts_of(reference)
    return shift_notes.ANSWER.format(**{**fact, **{name: VAGUE[name] for name in rng.sample(sorted(VAGUE), 2)}})


def wrong(reference: str, others: list[str], rng: random.Random) -> str:
    """Two facts replaced by those of other notes, as many words as before: only the note tells.

    Raises:
        BadInput: too few references to take another fact from.
    """
    fact, changed = shift_notes.facts_of(reference), {}
    pool = [shift_notes.facts_of(other) for other in rng.sample(others, len(others))]
    for name in rng.sample(sorted(fact), len(fact)):
        same = [o[name] for o in pool if o[name] != fact[name] and len(o[name].split()) == len(fact[name].split())]
        if same and len(changed) < 2:
            changed[name] = same[0]
    if not changed:
        raise BadInput("data.n_train, data.n_heldout: too few rows to take a wrong fact from; at least 4 are needed")
    return shift_notes.ANSWER.format(**{**fact, **changed})


SPOILERS = {
    "long_winded": lambda right, others, rng: shift_notes.long_winded(right, rng),
    "cut_short": lambda right, others, rng: shift_notes.cut_short(right, rng),
    "vague": vague,
    "wrong": wrong,
}


def with_noise(pairs: list[Pair], share: float, seed: int) -> list[Pair]:
    """The pairs with that share of choices turned round."""
    turned = set(random.Random(seed).sample(range(len(pairs)), round(share * len(pairs))))
    return [{**pair, "chosen": pair["rejected"], "rejected": pair["chosen"], "turned": True}
            if place in turned else pair for place, pair in enumerate(pairs)]  # fmt: skip
