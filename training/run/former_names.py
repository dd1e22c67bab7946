"""Former names of settings, and the message that says what is written today.

Settings that do what a setting of transformers, TRL or PEFT does have its name. A file with a former name is refused
in one line that says the name of today; ``training/rename_records.py`` translates the stored runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from training.run import strict_yaml
from training.run.errors import BadInput

SECTIONS = {"group": "grpo", "preference": "dpo"}
KEYS: dict[str, dict[str, str]] = {  # by the section's name of today
    "train": {
        "scheduler": "lr_scheduler_type",
        "warmup": "warmup_steps",
        "warmup_ratio": "warmup_steps",  # of transformers 4
        "epochs": "num_train_epochs",
        "batch_size": "per_device_train_batch_size",
        "accumulation": "gradient_accumulation_steps",
        "clip": "max_grad_norm",
        "beta2": "adam_beta2",
        "bucket": "train_sampling_strategy",
        "checkpointing": "gradient_checkpointing",
        "save_every": "save_steps",
        "optimizer": "optim",
    },
    "lora": {
        "rank": "r",
        "alpha": "lora_alpha",
        "dropout": "lora_dropout",
        "targets": "target_modules",
        "first_layer": "layers_to_transform",
    },
    "evaluate": {"batch_size": "per_device_eval_batch_size", "few_shot": "num_fewshot"},
    "probe": {"few_shot": "num_fewshot"},
    "grpo": {
        "group": "num_generations",
        "longest": "max_completion_length",
        "clip_low": "epsilon",
        "clip_high": "epsilon_high",
        "kl_weight": "beta",
        "variant": "loss_type",
        "vllm": "use_vllm",
    },
    "dpo": {"loss": "loss_type", "with_examples": "few_shot_prompt", "least_difference": "min_score_gap"},
    "reward": {"centre": "center_rewards_coefficient"},
    "embed": {
        "widths": "matryoshka_dims",
        "cut": "truncate_dims",
        "slice_rows": "mini_batch_size",
        "skip": "range_min",
    },
    "distill": {"arms": "variants", "longest": "max_new_tokens"},
}
VALUES: dict[str, dict[Any, Any]] = {  # by the setting's name of today
    "train.lr_scheduler_type": {"constant": "constant_with_warmup"},
    "train.train_sampling_strategy": {True: "group_by_length", False: "random"},
    "train.optim": {"adamw": "adamw_torch_fused"},
    "lora.target_modules": {
        "attention": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "query-value": ["q_proj", "v_proj"],
    },
    "dpo.loss_type": {"dpo": "sigmoid", "length_normalised": "sigmoid_norm"},
    "dpo.pairs": {"written": "synthetic", "sampled": "on_policy"},
    "reward.pairs": {"written": "synthetic"},
    "embed.pairs": {"written": "synthetic"},
}
SHARES = ("train.warmup", "train.warmup_ratio")  # of the steps, up to 1, where 1 is now a single step
ALL_STEPS = 0.999999  # the share that is nearest to 1
NOTES = {"train.warmup_steps": "below 1 it is a share of the steps, as warmup_ratio was in transformers 4; from 1 on"
                               " it is their number"}  # fmt: skip
SETS = {"second": "shifted"}  # held-out sets
RECORDS = {  # runs of docs/data/runs
    "orders-long-memory": "orders-beta2-0.999",
    "embed-unguarded": "embed-no-margin",
    "embed-too-far": "embed-lr1e-3",
}
FORMER_BUNDLED, BUNDLED = "embedded:", "bundled:"


def key_today(key: str) -> str:
    """The dotted name of today; a name that never changed comes back as it is."""
    section, dot, name = key.partition(".")
    section = SECTIONS.get(section, section)
    return section + dot + KEYS.get(section, {}).get(name, name)


def value_today(key: str, value: Any) -> Any:
    """What is written today for a value; ``key`` is the dotted name, former or not.

    One that never changed comes back as it is.
    """
    today = key_today(key)
    if today == "model.source" and isinstance(value, str) and value.startswith(FORMER_BUNDLED):
        return BUNDLED + value.removeprefix(FORMER_BUNDLED)
    if (
        today == "evaluate.sets"
        and isinstance(value, list)
        and any(isinstance(name, str) and name in SETS for name in value)
    ):
        return [SETS.get(name, name) if isinstance(name, str) else name for name in value]
    if key == "lora.first_layer" and isinstance(value, int) and not isinstance(value, bool):
        return f"from:{value}" if value else None
    if key in SHARES and isinstance(value, (int, float)) and value == 1 and not isinstance(value, bool):
        return ALL_STEPS
    if isinstance(value, list):
        return value
    for former, new in VALUES.get(today, {}).items():
        if type(former) is type(value) and former == value:
            return new
    return value


def _changes(tree: dict) -> Iterator[tuple[str, Any, str, Any]]:
    """Former key, value, key of today and value of today, for every setting of a file that is written otherwise now."""
    for section, values in tree.items():
        if not isinstance(values, dict):
            if section in SECTIONS:
                yield section, values, SECTIONS[section], values
            continue
        if section in SECTIONS and not values:
            yield section, values, SECTIONS[section], values
        for name, value in values.items():
            key = f"{section}.{name}"
            today, new = key_today(key), value_today(key, value)
            if key != today or new is not value:
                yield key, value, today, new


def _said(former: str, value: Any, today: str, new: Any) -> str:
    """One change, for a message."""
    note = f" ({NOTES[today]})" if today in NOTES else ""
    if new is value:
        return f"'{former}' is now '{today}'{note}"
    return f"'{former}: {_yaml(value)}' is now '{today}: {_yaml(new)}'{note}"


def _yaml(value: Any) -> str:
    """A value as a YAML file has it, on one line."""
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")


def override_today(text: str) -> str:
    """An override ``section.key=value`` of a stored command line as it is written today."""
    key, equals, raw = text.partition("=")
    if not equals:
        return text
    value = strict_yaml.parse(raw, text, line_numbers=False)
    new = value_today(key, value)
    return f"{key_today(key)}={raw if new is value else _yaml(new)}"


def changes(tree: dict) -> list[str]:
    """What a file has to say otherwise today, a phrase each; [] for one without former names."""
    return [_said(*change) for change in _changes(tree)]


def check(tree: dict, path: str) -> None:
    """Refuse former names and values.

    Args:
        tree: what a configuration file says, section by section.
        path: of the file, or the words that name an override.

    Raises:
        BadInput: one line with every former name of the file and what is written today.
    """
    found = changes(tree)
    if found:
        raise BadInput(f"{path}: {', '.join(found)}")


def check_resumed(tree: dict, folder: str) -> None:
    """Refuse to resume a run that was begun when settings had other names: its hash and its folders are of that time.

    Raises:
        BadInput: one line with the first former name and the remedy.
    """
    found = changes(tree)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise BadInput(f"{folder}: this run was begun before settings were renamed ({found[0]}{more}); begin anew with"
                       " another --out; the folder and its adapter stay")  # fmt: skip
