"""The tasks by name: a module of this folder (or a folder with a ``task.py``) that holds a ``TASK``."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from training.data.tasks.base import Task

FOLDER = Path(__file__).resolve().parent
ROWS_OF_YOUR_OWN = "jsonl"  # the task of a run on the reader's rows: free text
NOT_TASKS = ("__init__", "base", "drawn", "registry")  # what the tasks share


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Names of all tasks: every file here is one, and every folder with a ``task.py``."""
    files = {file.stem for file in FOLDER.glob("*.py")} - set(NOT_TASKS)
    return tuple(sorted(files | {file.parent.name for file in FOLDER.glob("*/task.py")}))


def module_of(name: str) -> ModuleType:
    """The module of a task.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    name = "text" if name == ROWS_OF_YOUR_OWN else name
    if name not in names():
        raise ValueError(f"unknown task {name!r}; there are {', '.join(names())}")
    inner = ".task" if (FOLDER / name).is_dir() else ""
    return import_module(f"training.data.tasks.{name}{inner}")


def get(name: str) -> Task:
    """The task of that name; raises as ``module_of``."""
    return module_of(name).TASK
