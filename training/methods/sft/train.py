"""Supervised fine-tuning, top to bottom: encode the rows, attach the adapter, train with TRL, save, check.

How this differs from a stock TRL script is said in trainer.py; the result is the same, the time is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.data import splits
from training.methods.callbacks import StepLog, without_printers
from training.methods.sft.collator import AnswerCollator
from training.methods.sft.rows import encode_rows
from training.methods.sft.trainer import AnswerTrainer
from training.methods.sft.validation import MOST_ROWS, ValidationLog
from training.methods.trainer import TrainResult, prepare, run_and_save, trainer_arguments
from training.models import adapter, guards, loading
from training.models.chat_template import Encoded
from training.models.loading import LoadedModel
from training.run import machine, settings
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.run.settings import Config


def train(config: Config, rows: list[dict], loaded: LoadedModel, folder: RunFolder, resume: Path | None = None,
          command: str = "sft", quiet: bool = False, watching: Sequence[Any] = ()) -> TrainResult:  # fmt: skip
    """Train on ``rows`` and leave the adapter in the run's folder.

    Args:
        config: the run's settings.
        rows: as in training/models/chat_template.py.
        loaded: the base model; its weights stay as they are, the adapter is attached to it.
        folder: of the run, already created.
        resume: a checkpoint folder to resume from.
        command: named in the line that resumes an interrupted run.
        quiet: no bar.
        watching: further callbacks of the trainer.

    Raises:
        Interrupted: after Ctrl-C, with that line. BadInput, GuardFailed: with the row.
    """
    encoded = encode_rows(loaded.tokenizer, rows, config)
    log_example(loaded.tokenizer, encoded, folder)
    tuned = prepare(config, loaded)
    if settings.is_pissa(config.lora):
        adapter.save_initial_adapter(tuned, folder.path)
    attention = tuned.config._attn_implementation
    trainer, steps = build_trainer(config, tuned, encoded, loaded, folder, quiet)
    for callback in watching:
        trainer.add_callback(callback)
    if config.train.eval_steps:
        trainer.add_callback(validation(config, trainer, loaded, folder))
    facts = run_and_save(config, trainer, steps, tuned, loaded, folder, resume, command)
    tuned.set_attn_implementation(attention)  # asked as it will be when it is loaded again
    return TrainResult(tuned.eval(), facts)


def build_trainer(
    config: Config, tuned: Any, encoded: list[Encoded], loaded: LoadedModel, folder: RunFolder, quiet: bool
) -> tuple[AnswerTrainer, StepLog]:
    """The trainer and its step log."""
    from datasets import Dataset

    share = config.train.shared_prefix and config.train.sparse_logits and not config.train.gradient_checkpointing
    loading.plain_attention(tuned, max(len(e.ids) for e in encoded))
    steps = StepLog(folder, quiet)
    trainer = AnswerTrainer(
        model=tuned,
        args=trainer_arguments(config, len(encoded), loaded.dtype, folder),
        train_dataset=Dataset.from_list([{"input_ids": e.ids, "labels": e.labels} for e in encoded]),
        data_collator=AnswerCollator(loaded.tokenizer.pad_token_id, share),
        processing_class=loaded.tokenizer,
        callbacks=[steps],
        order_seed=config.train.seed,
        bucket=config.train.by_length,
        sparse=config.train.sparse_logits,
    )
    steps.trainer = trainer
    without_printers(trainer)
    return trainer, steps


def validation(config: Config, trainer: AnswerTrainer, loaded: LoadedModel, folder: RunFolder) -> ValidationLog:
    """What looks at the first held-out set while training.

    Raises:
        BadInput: there is none, or a row of it cannot be used.
    """
    held_out = splits.held_out_sets(config, splits.task_of(config))
    if not held_out:
        raise BadInput("train.eval_steps: there are no held-out rows to look at; name a file in data.heldout_files, or"
                       " set it to 0")  # fmt: skip
    rows = next(iter(held_out.values()))[:MOST_ROWS]
    log = ValidationLog(folder, encode_rows(loaded.tokenizer, rows, config), config.train.eval_steps)
    log.trainer = trainer
    return log


def log_example(tokenizer: Any, encoded: list[Encoded], folder: RunFolder) -> None:
    """One row with its mask, for the report and the screen: what is trained on stands in brackets."""
    row = next((e for e in encoded if not e.whole_text), encoded[0])
    tokens = [tokenizer.decode([i]) for i in row.ids]
    supervised = [int(x != guards.IGNORED) for x in row.labels]
    folder.log({"event": "example", "tokens": tokens, "supervised": supervised})
    first = supervised.index(1)
    share = sum(supervised) / len(supervised)
    shown = "".join(tokens[max(0, first - 12) : first])
    machine.say(f"  one row, {len(tokens)} tokens, {share:.0%} trained on: ...{shown}"
                f"[{''.join(t for t, s in zip(tokens, supervised, strict=True) if s)}]")  # fmt: skip


def measure_more(config: Config, rows: splits.Splits, loaded: LoadedModel, tuned: Any, folder: RunFolder) -> None:
    """Supervised fine-tuning has no figures of its own."""
