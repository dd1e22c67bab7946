"""Any prompt and any answer: for a reader's own file, scored by equality of the trimmed text."""

from __future__ import annotations

from training.data.tasks.base import Task

TASK = Task(
    name="text",
    title="your own rows",
    shape="free text, scored by equality",
    system="",
    sets=(),
    headline="file",
    metrics=("exact", "valid", "content"),
    max_new_tokens=128,
)
