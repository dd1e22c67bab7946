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
    """The module of a task, found by its file: a new file needs no entry anywhere.

    Args:
        name: of the file or folder, or ``jsonl`` for rows of the reader's own.

    Raises:
        ValueError: there is none of that name (the message lists those there are), or its file holds no ``TASK``.
    """
    name = "text" if name == ROWS_OF_YOUR_OWN else name
    if name not in names():
        folder = f"; training/data/tasks/{name} has no task.py" if name.isidentifier() and _is_folder(name) else ""
        raise ValueError(f"unknown task {name!r}{folder}; there are {', '.join(names())}")
    inner = ".task" if _is_folder(name) else ""
    module = import_module(f"training.data.tasks.{name}{inner}")
    if not isinstance(getattr(module, "TASK", None), Task):
        file = f"training/data/tasks/{name}{inner.replace('.', '/')}.py"
        raise ValueError(f"{file} holds no TASK; give it one (TASK = Task(...)), or take the file away")
    return module


def get(name: str) -> Task:
    """The task of that name; raises as ``module_of``."""
    return module_of(name).TASK


def _is_folder(name: str) -> bool:
    return (FOLDER / name).is_dir()
