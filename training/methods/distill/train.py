"""Distillation: students that start alike and see the same rows for as many steps, taught in different ways.

hard: the data's own next tokens. soft: the teacher's distributions at those places (T, alpha, beta). sequence: the
teacher writes on from each row's beginning, and its words are hard labels. on_policy: half the steps as soft, then the
student writes and the teacher scores each of its tokens (TRL's DistillationTrainer, which is a stable one in TRL 1.16;
its gkd, gold, sdft, sdpo and minillm relatives are experimental there and not used here).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from training.methods import trainer as method_trainer
from training.methods.distill import on_policy, student
from training.methods.distill.rows import encode, written_by_teacher
from training.methods.distill.settings import DistillConfig
from training.methods.distill.trainer import build_trainer
from training.methods.trainer import TrainResult
from training.models.loading import LoadedModel
from training.run import machine
from training.run.errors import BadInput, Interrupted
from training.run.folder import RunFolder


def train_variant(
    config: DistillConfig,
    arm: str,
    rows: list[dict],
    loaded: LoadedModel,
    teacher: Any,
    folder: RunFolder,
    quiet: bool = False,
) -> RunFolder:
    """Teach one student and leave it in a folder of its own; what is done already is not done again.

    Raises:
        Interrupted: after Ctrl-C, with the command that resumes the whole run.
    """
    own = RunFolder(folder.path / "variants" / arm)
    if arm == config.distill.variants[-1]:
        own.adapter = folder.adapter  # the judged one is the run's model
    if own.report.is_file() and "train" in own.read():
        machine.say(f"· {arm}: taken from the interrupted run")
    else:
        resume_variant(config, arm, rows, loaded, teacher, folder, own, quiet)
    if machine.is_main_process():
        loaded.tokenizer.save_pretrained(own.adapter)
        shutil.rmtree(own.checkpoints, ignore_errors=True)
    machine.wait_for_main()
    return own


def resume_variant(
    config: DistillConfig,
    arm: str,
    rows: list[dict],
    loaded: LoadedModel,
    teacher: Any,
    folder: RunFolder,
    own: RunFolder,
    quiet: bool,
) -> None:
    """Teach one student, from its last checkpoint if there is one.

    Raises:
        Interrupted: after Ctrl-C, with the line that resumes. BadInput, GuardFailed: as ``teach``.
    """
    checkpoint = own.last_checkpoint() if own.report.is_file() else None
    if checkpoint is None and machine.is_main_process():
        own.create(config, f"distill, variant {arm}", loaded.dtype)
    machine.wait_for_main()
    with machine.phase(f"training: {arm}", folder.log):
        try:
            teach(config, arm, rows, loaded, teacher, folder, own, checkpoint, quiet)
        except Interrupted:
            raise Interrupted(
                f"stopped in the variant {arm}; resume with:\n  {folder.resume_command('distill')}"
            ) from None


def teach(
    config: DistillConfig,
    arm: str,
    rows: list[dict],
    loaded: LoadedModel,
    teacher: Any,
    folder: RunFolder,
    own: RunFolder,
    checkpoint: Path | None,
    quiet: bool,
) -> None:
    """The training of one variant.

    Raises:
        BadInput: a variant that writes text, launched as several processes. Interrupted: after Ctrl-C.
    """
    learner = student.cut(teacher, config.distill.layers).train()
    if machine.process_count() > 1 and arm in ("sequence", "on_policy"):
        raise BadInput(f"distill.variants: {arm} writes text, which one process does here; leave it out, or launch one")
    if arm == "on_policy":
        on_policy.teach(config, rows, loaded, teacher, learner, folder, own, checkpoint, quiet)
        return
    if arm == "sequence":
        rows = written_by_teacher(config, rows, loaded, teacher, folder)
    encoded, kept = encode(config, loaded.tokenizer, rows), None
    if arm == "soft":
        with machine.main_process_first():
            kept, size = student.teacher_targets(config, teacher, encoded, folder)
        folder.update("teacher", size)
    alpha = config.distill.alpha if arm == "soft" else 0.0
    trainer, steps = build_trainer(config, learner, encoded, kept, alpha, loaded, own, quiet)
    method_trainer.run_and_save(config, trainer, steps, learner, loaded, own, checkpoint, "distill")


def train(
    config: DistillConfig,
    rows: list[dict],
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None = None,
    command: str = "distill",
    quiet: bool = False,
) -> TrainResult:
    """Teach all variants; the result is the judged one's student."""
    teacher = student.teacher_of(config, loaded)
    done = [train_variant(config, arm, rows, loaded, teacher, folder, quiet) for arm in config.distill.variants]
    facts = done[-1].read()["train"]
    return TrainResult(student.load_student(folder.adapter, loaded.dtype), facts)
