"""Supervised fine-tuning, top to bottom: encode the rows, attach the adapter, train with TRL, save, check.

How this differs from a stock TRL script is said in trainer.py; the result is the same, the time is not.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from training import adapter, guards, model, runtime
from training import config as configuration
from training.collator import AnswerCollator
from training.errors import Interrupted, LackingResource
from training.runfolder import RunFolder, check_checkpoint, step_of
from training.settings import Config
from training.template import Encoded, encode

# An adapter saved for the embedded model names the model it stems from, so that others can load it.
PUBLIC_NAMES = {"embedded:smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct"}


@dataclass
class TrainResult:
    """What came out: the tuned model (still with its adapter) and the report's ``train`` section."""

    model: object
    facts: dict


# --8<-- [start:train]
def train(config: Config, rows: list[dict], loaded: model.Loaded, folder: RunFolder, resume=None,
          command: str = "sft", quiet: bool = False) -> TrainResult:  # fmt: skip
    """Train on ``rows`` and leave the adapter in the run's folder.

    Args:
        config: the run's settings.
        rows: as in training/template.py.
        loaded: the base model; its weights stay as they are, the adapter is attached to it.
        folder: of the run, already created.
        resume: a checkpoint folder to go on from.
        command: named in the line that goes on with an interrupted run.

    Raises:
        Interrupted: after Ctrl-C, with that line. BadInput, GuardFailed: with the row.
    """
    encoded = encode_rows(loaded.tokenizer, rows, config)
    log_example(loaded.tokenizer, encoded, folder)
    tuned = prepare(config, loaded)
    if adapter.is_pissa(config.lora):
        adapter.keep_start(tuned, folder.path)
    attention = tuned.config._attn_implementation
    trainer, steps = build_trainer(config, tuned, encoded, loaded, folder, quiet)
    facts = run_and_save(config, trainer, steps, tuned, loaded, folder, resume, command)
    tuned.set_attn_implementation(attention)  # asked as it will be when it is loaded again
    return TrainResult(tuned.eval(), facts)


# --8<-- [end:train]


def run_and_save(config, trainer, steps, tuned, loaded, folder: RunFolder, resume, command: str) -> dict:
    """Let a trainer run (or go on), save what it made, and write the report's ``train`` section.

    Raises:
        Interrupted: after Ctrl-C, with the line to go on with. BadInput: the checkpoint is damaged.
    """
    from training.lora_product import part_products
    from training.trainer import keep_activation_dtype

    if config.lora and runtime.process_count() == 1:
        adapter.in_float32(tuned)
    if resume:
        check_checkpoint(Path(resume))
        folder.forget_steps_after(step_of(Path(resume)))
    started = time.monotonic()
    try:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    finally:
        steps.close()
        part_products(tuned)
        keep_activation_dtype(tuned, keep=False)
    if steps.stopped and trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(f"stopped after step {trainer.state.global_step} of {trainer.state.max_steps}; go on with:\n"
                          f"  {folder.resume_command(command)}")  # fmt: skip
    if config.lora and runtime.process_count() == 1:
        guards.adapter_moved(tuned)
    save(config, trainer, tuned, loaded, folder)
    facts = summarise(trainer, tuned, folder, time.monotonic() - started)
    facts["weights_bytes"] = loaded.facts.get("weights_bytes")  # of the base as it is held, in four bits or more
    if runtime.is_main_process():
        folder.update("train", facts)
    if steps.stopped:
        raise Interrupted(f"stopped after the last step; go on with:\n  {folder.resume_command(command)}")
    return facts


def encode_rows(tokenizer, rows: list[dict], config: Config) -> list[Encoded]:
    """All rows encoded; the first bad one stops the run, named by its place or its ``id``."""
    return [encode(tokenizer, row, config.train.max_length, f"training row {row.get('id', i + 1)}")
            for i, row in enumerate(rows)]  # fmt: skip


def prepare(config: Config, loaded: model.Loaded):
    """The model that is trained: with a fresh adapter, or whole."""
    if config.lora is not None:
        return model.attach_new_adapter(loaded, config.lora, config.train.seed)
    guards.seed_before_adapter(config.train.seed)
    whole = loaded.model.float()  # AdamW on bfloat16 weights would lose small steps
    for parameter in whole.parameters():
        parameter.requires_grad_(True)
    return whole


def build_trainer(config: Config, tuned, encoded: list[Encoded], loaded: model.Loaded, folder: RunFolder, quiet: bool):
    """The trainer and its step log."""
    from datasets import Dataset

    from training.progress import StepLog
    from training.trainer import AnswerTrainer

    share = config.train.shared_prefix and config.train.sparse_logits and not config.train.checkpointing
    model.plain_attention(tuned, max(len(e.ids) for e in encoded))
    steps = StepLog(folder, quiet)
    trainer = AnswerTrainer(
        model=tuned,
        args=trainer_arguments(config, len(encoded), loaded.dtype, folder),
        train_dataset=Dataset.from_list([{"input_ids": e.ids, "labels": e.labels} for e in encoded]),
        data_collator=AnswerCollator(loaded.tokenizer.pad_token_id, share),
        processing_class=loaded.tokenizer,
        callbacks=[steps],
        order_seed=config.train.seed,
        bucket=config.train.bucket,
        sparse=config.train.sparse_logits,
    )
    steps.trainer = trainer
    from transformers import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer, steps


def planned_steps(config: Config, n_rows: int) -> int:
    """Optimiser steps of the run."""
    rows_per_step = config.train.batch_size * config.train.accumulation * runtime.process_count()
    steps = -(-n_rows // rows_per_step) * config.train.epochs
    return config.train.max_steps or max(1, round(steps))


def trainer_arguments(config: Config, n_rows: int, dtype: str, folder: RunFolder):
    """SFTConfig with every default that matters here written out."""
    from trl import SFTConfig

    t = config.train
    if t.optimizer == "paged_adamw_8bit" and runtime.device() == "cpu":
        raise LackingResource("train.optimizer: paged_adamw_8bit needs a GPU's memory to page out of; set it to adamw")
    total = planned_steps(config, n_rows)
    checkpointing = {"gradient_checkpointing_kwargs": {"use_reentrant": False}} if t.checkpointing else {}
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        per_device_train_batch_size=t.batch_size,
        gradient_accumulation_steps=t.accumulation,
        max_steps=total,
        learning_rate=t.learning_rate,
        lr_scheduler_type={"constant": "constant_with_warmup"}.get(t.scheduler, t.scheduler),
        warmup_steps=round(t.warmup * total),
        weight_decay=t.weight_decay,
        adam_beta2=t.beta2,
        max_grad_norm=t.clip,
        optim={"adamw": "adamw_torch_fused"}.get(t.optimizer, t.optimizer),
        seed=t.seed,
        data_seed=t.seed,
        bf16=dtype == "bfloat16",
        gradient_checkpointing=t.checkpointing,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="steps",
        save_steps=t.save_every,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        use_cpu=runtime.device() == "cpu",
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        **checkpointing,
    )


def save(config: Config, trainer, tuned, loaded: model.Loaded, folder: RunFolder) -> None:
    """The adapter (or the whole model) as safetensors, with a note on what it belongs to."""
    source = config.model.source
    if config.lora is not None:
        tuned.peft_config["default"].base_model_name_or_path = PUBLIC_NAMES.get(source, source)
        tuned.peft_config["default"].revision = config.model.revision
    if runtime.process_count() > 1:
        trainer.save_model(str(folder.adapter))
    elif adapter.is_pissa(config.lora):
        adapter.save_plain(tuned, folder.path, folder.adapter)
    else:
        tuned.save_pretrained(folder.adapter)
    if not runtime.is_main_process():
        return
    for name in ("README.md", "training_args.bin"):
        (folder.adapter / name).unlink(missing_ok=True)
    note = {
        "model": loaded.facts,
        "config_sha256": configuration.sha(config),
        "rank_rule": f"delta W = alpha / {'sqrt(rank)' if config.lora and config.lora.use_rslora else 'rank'} * B A",
    }
    (folder.adapter / "stage10.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def summarise(trainer, tuned, folder: RunFolder, seconds: float) -> dict:
    """The report's ``train`` section."""
    events = folder.events("step")
    return {
        "steps": trainer.state.global_step,
        "tokens": max((e.get("tokens", 0) for e in events), default=0),
        "loss": [e["loss"] for e in events],
        "seconds": round(seconds, 2),
        "peak_memory_bytes": runtime.peak_memory_bytes(),
        "trainable_parameters": sum(p.numel() for p in tuned.parameters() if p.requires_grad),
        "sparse_logits": trainer.sparse,
    }


def log_example(tokenizer, encoded: list[Encoded], folder: RunFolder) -> None:
    """One row with its mask, for the report and the screen: what is trained on stands in brackets."""
    row = next((e for e in encoded if not e.whole_text), encoded[0])
    tokens = [tokenizer.decode([i]) for i in row.ids]
    supervised = [int(x != guards.IGNORED) for x in row.labels]
    folder.log({"event": "example", "tokens": tokens, "supervised": supervised})
    first = supervised.index(1)
    share = sum(supervised) / len(supervised)
    shown = "".join(tokens[max(0, first - 12) : first])
    runtime.say(f"  one row, {len(tokens)} tokens, {share:.0%} trained on: ...{shown}"
                f"[{''.join(t for t, s in zip(tokens, supervised, strict=True) if s)}]")  # fmt: skip
