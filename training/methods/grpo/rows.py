"""The questions of a run with verifiable rewards."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from training.data import rewards, splits
from training.methods.grpo.settings import GrpoConfig
from training.run import machine
from training.run.errors import BadInput, LackingResource


def load_rows(config: GrpoConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's questions with their targets.

    Raises:
        BadInput: settings that do not go together, or faults in a file. LackingResource: vLLM is not installed.
    """
    t = config.train
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: general text has no reward; set it to 0")
    if (
        t.per_device_train_batch_size * t.gradient_accumulation_steps * machine.process_count()
    ) % config.grpo.num_generations:
        many = f" x {machine.process_count()}" if machine.process_count() > 1 else ""
        rows = f"{t.per_device_train_batch_size} x {t.gradient_accumulation_steps}{many}"
        raise BadInput(f"train.per_device_train_batch_size: {rows} answers in a step cannot be parted into"
                       f" groups of {config.grpo.num_generations} (grpo.num_generations)")  # fmt: skip
    if config.grpo.use_vllm and find_spec("vllm") is None:
        raise LackingResource("grpo.use_vllm: the package vllm is not installed; install it beside a GPU, or set it to"
                              " false")  # fmt: skip
    rewards.named(config.grpo.reward, splits.task_of(config))
    return splits.load(config, tokenizer)
