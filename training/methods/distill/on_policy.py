"""On-policy distillation with TRL: half the steps as soft labels, then the student writes and the teacher scores it.

A student that has just been cut writes noise, and a teacher's word on noise teaches little: hence the first half.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from training.methods import trainer as method_trainer
from training.methods.callbacks import MethodLog, without_printers
from training.methods.distill import student
from training.methods.distill.rows import beginnings, encode
from training.methods.distill.settings import DistillConfig
from training.methods.distill.trainer import build_trainer as soft_trainer
from training.methods.steps import planned_steps
from training.methods.trainer import common_arguments
from training.models.loading import LoadedModel
from training.models.rendering import stops
from training.run import machine
from training.run.folder import RunFolder

FIRST = "first-half"


def teach(
    config: DistillConfig,
    rows: list[dict],
    loaded: LoadedModel,
    teacher: Any,
    learner: Any,
    folder: RunFolder,
    own: RunFolder,
    checkpoint: Path | None,
    quiet: bool,
) -> None:
    """Both halves; each resumes from its own checkpoint."""
    encoded = encode(config, loaded.tokenizer, rows)
    total = planned_steps(config, len(encoded))
    first, second = (config.replace(train=config.train.replace(max_steps=max(1, steps)))
                     for steps in (total // 2, total - total // 2))  # fmt: skip
    half = RunFolder(own.path / FIRST)
    if not (half.report.is_file() and "train" in half.read()):
        kept, _ = student.teacher_targets(config, teacher, encoded, folder)
        last = half.last_checkpoint() if half.report.is_file() else None
        if last is None:
            half.create(first, "distill, first half", loaded.dtype)
        trainer, steps = soft_trainer(first, learner, encoded, kept, config.distill.alpha, loaded, half, quiet)
        method_trainer.run_and_save(first, trainer, steps, learner, loaded, half, last, "distill")
    learner = student.load_student(half.adapter, "float32")
    stops.set_stops(learner, loaded.tokenizer)
    for part in (learner.get_input_embeddings(), learner.get_output_embeddings()):
        part.requires_grad_(False)
    trainer, steps = build_trainer(second, learner.train(), teacher, rows, loaded, own, quiet)
    method_trainer.run_and_save(second, trainer, steps, learner, loaded, own, checkpoint, "distill")


def build_trainer(
    config: DistillConfig,
    learner: Any,
    teacher: Any,
    rows: list[dict],
    loaded: LoadedModel,
    own: RunFolder,
    quiet: bool,
) -> tuple[Any, MethodLog]:
    """TRL's DistillationTrainer with every default that matters written out."""
    from datasets import Dataset, disable_progress_bars
    from trl import DistillationConfig

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    d, tokenizer = config.distill, loaded.tokenizer
    # plain text stays plain, so that the student continues it without a template
    asked = [{"prompt": tokenizer.decode(ids)} for ids in beginnings(config, tokenizer, rows)]
    arguments = DistillationConfig(
        **common_arguments(config, len(asked), loaded.dtype, own), max_completion_length=d.max_new_tokens,
        temperature=d.draw_temperature, top_p=1.0, top_k=0, beta=d.beta,
    )  # fmt: skip
    steps = MethodLog(own, quiet, ("entropy", "completions/mean_length"))
    trainer = writing_trainer()(model=learner, teacher_model=teacher, args=arguments,
                                train_dataset=Dataset.from_list(asked), processing_class=tokenizer,
                                callbacks=[steps])  # fmt: skip
    steps.trainer = trainer
    without_printers(trainer)
    machine.say("  from here on the student writes and the teacher scores")
    return trainer, steps


def writing_trainer() -> type:
    """The trainer's class, made when torch is there."""
    from trl import DistillationTrainer

    class WritingTrainer(DistillationTrainer):
        """DistillationTrainer that counts its tokens."""

        sparse, tokens_seen = False, 0

        def _compute_loss(self, unwrapped_student: Any, inputs: dict[str, Any], num_items_in_batch: Any) -> Any:
            self.tokens_seen += int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
            return super()._compute_loss(unwrapped_student, inputs, num_items_in_batch)

    return WritingTrainer
