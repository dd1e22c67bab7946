"""What every method's training shares: the model that is trained, TRL's arguments, the run itself, what is saved."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.methods.steps import planned_steps, warmup_steps
from training.models import adapter, guards, loading, precision
from training.models.fused_lora import unpatch_lora_forward
from training.models.loading import LoadedModel
from training.models.precision import keep_activation_dtype
from training.run import config as configuration
from training.run import machine, settings
from training.run.errors import Interrupted, LackingResource
from training.run.folder import RunFolder, check_checkpoint, step_of
from training.run.process import interrupts
from training.run.settings import Config

if TYPE_CHECKING:
    from trl import SFTConfig

    from training.methods.callbacks import StepLog


# An adapter saved for the bundled model names the model it stems from, so that others can load it.
PUBLIC_NAMES = {"bundled:smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct",
                "bundled:gemma3-270m": "google/gemma-3-270m"}  # fmt: skip


@dataclass
class TrainResult:
    """What came out: the fine-tuned model (still with its adapter) and the report's ``train`` section."""

    model: Any
    facts: dict


def prepare(config: Config, loaded: LoadedModel) -> Any:
    """The model that is trained: with a fresh adapter, or whole."""
    if config.lora is not None:
        return loading.attach_new_adapter(loaded, config.lora, config.train.seed)
    guards.seed_before_adapter(config.train.seed)
    whole = loaded.model.float()  # AdamW on bfloat16 weights would lose small steps
    for parameter in whole.parameters():
        parameter.requires_grad_(True)
    return whole


def common_arguments(config: Config, n_rows: int, dtype: str, folder: RunFolder) -> dict[str, Any]:
    """What every TRL trainer is told, taken from the arguments of supervised fine-tuning."""
    told = trainer_arguments(config, n_rows, dtype, folder)
    names = ("output_dir", "per_device_train_batch_size", "gradient_accumulation_steps", "max_steps", "learning_rate",
             "lr_scheduler_type", "warmup_steps", "weight_decay", "adam_beta2", "max_grad_norm", "optim", "seed",
             "data_seed", "bf16", "gradient_checkpointing", "gradient_checkpointing_kwargs", "remove_unused_columns",
             "logging_steps", "save_strategy", "save_steps", "save_total_limit", "report_to", "run_name",
             "disable_tqdm", "use_cpu", "dataloader_pin_memory", "ddp_find_unused_parameters")  # fmt: skip
    return {name: getattr(told, name) for name in names}


def trainer_arguments(config: Config, n_rows: int, dtype: str, folder: RunFolder) -> SFTConfig:
    """SFTConfig with every default that matters here written out.

    Raises:
        LackingResource: an optimiser that needs a GPU, without one.
    """
    from trl import SFTConfig

    t = config.train
    if t.optim == "paged_adamw_8bit" and machine.device() == "cpu":
        raise LackingResource(
            "train.optim: paged_adamw_8bit needs a GPU's memory to page out of; set it to adamw_torch_fused"
        )
    total = planned_steps(config, n_rows)
    reentrant: dict[str, Any] = {"gradient_checkpointing_kwargs": {"use_reentrant": False}}
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        per_device_train_batch_size=t.per_device_train_batch_size,
        gradient_accumulation_steps=t.gradient_accumulation_steps,
        max_steps=total,
        learning_rate=t.learning_rate,
        lr_scheduler_type=t.lr_scheduler_type,
        warmup_steps=warmup_steps(config, total),
        weight_decay=t.weight_decay,
        adam_beta2=t.adam_beta2,
        max_grad_norm=t.max_grad_norm,
        optim=t.optim,
        seed=t.seed,
        data_seed=t.seed,
        bf16=dtype == "bfloat16",
        gradient_checkpointing=t.gradient_checkpointing,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="steps",
        save_steps=t.save_steps,
        save_total_limit=2,
        report_to=reported_to(config, folder),
        run_name=folder.path.name,
        disable_tqdm=True,
        use_cpu=machine.device() == "cpu",
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        **(reentrant if t.gradient_checkpointing else {}),
    )


PACKAGES = {"trackio": "trackio", "tensorboard": "tensorboard", "wandb": "wandb"}


def reported_to(config: Config, folder: RunFolder) -> str:
    """Who else gets each step's figures, once its package is known to be there.

    Raises:
        LackingResource: it is not installed.
    """
    wanted = config.report_to
    if wanted != "none" and find_spec(PACKAGES[wanted]) is None:
        raise LackingResource(f"report_to: the package {PACKAGES[wanted]} is not installed; run 'pip install"
                              f" {PACKAGES[wanted]}', or set report_to=none")  # fmt: skip
    if wanted == "tensorboard":
        os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(folder.path / "tensorboard"))
    return wanted


def run_and_save(
    config: Config,
    trainer: Any,
    steps: StepLog,
    tuned: Any,
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None,
    command: str,
) -> dict:
    """Let a trainer run (or resume), save what it made, and write the report's ``train`` section.

    Raises:
        Interrupted: after Ctrl-C, with the command that resumes the run. BadInput: the checkpoint is damaged.
    """
    if config.lora and machine.process_count() == 1:
        precision.in_float32(tuned)
    if resume:
        check_checkpoint(Path(resume))
        folder.forget_steps_after(step_of(Path(resume)))
    started = time.monotonic()
    try:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    finally:
        steps.close()
        unpatch_lora_forward(tuned)
        keep_activation_dtype(tuned, keep=False)
    if steps.stopped and trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(f"stopped after step {trainer.state.global_step} of {trainer.state.max_steps}; resume with:\n"
                          f"  {folder.resume_command(command)}")  # fmt: skip
    if config.lora and machine.process_count() == 1:
        guards.adapter_moved(tuned)
    save(config, trainer, tuned, loaded, folder)
    facts = summarise(trainer, tuned, folder, time.monotonic() - started)
    facts["weights_bytes"] = loaded.facts.get("weights_bytes")  # of the base as it is held, in four bits or more
    if machine.is_main_process():
        folder.update("train", facts)
    interrupts.check()
    if steps.stopped:
        raise Interrupted(f"stopped after the last step; resume with:\n  {folder.resume_command(command)}")
    return facts


def save(config: Config, trainer: Any, tuned: Any, loaded: LoadedModel, folder: RunFolder) -> None:
    """The adapter (or the whole model) as safetensors, with a note on what it belongs to."""
    source = config.model.source
    if config.lora is not None:
        tuned.peft_config["default"].base_model_name_or_path = PUBLIC_NAMES.get(source, source)
        tuned.peft_config["default"].revision = config.model.revision
    if machine.process_count() > 1:
        trainer.save_model(str(folder.adapter))
    elif settings.is_pissa(config.lora):
        adapter.save_plain(tuned, folder.path, folder.adapter)
    else:
        tuned.save_pretrained(folder.adapter)
    if not machine.is_main_process():
        return
    for name in ("README.md", "training_args.bin"):
        (folder.adapter / name).unlink(missing_ok=True)
    note = {
        "model": loaded.facts,
        "config_sha256": configuration.sha(config),
        "rank_rule": f"delta W = alpha / {'sqrt(rank)' if config.lora and config.lora.use_rslora else 'rank'} * B A",
    }
    (folder.adapter / "stage10.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def summarise(trainer: Any, tuned: Any, folder: RunFolder, seconds: float) -> dict:
    """The report's ``train`` section."""
    events = folder.events("step")
    return {
        "steps": trainer.state.global_step,
        "tokens": max((e.get("tokens", 0) for e in events), default=0),
        "loss": [e["loss"] for e in events],
        "seconds": round(seconds, 2),
        "peak_memory_bytes": machine.peak_memory_bytes(),
        "trainable_parameters": sum(p.numel() for p in tuned.parameters() if p.requires_grad),
        "sparse_logits": trainer.sparse,
    }
