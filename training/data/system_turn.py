"""The system turn that a run's questions stand under: the same for chat, serving and what is exported."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from labs_py.core import chat_data
from training.data import own_rows
from training.data.check import read_lines
from training.run.errors import BadInput
from training.run.settings import Config, TaskSettings

ROWS_READ = 200  # of a training file, for the system turn that they share


def system_of(config: Config) -> str:
    """The system turn under which the model was trained: the task's, or else the one that its rows share.

    Raises:
        BadInput: there is no such task.
    """
    own = config.task_settings.system
    system = task_system_prompt(config.task_name) if own is None else own
    if system or config.data.train_file is None:
        return system
    try:
        return rows_system(Path(config.data.train_file))
    except BadInput:  # the rows may be gone by now
        return ""


def task_system_prompt(task: str) -> str:
    """The system turn of a task of the package; "" for rows of one's own and for a task without one.

    Raises:
        BadInput: there is no such task.
    """
    return own_rows.of(TaskSettings(name=task)).system


def rows_system(path: Path) -> str:
    """The system turn that most of a file's first rows have; "" where most have none.

    Raises:
        BadInput: the file cannot be read.
    """
    said: Counter[str] = Counter()
    for _, line, _ in islice(read_lines(path), ROWS_READ):
        turns = chat_data.turns_of(chat_data.parse_line(line)[0] or {}) or [{}]
        first = turns[0] if isinstance(turns[0], dict) else {}
        said[str(first.get("content")) if first.get("role") == "system" else ""] += 1
    return said.most_common(1)[0][0] if said else ""
