"""The loss on held-out rows while training: when it turns up, more passes only learn the rows by heart."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.models import guards
from training.models.chat_template import Encoded
from training.run import machine
from training.run.folder import RunFolder

MOST_ROWS, BATCH, TURNED = 64, 8, 1.02


class ValidationLog(TrainerCallback):
    """Every so many steps, and after the last: a line in log.jsonl with the mean loss of held-out answers' tokens.

    Args:
        folder: of the run.
        rows: encoded; the first ``MOST_ROWS`` are taken.
        every: steps.
    """

    def __init__(self, folder: RunFolder, rows: list[Encoded], every: int) -> None:
        self.folder, self.rows, self.every = folder, rows[:MOST_ROWS], every
        self.trainer: Any = None  # set once the trainer is made
        self.seen: list[tuple[int, float]] = []

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Look at the held-out rows, where it is time."""
        if state.global_step % self.every and state.global_step != state.max_steps:
            return
        loss = mean_loss(self.trainer, self.rows)
        self.seen.append((state.global_step, loss))
        if machine.is_main_process():
            self.folder.log({"event": "validation", "step": state.global_step, "loss": loss})
            machine.say(f"  step {state.global_step}: loss on held-out rows {loss:.4f}{self.hint()}")

    def hint(self) -> str:
        """What a loss that has turned up means; "" while it falls."""
        lowest, at = min((loss, step) for step, loss in self.seen)
        turned = self.seen[-1][1] > TURNED * lowest
        return f", lowest at step {at}: fewer epochs or a lower rate would do" if turned else ""


def mean_loss(trainer: Any, rows: list[Encoded]) -> float:
    """Mean loss (nats) of the labelled tokens of ``rows`` under the model as it stands; the model goes on training."""
    model, device = trainer.model, trainer.args.device
    total, count = 0.0, 0
    model.eval()
    try:
        with torch.no_grad(), trainer.accelerator.autocast():
            for start in range(0, len(rows), BATCH):
                part = [{"input_ids": one.ids, "labels": one.labels} for one in rows[start : start + BATCH]]
                batch = {key: value.to(device) if hasattr(value, "to") else value
                         for key, value in trainer.data_collator(part).items()}  # fmt: skip
                labels = int((batch["labels"][:, 1:] != guards.IGNORED).sum())
                if trainer.sparse:
                    total += float(model(**batch, answer_loss=True)["loss"])
                else:
                    plain = {key: value for key, value in batch.items() if key not in ("groups", "prefix_lengths")}
                    total += float(model(**plain)["loss"]) * labels
                count += labels
    finally:
        model.train()
    return total / max(count, 1)
