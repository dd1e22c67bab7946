"""The questions of a run with verifiable rewards."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from training.data import rewards, splits
from training.methods.grpo.settings import GroupConfig
from training.run import machine
from training.run.errors import BadInput, LackingResource


def load_rows(config: GroupConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's questions with their targets."""
    t = config.train
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: general text has no reward; set it to 0")
    if (t.batch_size * t.accumulation * machine.process_count()) % config.group.group:
        many = f" x {machine.process_count()}" if machine.process_count() > 1 else ""
        raise BadInput(f"train.batch_size: {t.batch_size} x {t.accumulation}{many} answers in a step cannot be parted"
                       f" into groups of {config.group.group} (group.group)")  # fmt: skip
    if config.group.vllm and find_spec("vllm") is None:
        raise LackingResource("group.vllm: the package vllm is not installed; install it beside a GPU, or set it to"
                              " false")  # fmt: skip
    rewards.named(config.group.reward, splits.task_of(config))
    return splits.load(config, tokenizer)
