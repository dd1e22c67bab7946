"""Distillation from seeds to a verdict, in one file: python -m training.stack.distill --config FILE

seeds -> teacher -> filter -> student (LoRA) -> evaluation -> gate -> router. Every call of the teacher is kept by its
content, so the same command resumes a run that was stopped and asks nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labs_py.core import chat_data, overlap
from training.data import replay, splits
from training.data.tasks import base as task_base
from training.evaluation import baseline_cache, capability_retention
from training.methods.sft import train as sft
from training.models import loading
from training.models.loading import LoadedModel
from training.run import machine
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.run.settings import Config
from training.stack import completion_clients
from training.stack.calls import Calls
from training.stack.completion_clients import Local, Reply
from training.stack.distill import release
from training.stack.distill.seeds import asked, read_seeds, words
from training.stack.distill.settings import StackConfig

if TYPE_CHECKING:
    from peft import PeftModel


# --8<-- [start:teach]
def teach(task: task_base.Task, rows: list[dict], calls: Calls, config: StackConfig) -> dict[int, list[Reply]]:
    """Try after try, only for questions that nothing has passed for yet: place of the question -> its tries."""
    tries: dict[int, list[Reply]] = {place: [] for place in range(len(rows))}
    for draw in range(config.teacher.samples):
        open_ = [at for at in tries if not tries[at] or fault(task, rows[at], tries[at][-1], config)]
        prompts = [task_base.taught(task, rows[at]) for at in open_]
        for at, reply in zip(open_, calls.ask(prompts, draw, config.teacher.temperature, f"try {draw + 1}"),
                             strict=True):  # fmt: skip
            tries[at].append(reply)
    return tries


def fault(task: task_base.Task, row: dict, reply: Reply, config: StackConfig) -> str:
    """Why an answer may not be trained on; the reference is never looked at. "" for a good one."""
    if not config.verify:
        return "" if reply.text else "empty"
    return ("" if reply.finished else "cut-off") or task.verify(asked(row), reply.text)


# --8<-- [end:teach]


# --8<-- [start:filter]
def keep(task: task_base.Task, rows: list[dict], tries: dict[int, list[Reply]], tests: list[dict],
         config: StackConfig) -> tuple[list[dict], dict[str, int]]:  # fmt: skip
    """Rows to train on (short prompt, verified answer), and how many went for which reason.

    Raises:
        BadInput: no answer passed.
    """
    kept, gone, seen = [], Counter(), chat_data.Seen()
    held_out = [words(asked(row)) for row in tests]
    for at, row in enumerate(rows):
        last = tries[at][-1]
        reason = fault(task, row, last, config).partition(":")[0]
        turns = [*task_base.prompt(row), {"role": "assistant", "content": last.text}]
        if not reason:
            repeated = seen.check(turns, at + 1)
            reason = repeated.code if repeated else ""
        if not reason and any(overlap.is_leaked(test, [words(asked(row))]) for test in held_out):
            reason = "test-overlap"
        if reason:
            gone[reason] += 1
        else:
            kept.append({"messages": turns, "id": row["id"]})
    if not kept:
        raise BadInput(f"no answer of the teacher passed ({dict(gone)}): look at the instruction, or at the verifier")
    return kept, dict(gone)


# --8<-- [end:filter]


def pass_at(task: task_base.Task, rows: list[dict], tries: dict[int, list[Reply]],
            config: StackConfig) -> list[dict]:  # fmt: skip
    """Share of the questions for which one of the first k tries passed, for k = 1 up to all."""
    first = [len(found) if not fault(task, rows[at], found[-1], config) else 0 for at, found in tries.items()]
    return [release.share([0 < n <= k for n in first]) for k in range(1, config.teacher.samples + 1)]


# --8<-- [start:router]
def calibrate(confidence: Sequence[float], right: Sequence[float], precision: float) -> float:
    """The lowest threshold at which so large a share of the answers at or above it is right; above 1 for none."""
    order = np.argsort(confidence)[::-1]
    level, share = np.asarray(confidence, float)[order], np.cumsum(np.asarray(right, float)[order])
    share = share / np.arange(1, len(order) + 1)
    last = np.append(level[1:] < level[:-1], True)[: len(order)]  # equal confidences go together or not at all
    good = np.flatnonzero(last & (share >= precision))
    return float(level[good[-1]]) if len(good) else release.NEVER


def taken(task: task_base.Task, row: dict, reply: Reply, threshold: float, config: StackConfig) -> bool:
    """Whether the student's answer goes out; otherwise the teacher is asked."""
    return not fault(task, row, reply, config) and reply.confidence >= threshold


# --8<-- [end:router]


def pipeline(config: StackConfig, folder: RunFolder, cache: Path) -> dict:
    """Every phase from seeds to verdict; a finished phase is read back when the run resumes.

    Raises:
        BadInput: the folder was begun with other rows, or no answer of the teacher passed.
    """
    task = splits.task_of(config)
    (_, checked), (name, tests) = splits.held_out_sets(config, task).items()
    seeds = read_seeds(config, task, [*checked, *tests])
    loaded = loading.load_base(config.model)
    folder.update("environment", {"dtype": loaded.dtype})
    teacher = Calls(
        completion_clients.teacher_of(config, loaded), cache, config.teacher, config.evaluate.max_new_tokens
    )
    with machine.phase(f"teacher answers {len(seeds)} seeds", folder.log):
        tries = teach(task, seeds, teacher, config)
    rows, dropped = keep(task, seeds, tries, tests, config)
    generated, calls, sha256 = teacher.spent()[0], sum(map(len, tries.values())), splits.sha256_rows(rows)
    if folder.read().get("data", {}).get("sha256", sha256) != sha256:
        raise BadInput(f"{folder.path}: begun with other rows (another verifier); remove it or give another --out")
    refusals = sum(task_base.target(row) == task.refusal for row in rows)
    folder.update("data", {"sha256": sha256, "n": {"seeds": len(seeds), "train": len(rows),
                           "refusals": refusals, "calibration": len(checked), name: len(tests)}})  # fmt: skip
    folder.update("teacher", {"name": teacher.client.name, "pass_at": pass_at(task, seeds, tries, config),
                              "calls": calls, "tokens": generated, "dropped": dropped})  # fmt: skip
    if not config.data.train_file:  # the generator knows better; only the report is told
        known = {seed["id"]: task_base.target(seed) for seed in seeds}
        right = [task.score(task_base.target(row), known[row["id"]])["exact"] == 1 for row in rows]
        folder.update("teacher", {"rows_right": release.share(right)})
    machine.say(f"  {len(rows)} rows kept, {refusals} refusals among them; dropped {dropped}; {teacher.bill()}")
    with machine.phase("base and teacher answer the test set", folder.log):
        answers = {"teacher": list(teach(task, tests, teacher, config).values()), "teacher_one": one_try(
            teacher, [task_base.taught(task, row) for row in tests], "one try")}  # fmt: skip
        free = config.teacher.replace(price_in=0.0, price_out=0.0, budget_tokens=0, budget_money=0.0)
        base = Calls(
            completion_clients.of_model(loaded, config.teacher.batch), cache, free, config.evaluate.max_new_tokens
        )
        answers |= {
            "base": one_try(base, [task_base.prompt(row) for row in tests], "base"),
            "base_few_shot": one_try(
                base,
                [task_base.few_shot(task, row, config.evaluate.num_fewshot) for row in tests],
                "base with examples",
            ),
        }
        before = general(config, loaded, splits.Splits([], {name: tests}, "", {}), folder)
    student = train(config, rows, loaded, folder)
    with machine.phase("student answers the calibration and the test set", folder.log):
        ask = Local(replace(loaded, model=student), "student").ask
        answers |= {kind: [[reply] for _, reply in ask([task_base.prompt(row) for row in part], [], 0.0, base.longest)]
                    for kind, part in (("calibration", checked), ("tuned", tests))}  # fmt: skip
        after = capability_retention.measure(student, loaded.tokenizer, config, "tuned", is_tiny(config))
    folder.update("regression", capability_retention.combine(before, after))
    able = [(own.confidence, score["exact"]) for row, (own,), score in zip(
        checked, answers["calibration"], release.scored(task, checked, answers.pop("calibration")), strict=True)
        if not fault(task, row, own, config)]  # fmt: skip
    confidence, exact = ([each[part] for each in able] for part in (0, 1))
    threshold = calibrate(confidence, exact, config.router.precision) if able else release.NEVER
    kept = [taken(task, row, own, threshold, config) for row, (own,) in zip(tests, answers["tuned"], strict=True)]
    router = {"threshold": threshold, "n_calibration": len(able), "precision_wanted": config.router.precision}
    return release.judge(config, folder, name, tests, answers, router, kept, generated)


def one_try(calls: Calls, prompts: list[list[dict]], what: str) -> list[list[Reply]]:
    """The likeliest answer to each prompt."""
    return [[reply] for reply in calls.ask(prompts, 0, 0.0, what)]


def is_tiny(config: Config) -> bool:
    """A smoke run looks at a tenth of the general text."""
    return config.model.source.startswith("tiny-random:")


def general(config: StackConfig, loaded: LoadedModel, rows: splits.Splits, folder: RunFolder) -> dict:
    """The base on general text and general questions: the same for all seeds, so it is asked once and kept."""
    name = f"stack-{baseline_cache.key(loaded, rows, config)}" if baseline_cache.pinned(config.model) else ""
    known = baseline_cache.recall(name, folder) if name else None
    if known:
        return known["regression"]
    found = capability_retention.measure(loaded.model, loaded.tokenizer, config, "base", is_tiny(config))
    if name:
        baseline_cache.keep(name, {"regression": found}, folder)
    return found


def train(config: StackConfig, rows: list[dict], loaded: LoadedModel, folder: RunFolder) -> PeftModel:
    """The student: an adapter on the short prompt, read back from the disk as it would be served."""
    mixed = rows + replay.replay_rows(round(len(rows) * config.data.replay_fraction), config.data.seed)
    if "train" not in folder.read():
        with machine.phase(f"student trains on {len(rows)} rows", folder.log):
            sft.train(config, mixed, loaded, folder, folder.last_checkpoint(), "distill")
    return loading.attach_adapter(loading.load_base(config.model, loaded.dtype).model, folder.adapter)
