"""The questions of a run with verifiable rewards."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from training.data import rewards, splits
from training.methods.grpo.settings import GrpoConfig
from training.methods.steps import rows_of_a_step
from training.run import machine
from training.run.errors import BadInput, LackingResource

FEW_GROUPS = 4  # of the recorded runs


def groups_of_a_step(config: GrpoConfig) -> int:
    """Questions whose answers one optimiser step compares, on all devices together.

    Raises:
        BadInput: the answers of a step make no whole groups.
    """
    t, processes = config.train, machine.process_count()
    answers = rows_of_a_step(config) * processes
    if answers % config.grpo.num_generations:
        many = f" x {processes}" if processes > 1 else ""
        raise BadInput(f"train.per_device_train_batch_size: {t.per_device_train_batch_size} x"
                       f" {t.gradient_accumulation_steps}{many} answers in a step cannot be parted into groups of"
                       f" {config.grpo.num_generations} (grpo.num_generations)")  # fmt: skip
    return answers // config.grpo.num_generations


def need_whole_draws(config: GrpoConfig) -> None:
    """Check that the answers drawn at once make whole groups, whole micro-batches and whole steps.

    Raises:
        BadInput: they do not.
    """
    drawn, t = config.grpo.generation_batch_size, config.train
    if drawn is None:
        return
    batch = t.per_device_train_batch_size * machine.process_count()
    step = batch * t.gradient_accumulation_steps
    if drawn % config.grpo.num_generations or drawn % batch or (step % drawn and drawn % step):
        raise BadInput(f"grpo.generation_batch_size: {drawn} answers at once do not make whole groups of"
                       f" {config.grpo.num_generations}, whole batches of {batch} and a whole share of a step's {step};"
                       f" take {step}")  # fmt: skip


def need_enough_questions(config: GrpoConfig, questions: int) -> None:
    """Check that the questions suffice for one drawing of answers; TRL leaves a part of a drawing out.

    Raises:
        BadInput: they do not, so no step would be taken.
    """
    drawn = config.grpo.generation_batch_size or rows_of_a_step(config) * machine.process_count()
    needed = drawn // config.grpo.num_generations
    if questions < needed:
        raise BadInput(f"data: {questions} questions to train on, and answers to {needed} are drawn at once, so no step"
                       f" would be taken; lower train.gradient_accumulation_steps to"
                       f" {max(1, config.train.gradient_accumulation_steps * questions // needed)}"
                       f"{' and grpo.generation_batch_size with it' if config.grpo.generation_batch_size else ''},"
                       " or add rows")  # fmt: skip


def load_rows(config: GrpoConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's questions with their targets.

    Raises:
        BadInput: settings that do not go together, or faults in a file. LackingResource: vLLM is not installed.
    """
    if config.data.replay_fraction:
        raise BadInput("data.replay_fraction: general text has no reward; set it to 0")
    groups = groups_of_a_step(config)
    if groups < FEW_GROUPS:
        machine.say(f"  warning: a step compares the answers to {groups} questions; its gradient is noisy below"
                    f" {FEW_GROUPS}: raise train.gradient_accumulation_steps")  # fmt: skip
    need_whole_draws(config)
    if config.grpo.use_vllm and find_spec("vllm") is None:
        raise LackingResource("grpo.use_vllm: the package vllm is not installed; install it beside a GPU, or set it to"
                              " false")  # fmt: skip
    rewards.named(config.grpo.reward, splits.task_of(config))
    found = splits.load(config, tokenizer)
    need_enough_questions(config, len(found.train))
    return found
