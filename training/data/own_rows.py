"""The task of a run: one of the package's, or rows of the reader's own with their scorer, examples and system turn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from training.data.scorers import judge, named
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.data.tasks.base import Row, Task
from training.run.errors import BadInput
from training.run.settings import TaskSettings


@dataclass(frozen=True)
class OwnRows(Task):
    """A reader's rows, scored as ``task.scorer`` says.

    Attributes:
        scorer: gives the figures.
    """

    scorer: named.Scorer = field(default_factory=lambda: named.scorer("exact"))

    def score(self, text: str, target: str) -> dict[str, float]:
        """The scorer's figures, without the question."""
        return self.scorer.score(text, target, [])

    def score_row(self, text: str, row: Row) -> dict[str, float]:
        """The scorer's figures; raises as the scorer does."""
        return self.scorer.score(text, task_base.target(row), task_base.prompt(row))

    def target_fault(self, target: str) -> str:
        """Why the scorer can do nothing with an expected answer."""
        return self.scorer.fault(target)


def of(settings: TaskSettings) -> Task:
    """The task that a configuration names.

    Raises:
        BadInput: there is no such task, or its scorer or its examples cannot be used; one line.
        LackingResource: a judge on another machine, offline.
    """
    files = [str(settings.scorer or "").rpartition(":")[0], settings.shots_file]
    return _made(settings, tuple(_age(file) for file in files if file))


def _age(file: str) -> int:
    return Path(file).stat().st_mtime_ns if Path(file).is_file() else 0


@lru_cache(maxsize=8)
def _made(settings: TaskSettings, _: tuple[int, ...]) -> Task:
    """``of``, kept as long as the files that it names are the same."""
    try:
        task = tasks.get(settings.name)
    except ValueError as error:
        raise BadInput(f"task: {error}") from None
    if settings.system is not None:
        task = replace(task, system=settings.system)
    if settings.scorer is None:
        return task
    if tasks.module_of(settings.name).__name__ != tasks.module_of(tasks.ROWS_OF_YOUR_OWN).__name__:
        raise BadInput(f"task.scorer: task {settings.name} scores its own answers; a scorer is for rows of your own"
                       " (task.name: jsonl)")  # fmt: skip
    scorer = _judge(settings) if settings.judge else named.scorer(settings.scorer)
    kept: dict[str, Any] = {name: getattr(task, name) for name in Task.__dataclass_fields__}
    kept.update(metrics=scorer.metrics, shape=f"scored by {settings.scorer}")
    return OwnRows(**kept, scorer=scorer)


def _judge(settings: TaskSettings) -> named.Scorer:
    assert settings.judge is not None
    return judge.scorer(judge_of(settings), settings.judge.criterion or judge.CRITERION)


@lru_cache(maxsize=2)
def judge_of(settings: TaskSettings) -> judge.Ask:
    """The call that asks the judge of these settings.

    Raises:
        BadInput: the settings have no judge, or its address is none.
        LackingResource: it is another machine, offline.
    """
    asked = settings.judge
    if asked is None:
        raise BadInput("task.judge: there is none")
    return judge.endpoint(asked.url, asked.model, asked.key_from)


def agreement(settings: TaskSettings) -> dict[str, Any] | None:
    """How often the judge says what the reader's labels say; None where there is no judge or no label.

    Raises:
        BadInput: the labels cannot be used. LackingResource: the judge does not answer.
    """
    asked = settings.judge
    if asked is None or asked.labels_file is None:
        return None
    labels = judge.read_labels(asked.labels_file)
    return judge.agreement(judge_of(settings), labels, asked.criterion or judge.CRITERION)
