"""A check before the walk: learn a few rows by heart, or say why that does not work.

A model that cannot repeat four rows after sixty steps on them will learn nothing from a thousand: the rate is too low,
the rows contradict each other, the answer's end is not learnt, or the answers are longer than what is written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from training.data import calls
from training.data.tasks import base as task_base
from training.models import chat_template
from training.models.generate import Generation, greedy
from training.models.loading import LoadedModel
from training.models.rendering import thoughts
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.run.settings import Config

STEPS, MOST_ROWS, MOST_IN_BATCH, LEARNT = 60, 64, 8, 0.05
DONE, DONE_STEPS = 0.01, 3  # nats, and steps in a row
Row = dict[str, Any]


@dataclass(frozen=True)
class ByHeart:
    """What came of it.

    Attributes:
        right: rows whose answer is repeated word for word.
        n: rows.
        first, last: loss of the first and of the last step, nats per token.
        steps: that were taken.
        reasons: why some are not repeated, a sentence each.
    """

    right: int
    n: int
    first: float
    last: float
    steps: int
    reasons: list[str]

    @property
    def learnt(self) -> bool:
        """Whether all of them are."""
        return self.right == self.n

    def lines(self) -> list[str]:
        """For the screen."""
        how = f"{self.right} of {self.n} rows by heart; loss {self.first:.3f} -> {self.last:.4f} in {self.steps} steps"
        return [f"learnt {how}" if self.learnt else f"not learnt: {how}", *(f"  why: {one}" for one in self.reasons)]


def chosen(rows: list[Row], count: int) -> list[Row]:
    """The first ``count`` chats.

    Raises:
        BadInput: there are not so many, or ``count`` is not from 1 to 64.
    """
    if not 1 <= count <= MOST_ROWS:
        raise BadInput(f"--overfit is {count}; give 1 to {MOST_ROWS} rows, such as --overfit 4")
    chats = [row for row in rows if "messages" in row][:count]
    if len(chats) < count:
        raise BadInput(f"--overfit is {count}, and there are {len(chats)} rows with an answer; give at most so many")
    return chats


def settings(config: Config, count: int) -> Config:
    """The run's settings for this check: the same rate and adapter, ``STEPS`` steps on the same few rows."""
    size = min(count, MOST_IN_BATCH)
    t = config.train.replace(max_steps=STEPS, per_device_train_batch_size=size, gradient_accumulation_steps=1,
                             lr_scheduler_type="constant_with_warmup", warmup_steps=0.05, save_steps=STEPS,
                             eval_steps=0)  # fmt: skip
    data = config.data.replace(replay_fraction=0.0, replay_chats=0)
    return config.replace(train=t, data=data, name=f"{config.name}-overfit")


def until_learnt() -> Any:
    """A callback that ends the training once the loss has been next to nothing for a few steps."""
    from transformers import TrainerCallback

    class UntilLearnt(TrainerCallback):
        """Counts steps in a row whose loss lies below ``DONE``."""

        low = 0

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            """Look at one step's loss."""
            if logs and "loss" in logs:
                self.low = self.low + 1 if logs["loss"] < DONE else 0
                control.should_training_stop = control.should_training_stop or self.low >= DONE_STEPS

    return UntilLearnt()


def learn(config: Config, rows: list[Row], loaded: LoadedModel, folder: RunFolder, method: Any) -> ByHeart:
    """Train on the rows and ask for their answers.

    Args:
        config: of ``settings``.
        rows: of ``chosen``.
        loaded: the base model.
        folder: of the run, created.
        method: the module that trains.
    """
    result = method.train(config, rows, loaded, folder, None, config.method, watching=[until_learnt()])
    tokenizer, stops = loaded.tokenizer, chat_template.stop_ids(loaded.tokenizer)
    wanted = [thoughts.said(task_base.target(row)) for row in rows]
    longest = max(len(tokenizer.encode(text, add_special_tokens=False)) for text in wanted) + 16
    how = chat_template.reading(config)
    prompts = [chat_template.prompt_ids(tokenizer, task_base.prompt(row), row.get("tools"), how) for row in rows]
    answers = greedy(result.model, tokenizer, prompts, longest, stops, MOST_IN_BATCH)
    losses = result.facts["loss"]
    right = sum(same(answer, row) for answer, row in zip(answers, rows, strict=True))
    found = ByHeart(right, len(rows), losses[0], losses[-1], len(losses), [])
    return found if found.learnt else ByHeart(right, len(rows), losses[0], losses[-1], len(losses),
                                              reasons(config, rows, answers, losses))  # fmt: skip


def same(answer: Generation, row: Row) -> bool:
    """Whether an answer is the row's own, thoughts aside: the same text, or the same calls of tools."""
    text, expected = thoughts.said(answer.text).strip(), thoughts.said(task_base.target(row)).strip()
    return text == expected or (calls.read(expected) != [] and calls.score(text, expected)["exact"] == 1)


def reasons(config: Config, rows: list[Row], answers: list[Generation], losses: list[float]) -> list[str]:
    """Why rows are not repeated, the likeliest cause first.

    Args:
        config: for the learning rate.
        rows: that were trained on.
        answers: what the model writes for their questions.
        losses: of each step.
    """
    found = []
    questions: dict[str, set[str]] = {}
    for row in rows:
        questions.setdefault(str(task_base.prompt(row)), set()).add(task_base.target(row))
    twice = sum(len(texts) > 1 for texts in questions.values())
    rate = config.train.learning_rate
    if twice:
        found.append(f"questions with two different answers among these rows: {twice}; keep one of each")
    if not all(map(math.isfinite, losses)) or losses[-1] > losses[0]:
        found.append(f"the loss rose: train.learning_rate {rate:g} is too high; try {rate / 5:g}")
    elif losses[-1] > LEARNT and not twice:
        found.append(f"the loss still stands at {losses[-1]:.3f}: train.learning_rate {rate:g} is too low, or the"
                     f" adapter too small; try {rate * 5:g}, or a higher lora.r")  # fmt: skip
    low = losses[-1] <= LEARNT
    unended = sum(not answer.stopped for answer in answers)
    if unended and low:
        found.append(f"{unended} answers do not end: the stop token is not learnt; look at one with 'data show'")
    wrong = [place for place, (row, answer) in enumerate(zip(rows, answers, strict=True))
             if not same(answer, row) and (answer.stopped or not found)]  # fmt: skip
    if wrong and not twice and (low or not found):
        found.append(f"the loss is low, and yet row {rows[wrong[0]].get('id', wrong[0] + 1)} is answered with"
                     f" {' '.join(answers[wrong[0]].text.split())[:60]!r}: the labels may be shifted, or the template"
                     " may write an answer otherwise than the row has it")  # fmt: skip
    return found
