"""Questions for the teacher, from a task's generator or a file, with nothing of the test set among them."""

from __future__ import annotations

import json
from pathlib import Path

from labs_py.core import chat_data, overlap
from training.data import pairs as pair_files
from training.data import splits
from training.data.tasks import base as task_base
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.stack.distill.settings import StackConfig


def read_seeds(config: StackConfig, task: task_base.Task, held_out: list[dict]) -> list[dict]:
    """Questions for the teacher, one a row; whatever answers a file holds are left behind.

    Raises:
        BadInput: a line that is no question, or one that stands in the held-out sets, with file and line; a variant
            that the task does not have.
    """
    if not config.data.train_file:
        return splits.generated(config, task)
    known = {chat_data.prompt_key(row["messages"]) for row in held_out}
    tests = [words(asked(row)) for row in held_out]
    rows, faults = [], []
    for number, row, fault in pair_files.parsed_lines(config.data.train_file):
        question = fault or question_of(row)
        if isinstance(question, str):
            fault = chat_data.leak([{"role": "user", "content": question}], known)
            if not fault and any(overlap.is_leaked(test, [words(question)]) for test in tests):
                fault = chat_data.Fault("test-leak", "more than half of a held-out question stands in it")
            rows.append(task.row(question, "", id=f"line-{number}"))
        else:
            fault = question
        if fault:
            faults.append(f"{config.data.train_file}:{number}: {fault.code}: {fault.message}")
    splits.raise_faults(faults, "mend or drop these questions before the teacher is asked")
    if not rows:
        raise BadInput(f"{config.data.train_file}: there is no question in this file")
    return rows


def question_of(row: dict) -> str | chat_data.Fault:
    """The one question that a row asks, or why it asks none."""
    turns = row.get("messages")
    if not isinstance(turns, list):
        turns = pair_files.asked_turns(row)
    if isinstance(turns, chat_data.Fault):
        return turns
    fault = next((found for found in chat_data.check_turns(turns) if found.code != "prompt-only"), None)
    if fault:
        return fault
    questions = [turn["content"] for turn in turns if turn["role"] == "user"]
    if len(questions) != 1:
        return chat_data.Fault("prompt-only", f"{len(questions)} turns of the user, one question is expected")
    return questions[0]


def asked(row: dict) -> str:
    """The question of a row."""
    return task_base.prompt(row)[-1]["content"]


def words(text: str) -> list[str]:
    """For overlap: words without case and punctuation."""
    return chat_data.normal_form(text).split()


def show_plan(config: StackConfig, folder: RunFolder, cache: Path) -> None:
    """What a run would ask, and what that can cost at most."""
    task, t = splits.task_of(config), config.teacher
    assert config.lora is not None  # completion_clients.check saw to it
    (_, checked), (_, tests) = splits.held_out_sets(config, task).items()
    rows = read_seeds(config, task, [*checked, *tests])
    calls = len(rows) * t.samples + len(tests) * (t.samples + 1)
    into = len(json.dumps(task_base.taught(task, tests[0]))) // 3
    most = calls * (into * t.price_in + config.evaluate.max_new_tokens * t.price_out) / 1e6
    total = calls * (into + config.evaluate.max_new_tokens)
    print(f"folder    {folder.path}\ncache     {cache}",
          f"teacher   {t.kind} {t.model or config.model.source}, up to {t.samples} tries",
          f"seeds     {len(rows)}, calibration {len(checked)}, test {len(tests)}",
          f"calls     at most {calls:,}, about {total:,} tokens, cost about {most:.4g}",
          f"budget    {t.budget_tokens or 'no limit on'} tokens, {t.budget_money or 'no limit on'} money",
          f"student   {config.model.source}, LoRA rank {config.lora.r}", sep="\n")  # fmt: skip
