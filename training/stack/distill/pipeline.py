"""A distillation from seeds to a verdict, to be read from top to bottom: python -m training.stack.distill --config FILE

seeds -> teacher -> filter -> student (LoRA) -> evaluation -> router -> gate. Every call of the teacher is kept by its
content, so the same command resumes a run that was stopped and asks nothing twice. In other files stand the cache
(training/stack/calls.py), what asks a model (completion_clients.py), bill and verdict (release.py), the reading of
seeds and settings, and the training loop, which is that of supervised fine-tuning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

Answers = dict[str, list[list[Reply]]]  # who answers -> for each row, its tries


# --8<-- [start:pipeline]
def pipeline(config: StackConfig, folder: RunFolder, cache: Path) -> dict:
    """Every phase from seeds to verdict; a finished phase is read back when the run
    resumes.

    Raises:
        BadInput: the folder was begun with other rows,
            or no answer of the teacher passed.
    """
    run = begin(config, folder, cache)
    rows = rows_of_teacher(run)
    answers, before = answers_of_rivals(run)
    student = train(config, rows, run.loaded, folder)
    own, after = answers_of_student(run, student)
    folder.update("regression", capability_retention.combine(before, after))
    router, kept = set_router(run, own.pop("calibration"), own["tuned"])
    return release.judge(
        config,
        folder,
        run.test_name,
        run.tests,
        answers | own,
        router,
        kept,
        run.tokens_for_rows,
    )


# --8<-- [end:pipeline]


@dataclass
class Run:
    """What the phases share: questions of three kinds, the model, and the teacher with its cache."""

    config: StackConfig
    folder: RunFolder
    cache: Path
    task: task_base.Task
    seeds: list[dict]
    calibration: list[dict]
    test_name: str
    tests: list[dict]
    loaded: LoadedModel
    teacher: Calls
    tokens_for_rows: int = 0


def begin(config: StackConfig, folder: RunFolder, cache: Path) -> Run:
    """Read seeds and held-out rows, load the base model, and open the cache."""
    task = splits.task_of(config)
    (_, checked), (name, tests) = splits.held_out_sets(config, task).items()
    seeds = read_seeds(config, task, [*checked, *tests])
    loaded = loading.load_base(config.model)
    folder.update("environment", {"dtype": loaded.dtype})
    client = completion_clients.teacher_of(config, loaded)
    teacher = Calls(client, cache, config.teacher, config.evaluate.max_new_tokens)
    return Run(config, folder, cache, task, seeds, checked, name, tests, loaded, teacher)


def rows_of_teacher(run: Run) -> list[dict]:
    """Ask the teacher about every seed, keep what passes, and report the yield.

    Raises:
        BadInput: the folder was begun with other rows, or nothing passed.
    """
    task, config, folder, seeds = run.task, run.config, run.folder, run.seeds
    with machine.phase(f"teacher answers {len(seeds)} seeds", folder.log):
        tries = teach(task, seeds, run.teacher, config)
    rows, dropped = keep(task, seeds, tries, run.tests, config)
    run.tokens_for_rows, sha256 = run.teacher.spent()[0], splits.sha256_rows(rows)
    if folder.read().get("data", {}).get("sha256", sha256) != sha256:
        raise BadInput(f"{folder.path}: begun with other rows (another verifier); remove it or give another --out")
    refusals = sum(task_base.target(row) == task.refusal for row in rows)
    folder.update("data", {"sha256": sha256, "n": {
        "seeds": len(seeds), "train": len(rows), "refusals": refusals, "calibration": len(run.calibration),
        run.test_name: len(run.tests)}})  # fmt: skip
    folder.update("teacher", {
        "name": run.teacher.client.name, "pass_at": pass_at(task, seeds, tries, config),
        "calls": sum(map(len, tries.values())), "tokens": run.tokens_for_rows, "dropped": dropped})  # fmt: skip
    if not config.data.train_file:  # the generator knows better; only the report is told
        known = {seed["id"]: task_base.target(seed) for seed in seeds}
        right = [task.score(task_base.target(row), known[row["id"]])["exact"] == 1 for row in rows]
        folder.update("teacher", {"rows_right": release.share(right)})
    machine.say(f"  {kept_line(folder.read())}; {run.teacher.bill()}")
    return rows


def kept_line(report: dict) -> str:
    """How many rows were kept and why others were not, for the screen."""
    n = report["data"]["n"]
    return f"{n['train']} rows kept, {n['refusals']} refusals among them; dropped {report['teacher']['dropped']}"


# fmt: off
# --8<-- [start:teach]
def teach(
    task: task_base.Task, rows: list[dict], calls: Calls, config: StackConfig
) -> dict[int, list[Reply]]:
    """Try after try, only for questions that nothing has passed for yet:
    place of the question -> its tries."""
    tries: dict[int, list[Reply]] = {place: [] for place in range(len(rows))}
    for draw in range(config.teacher.samples):
        open_ = [
            at
            for at in tries
            if not tries[at] or fault(task, rows[at], tries[at][-1], config)
        ]
        prompts = [task_base.taught(task, rows[at]) for at in open_]
        replies = calls.ask(
            prompts, draw, config.teacher.temperature, f"try {draw + 1}"
        )
        for at, reply in zip(open_, replies, strict=True):
            tries[at].append(reply)
    return tries


def fault(task: task_base.Task, row: dict, reply: Reply, config: StackConfig) -> str:
    """Why an answer may not be trained on; the reference is never looked at.
    "" for a good one."""
    if not config.verify:
        return "" if reply.text else "empty"
    return ("" if reply.finished else "cut-off") or task.verify(asked(row), reply.text)


# --8<-- [end:teach]
# fmt: on


# fmt: off
# --8<-- [start:filter]
def keep(
    task: task_base.Task, rows: list[dict], tries: dict[int, list[Reply]],
    tests: list[dict], config: StackConfig,
) -> tuple[list[dict], dict[str, int]]:
    """Rows to train on (short prompt, verified answer),
    and how many went for which reason.

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
        if not reason and any(
            overlap.is_leaked(test, [words(asked(row))]) for test in held_out
        ):
            reason = "test-overlap"
        if reason:
            gone[reason] += 1
        else:
            kept.append({"messages": turns, "id": row["id"]})
    if not kept:
        raise BadInput(
            f"no answer of the teacher passed ({dict(gone)}): look at the instruction, "
            "or at the verifier"
        )
    return kept, dict(gone)


# --8<-- [end:filter]
# fmt: on


def pass_at(task: task_base.Task, rows: list[dict], tries: dict[int, list[Reply]],
            config: StackConfig) -> list[dict]:  # fmt: skip
    """Share of the questions for which one of the first k tries passed, for k = 1 up to all."""
    first = [len(found) if not fault(task, rows[at], found[-1], config) else 0 for at, found in tries.items()]
    return [release.share([0 < n <= k for n in first]) for k in range(1, config.teacher.samples + 1)]


def answers_of_rivals(run: Run) -> tuple[Answers, dict]:
    """Answers to the test set of everybody whom the student must beat, and the base on general text."""
    task, config, tests = run.task, run.config, run.tests
    with machine.phase("base and teacher answer the test set", run.folder.log):
        answers = {
            "teacher": list(teach(task, tests, run.teacher, config).values()),
            "teacher_one": one_try(run.teacher, [task_base.taught(task, row) for row in tests], "one try"),
        }
        free = config.teacher.replace(price_in=0.0, price_out=0.0, budget_tokens=0, budget_money=0.0)
        client = completion_clients.of_model(run.loaded, config.teacher.batch)
        base = Calls(client, run.cache, free, config.evaluate.max_new_tokens)
        shown = [task_base.few_shot(task, row, config.evaluate.num_fewshot) for row in tests]
        answers["base"] = one_try(base, [task_base.prompt(row) for row in tests], "base")
        answers["base_few_shot"] = one_try(base, shown, "base with examples")
        before = general(config, run.loaded, splits.Splits([], {run.test_name: tests}, "", {}), run.folder)
    return answers, before


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


# fmt: off
# --8<-- [start:student]
def train(
    config: StackConfig, rows: list[dict], loaded: LoadedModel, folder: RunFolder
) -> PeftModel:
    """The student: an adapter on the short prompt,
    read back from the disk as it would be served."""
    mixed = rows + replay.replay_rows(
        round(len(rows) * config.data.replay_fraction), config.data.seed
    )
    if "train" not in folder.read():
        with machine.phase(f"student trains on {len(rows)} rows", folder.log):
            sft.train(
                config, mixed, loaded, folder, folder.last_checkpoint(), "distill"
            )
    return loading.attach_adapter(
        loading.load_base(config.model, loaded.dtype).model, folder.adapter
    )


def answers_of_student(run: Run, student: PeftModel) -> tuple[Answers, dict]:
    """The student's answers, one try each, to calibration and test set;
    and the student on general text."""
    most = run.config.evaluate.max_new_tokens
    with machine.phase(
        "student answers the calibration and the test set", run.folder.log
    ):
        ask = Local(replace(run.loaded, model=student), "student").ask
        own = {
            kind: [
                [reply]
                for _, reply in ask(
                    [task_base.prompt(row) for row in part], [], 0.0, most
                )
            ]
            for kind, part in (("calibration", run.calibration), ("tuned", run.tests))
        }
        after = capability_retention.measure(
            student, run.loaded.tokenizer, run.config, "tuned", is_tiny(run.config)
        )
    return own, after


# --8<-- [end:student]
# fmt: on


# fmt: off
# --8<-- [start:router]
def set_router(
    run: Run, calibration: list[list[Reply]], tuned: list[list[Reply]]
) -> tuple[dict, list[bool]]:
    """The threshold, found on the calibration rows,
    and which of the student's test answers go out."""
    task, config = run.task, run.config
    scores = release.scored(task, run.calibration, calibration)
    able = [
        (own.confidence, score["exact"])
        for row, (own,), score in zip(run.calibration, calibration, scores, strict=True)
        if not fault(task, row, own, config)
    ]
    wanted = config.router.precision
    confidences = [confidence for confidence, _ in able]
    rights = [exact for _, exact in able]
    threshold = calibrate(confidences, rights, wanted)
    kept = [
        taken(task, row, own, threshold, config)
        for row, (own,) in zip(run.tests, tuned, strict=True)
    ]
    return {
        "threshold": threshold,
        "n_calibration": len(able),
        "precision_wanted": wanted,
    }, kept


def calibrate(
    confidence: Sequence[float], right: Sequence[float], precision: float
) -> float:
    """The lowest threshold at which so large a share of the answers at or above it is
    right; above 1 for none."""
    order = np.argsort(confidence)[::-1]
    level = np.asarray(confidence, float)[order]
    share = np.cumsum(np.asarray(right, float)[order])
    share = share / np.arange(1, len(order) + 1)
    # Equal confidences go together or not at all
    last = np.append(level[1:] < level[:-1], True)[: len(order)]
    good = np.flatnonzero(last & (share >= precision))
    return float(level[good[-1]]) if len(good) else release.NEVER


def taken(
    task: task_base.Task, row: dict, reply: Reply, threshold: float, config: StackConfig
) -> bool:
    """Whether the student's answer goes out; otherwise the teacher is asked."""
    return not fault(task, row, reply, config) and reply.confidence >= threshold


# --8<-- [end:router]
# fmt: on
