"""The trainer of a student: the teacher's kept word beside each batch, and the loss of methods/distill/loss.py."""

from __future__ import annotations

import functools
import types
from typing import Any

import torch
from transformers import Trainer

from training.methods import trainer as method_trainer
from training.methods.callbacks import StepLog, without_printers
from training.methods.distill import loss as distill_losses
from training.methods.distill import student
from training.methods.distill.settings import DistillConfig, DistillSettings
from training.methods.sampler import RowsInOrder
from training.models.chat_template import Encoded
from training.models.guards import IGNORED
from training.models.loading import LoadedModel
from training.run.folder import RunFolder


class StudentTrainer(RowsInOrder, Trainer):
    """Trainer whose loss looks only at the places with a label.

    Args:
        settings: the run's ``distill`` section.
        alpha: share of the soft part; 0 needs no teacher.
        order_seed, bucket: as in OrderedSampler.
    """

    sparse = True

    def __init__(
        self, *args: Any, settings: DistillSettings, alpha: float, order_seed: int, bucket: bool, **kwargs: Any
    ) -> None:
        self.settings, self.alpha, self.order_seed, self.bucket = settings, alpha, order_seed, bucket
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = False  # the mean over a micro-batch, averaged over a step's micro-batches
        self.tokens_seen = 0

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """alpha T^2 D(teacher, student) + (1 - alpha) CE at the labelled places of a micro-batch."""
        self.tokens_seen += int(inputs["real_tokens"])
        return model(**inputs, settings=self.settings, alpha=self.alpha)


def add_student_loss(causal: Any) -> None:
    """Let the model's own call give the loss, so that what wraps it (DDP, FSDP, DeepSpeed) works as for any forward."""
    ordinary = causal.forward

    @functools.wraps(type(causal).forward)
    def forward(self, *args: Any, settings: DistillSettings | None = None, alpha: float = 0.0, **inputs: Any) -> Any:
        if settings is None:
            return ordinary(*args, **inputs)
        backbone, head = self.base_model, self.get_output_embeddings()
        hidden = backbone(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state  # (B, T, D)
        scores = head(hidden[inputs["rows"], inputs["places"]]).float()  # (N, V)
        return taught(scores, inputs["labels"], inputs.get("targets"), head, settings, alpha)

    causal.forward = types.MethodType(forward, causal)


def taught(
    scores: torch.Tensor, labels: torch.Tensor, targets: dict | None, head: Any, settings: DistillSettings, alpha: float
) -> torch.Tensor:
    """The loss at N places, from the student's scores and what was kept of the teacher's.

    Args:
        scores: (N, V). labels: (N,).
        targets: ``hidden`` (N, D), or ``log_p``, ``tokens`` (N, K) and ``rest`` (N,); None when alpha is 0.
        head: the output layer of both.
        settings: temperature and beta.
        alpha: share of the soft part.
    """
    t = settings.temperature
    if not alpha or targets is None:
        return distill_losses.distillation_loss(scores, scores, labels, t, 0.0)
    if "hidden" in targets:
        with torch.no_grad():
            teacher = head(targets["hidden"].to(head.weight.dtype)).float()
        return distill_losses.distillation_loss(scores, teacher, labels, t, alpha, settings.beta)
    log_q = (scores / t).log_softmax(-1)
    soft = distill_losses.top_k_divergence(targets["log_p"], targets["tokens"].long(), targets["rest"], log_q).mean()
    hard = distill_losses.distillation_loss(scores, scores, labels, t, 0.0) if alpha < 1 else 0.0
    return alpha * t**2 * soft + (1 - alpha) * hard


class TargetsCollator:
    """Pad rows on the right and lay the teacher's word for their places beside them.

    Args:
        targets: what the teacher said, or None.
    """

    def __init__(self, targets: student.TeacherTargets | None) -> None:
        self.targets = targets

    def __call__(self, rows: list[dict]) -> dict[str, Any]:
        """``input_ids`` (B, T); ``rows``, ``places``, ``labels`` (N,) of the labelled places; ``targets``."""
        width = max(len(row["input_ids"]) for row in rows)
        ids = [row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in rows]
        where, labels = [], []
        for at, row in enumerate(rows):
            found = student.predictors(row["labels"])
            where += [(at, place) for place in found]
            labels += [row["labels"][place + 1] for place in found]
        index = torch.tensor(where).reshape(-1, 2)
        batch: dict[str, Any] = {
            "input_ids": torch.tensor(ids),
            "rows": index[:, 0],
            "places": index[:, 1],
            "labels": torch.tensor(labels),
            "real_tokens": sum(len(row["input_ids"]) for row in rows),
        }
        if self.targets is not None:
            parts = [self.targets.of(row["number"]) for row in rows]
            batch["targets"] = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        return batch


def build_trainer(
    config: DistillConfig,
    learner: Any,
    encoded: list[Encoded],
    targets: student.TeacherTargets | None,
    alpha: float,
    loaded: LoadedModel,
    own: RunFolder,
    quiet: bool,
) -> tuple[StudentTrainer, StepLog]:
    """The trainer of one variant, and its step log."""
    from datasets import Dataset

    rows = [{"input_ids": e.ids, "labels": e.labels, "number": i} for i, e in enumerate(encoded)
            if any(label != IGNORED for label in e.labels[1:])]  # fmt: skip
    steps = StepLog(own, quiet)
    add_student_loss(learner)
    trainer = StudentTrainer(
        model=learner, args=method_trainer.trainer_arguments(config, len(rows), loaded.dtype, own),
        train_dataset=Dataset.from_list(rows), data_collator=TargetsCollator(targets),
        processing_class=loaded.tokenizer, callbacks=[steps], settings=config.distill, alpha=alpha,
        order_seed=config.train.seed, bucket=config.train.by_length,
    )  # fmt: skip
    steps.trainer = trainer
    without_printers(trainer)
    return trainer, steps
