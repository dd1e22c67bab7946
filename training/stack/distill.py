"""Distillation from seeds to a verdict, in one file: python -m training.stack.distill --config FILE

seeds -> teacher -> filter -> student (LoRA) -> evaluation -> gate -> router. Every call of the teacher is kept by its
content, so a run that was stopped goes on with the same command and asks nothing twice.
"""

from __future__ import annotations

import argparse
import errno
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from labs_py.core import chat_data, overlap
from training import base_scores, cli, data, general_text, model, plan, records, regression, runtime, sft, tasks
from training import config as configuration
from training.errors import BAD_INPUT, INTERRUPTED, LACKING_RESOURCE, BadInput, Interrupted, TrainingError
from training.runfolder import RunFolder, default_path
from training.stack import askers, release
from training.stack.askers import Local, Reply
from training.stack.calls import Calls
from training.stack.seeds import asked, read_seeds, show_plan, words

DEFAULT = Path(__file__).with_name("configs") / "distill-smollm2.yaml"
CACHE = "teacher-calls.jsonl"
ABOUT = """Distil a teacher into a small student, and find out whether that was worth it.

  seeds     questions without answers: of the task's generator, or one JSON object a line in data.train_file
  teacher   long instruction, several tries, the first that the task's verifier lets pass
  filter    repeats and what overlaps with the test set are dropped, refusals kept, failed answers never trained on
  student   LoRA on the short prompt, one answer
  evaluate  against its own base (without and with examples), the teacher at one try, the teacher with all its tries
  gate      ship, ship behind a router, don't ship
  router    below a confidence, calibrated on rows of their own, the teacher answers

Begin with:
  python -m training.stack.distill --dry-run                 what it will ask, and what that can cost at most
  python -m training.stack.distill --smoke                   the whole way on a tiny random model, in seconds
  python -m training.stack.distill --seed 1 teacher.budget_tokens=500000
  python -m training.stack.distill --config training/stack/configs/distill-endpoint-7b.yaml --dry-run

Stopped, killed or out of budget: the same command goes on, and no answered call is made again.
Exit codes: 0 done (ship, or ship behind a router), 2 bad input, 3 lacking resource (a spent budget too), 10 gain with
regression, 11 no gain, 12 inconclusive, 130 interrupted."""


# --8<-- [start:teach]
def teach(task: tasks.Task, rows: list[dict], calls: Calls, config) -> dict[int, list[Reply]]:
    """Try after try, only for questions that nothing has passed for yet: place of the question -> its tries."""
    tries: dict[int, list[Reply]] = {place: [] for place in range(len(rows))}
    for draw in range(config.teacher.samples):
        open_ = [at for at in tries if not tries[at] or fault(task, rows[at], tries[at][-1], config)]
        prompts = [tasks.taught(task, rows[at]) for at in open_]
        for at, reply in zip(open_, calls.ask(prompts, draw, config.teacher.temperature, f"try {draw + 1}"),
                             strict=True):  # fmt: skip
            tries[at].append(reply)
    return tries


def fault(task: tasks.Task, row: dict, reply: Reply, config) -> str:
    """Why an answer may not be trained on; the reference is never looked at. "" for a good one."""
    if not config.verify:
        return "" if reply.text else "empty"
    return ("" if reply.finished else "cut-off") or task.verify(asked(row), reply.text)


# --8<-- [end:teach]


# --8<-- [start:filter]
def keep(task: tasks.Task, rows: list[dict], tries: dict[int, list[Reply]], tests: list[dict], config):
    """Rows to train on (short prompt, verified answer), and how many went for which reason."""
    kept, gone, seen = [], Counter(), chat_data.Seen()
    held_out = [words(asked(row)) for row in tests]
    for at, row in enumerate(rows):
        last = tries[at][-1]
        reason = fault(task, row, last, config).partition(":")[0]
        turns = [*tasks.prompt(row), {"role": "assistant", "content": last.text}]
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


def pass_at(task: tasks.Task, rows: list[dict], tries: dict[int, list[Reply]], config) -> list[dict]:
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


def taken(task: tasks.Task, row: dict, reply: Reply, threshold: float, config) -> bool:
    """Whether the student's answer goes out; otherwise the teacher is asked."""
    return not fault(task, row, reply, config) and reply.confidence >= threshold


# --8<-- [end:router]


# --8<-- [start:pipeline]
def pipeline(config, folder: RunFolder, cache: Path) -> dict:
    """The whole way; a phase that was finished before a stop is read back and not done again."""
    task = data.task_of(config)
    (_, checked), (name, tests) = data.held_out_sets(config, task).items()
    seeds = read_seeds(config, task, [*checked, *tests])
    loaded = model.load_base(config.model)
    teacher = Calls(askers.teacher_of(config, loaded), cache, config.teacher, config.evaluate.max_new_tokens)
    with runtime.phase(f"teacher answers {len(seeds)} seeds", folder.log):
        tries = teach(task, seeds, teacher, config)
    rows, dropped = keep(task, seeds, tries, tests, config)
    generated, calls, sha256 = teacher.spent()[0], sum(map(len, tries.values())), data.sha256_rows(rows)
    if folder.read().get("data", {}).get("sha256", sha256) != sha256:
        raise BadInput(f"{folder.path}: begun with other rows (another verifier); remove it or give another --out")
    refusals = sum(tasks.target(row) == task.refusal for row in rows)
    folder.update("data", {"sha256": sha256, "n": {"seeds": len(seeds), "train": len(rows),
                           "refusals": refusals, "calibration": len(checked), name: len(tests)}})  # fmt: skip
    folder.update("teacher", {"name": teacher.asker.name, "pass_at": pass_at(task, seeds, tries, config),
                              "calls": calls, "tokens": generated, "dropped": dropped})  # fmt: skip
    if not config.data.train_file:  # the generator knows better; only the report is told
        known = {seed["id"]: tasks.target(seed) for seed in seeds}
        right = [task.score(tasks.target(row), known[row["id"]])["exact"] == 1 for row in rows]
        folder.update("teacher", {"rows_right": release.share(right)})
    runtime.say(f"  {len(rows)} rows kept, {refusals} refusals among them; dropped {dropped}; {teacher.bill()}")
    with runtime.phase("base and teacher answer the test set", folder.log):
        answers = {"teacher": list(teach(task, tests, teacher, config).values()), "teacher_one": one_try(
            teacher, [tasks.taught(task, row) for row in tests], "one try")}  # fmt: skip
        free = replace(config.teacher, price_in=0.0, price_out=0.0, budget_tokens=0, budget_money=0.0)
        base = Calls(askers.of_model(loaded, config.teacher.batch), cache, free, config.evaluate.max_new_tokens)
        answers |= {
            "base": one_try(base, [tasks.prompt(row) for row in tests], "base"),
            "base_few_shot": one_try(
                base, [tasks.few_shot(task, row, config.evaluate.few_shot) for row in tests], "base with examples"
            ),
        }
        before = general(config, loaded, data.Loaded([], {name: tests}, "", {}), folder)
    student = train(config, rows, loaded, folder)
    with runtime.phase("student answers the calibration and the test set", folder.log):
        ask = Local(replace(loaded, model=student), "student").ask
        answers |= {kind: [[reply] for _, reply in ask([tasks.prompt(row) for row in part], [], 0.0, base.longest)]
                    for kind, part in (("calibration", checked), ("tuned", tests))}  # fmt: skip
        after = regression.measure(student, loaded.tokenizer, config, "tuned", is_tiny(config))
    folder.update("regression", regression.combine(before, after))
    able = [(own.confidence, score["exact"]) for row, (own,), score in zip(
        checked, answers["calibration"], release.scored(task, checked, answers.pop("calibration")), strict=True)
        if not fault(task, row, own, config)]  # fmt: skip
    threshold = calibrate(*zip(*able, strict=True), config.router.precision) if able else release.NEVER
    kept = [taken(task, row, own, threshold, config) for row, (own,) in zip(tests, answers["tuned"], strict=True)]
    router = {"threshold": threshold, "n_calibration": len(able), "precision_wanted": config.router.precision}
    return release.judge(config, folder, name, tests, answers, router, kept, generated)


# --8<-- [end:pipeline]


def one_try(calls: Calls, prompts: list[list[dict]], what: str) -> list[list[Reply]]:
    """The likeliest answer to each prompt."""
    return [[reply] for reply in calls.ask(prompts, 0, 0.0, what)]


def is_tiny(config) -> bool:
    """A smoke run looks at a tenth of the general text."""
    return config.model.source.startswith("tiny-random:")


def general(config, loaded, rows: data.Loaded, folder: RunFolder) -> dict:
    """The base on general text and general questions: the same for all seeds, so it is asked once and kept."""
    name = f"stack-{base_scores.key(loaded, rows, config)}" if base_scores.pinned(config.model) else ""
    known = base_scores.recall(name, folder) if name else None
    if known:
        return known["regression"]
    found = regression.measure(loaded.model, loaded.tokenizer, config, "base", is_tiny(config))
    if name:
        base_scores.keep(name, {"regression": found}, folder)
    return found


def train(config, rows: list[dict], loaded, folder: RunFolder):
    """The student: an adapter on the short prompt, read back from the disk as it would be served."""
    mixed = rows + general_text.replay_rows(round(len(rows) * config.data.replay_fraction), config.data.seed)
    if "train" not in folder.read():
        with runtime.phase(f"student trains on {len(rows)} rows", folder.log):
            sft.train(config, mixed, loaded, folder, folder.last_checkpoint(), "distill")
    return model.attach_adapter(model.load_base(config.model, loaded.dtype).model, folder.adapter)


def answer(config, folder: RunFolder, cache: Path, question: str) -> dict:
    """One question through the router of a finished run."""
    task, report = data.task_of(config), folder.open()
    if "gate" not in report:
        raise BadInput(f"{folder.path}: this run has no router yet; let it go to its end first")
    threshold = report["router"]["threshold"]
    row, loaded = task.row(question, ""), model.load_base(config.model)
    teacher = Calls(askers.teacher_of(config, loaded), cache, config.teacher, config.evaluate.max_new_tokens)
    student = Local(replace(loaded, model=train(config, [], loaded, folder)), "student")
    [(_, own)] = student.ask([tasks.prompt(row)], [], 0.0, config.evaluate.max_new_tokens)
    good = taken(task, row, own, threshold, config)
    tries = [own] if good else teach(task, [row], teacher, config)[0]
    return {"answer": tries[-1].text, "by": "student" if good else "teacher", "confidence": round(own.confidence, 4),
            "threshold": round(threshold, 4), "verified": not fault(task, row, tries[-1], config)}  # fmt: skip


def run(args) -> int:
    """Read the configuration, go the whole way, say the verdict."""
    if not (args.config or args.resume):
        args.config = str(DEFAULT)
    config = cli.config_from(args)
    askers.check(config, args.config)
    if args.smoke:
        config = replace(config, verify=False, teacher=type(config.teacher)(samples=2, batch=8))
    folder = RunFolder(args.resume or args.out or default_path(config))
    cache = Path(args.cache) if args.cache else (folder.path if args.smoke else runtime.cache_dir()) / CACHE
    if args.dry_run:
        show_plan(config, folder, cache)
        return 0
    if args.ask:
        print(json.dumps(answer(config, folder, cache, args.ask), ensure_ascii=False))
        return 0
    plan.check_resources(config, folder)
    began = time.monotonic()
    if not folder.report.exists() or folder.read()["run"]["config_sha256"] != configuration.sha(config):
        folder.create(config, args.command_line, runtime.best_dtype() if config.model.dtype == "auto"
                      else config.model.dtype)  # fmt: skip
    try:
        report = pipeline(config, folder, cache)
    except (KeyboardInterrupt, Interrupted) as stop:
        raise Interrupted(f"stopped; go on with:\n  {args.command_line}") from stop
    seconds = round(report["run"]["seconds"] + time.monotonic() - began, 1)
    folder.update("run", {"status": plan.final_status(config, folder), "seconds": seconds,
                          "exit_code": report["gate"]["exit_code"]})  # fmt: skip
    (block,), tokens = report["eval"].values(), report["economics"]["tokens"]
    print(*(f"{arm:<14} exact {block['exact'][arm]:.3f}  verified {block['verified'][arm]:.3f}  tokens a request "
            f"{tokens[arm]:,.0f}" for arm in tokens), sep="\n")  # fmt: skip
    print(report["gate"]["sentence"], f"report: {folder.report}  ({seconds:.0f} s)", sep="\n")
    if args.record:
        print(records.keep(folder.read(), f"{config.name}-s{config.train.seed}", records.RECORDS_FOLDER))
    return report["gate"]["exit_code"]


def main(arguments: list[str] | None = None) -> int:
    """The command; what a reader can mend is one line on standard error."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m training.stack.distill", description=ABOUT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    cli.add_common(parser)
    parser.add_argument("--cache", metavar="FILE", help=f"where calls are kept (STAGE10_CACHE/{CACHE})")
    parser.add_argument("--ask", metavar="TEXT", help="one question through the router of a finished run (--resume)")
    parser.add_argument("--record", action="store_true", help="keep the record in docs/data/runs (clean checkout only)")
    try:
        args = parser.parse_intermixed_args(given)
    except SystemExit as stop:
        return int(stop.code or 0)
    args.command_line = f"python -m training.stack.distill {' '.join(given)}".strip()
    try:
        return run(args)
    except TrainingError as error:
        print(f"{'' if error.exit_code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return LACKING_RESOURCE if error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EDQUOT) else BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
