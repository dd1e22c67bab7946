"""The tasks that a run can be about: each says how to ask, how to read the answer, and how to score it."""

from __future__ import annotations

from importlib import import_module

from training.tasks.base import Extracted, Row, Task, few_shot, prompt, target, taught

NAMES = (
    "orders",
    "meeting_day",
    "library_desk",
    "shift_notes",
    "delivery_log",
    "site_answers",
    "sums",
    "shown_sums",
    "text",
)

__all__ = ["NAMES", "Extracted", "Row", "Task", "few_shot", "get", "prompt", "target", "taught"]


def get(name: str) -> Task:
    """The task of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in NAMES:
        raise ValueError(f"unknown task {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"training.tasks.{name}").TASK
