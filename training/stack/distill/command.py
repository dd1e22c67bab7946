"""``python -m training.stack.distill``: its arguments, its plan, its answers, and what goes wrong as one line."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from training.data import splits
from training.data.tasks import base as task_base
from training.methods import plan
from training.methods.configuration import config_from
from training.models import loading
from training.run import arguments as run_arguments
from training.run import config as configuration
from training.run import machine
from training.run import record as run_record
from training.run.errors import INTERRUPTED, BadInput, Interrupted, TrainingError, describe_os_error
from training.run.folder import RunFolder, default_path
from training.stack import completion_clients
from training.stack.calls import Calls
from training.stack.completion_clients import Local
from training.stack.distill import pipeline
from training.stack.distill.seeds import show_plan
from training.stack.distill.settings import StackConfig

DEFAULT = Path(__file__).resolve().parents[1] / "configs" / "distill-smollm2.yaml"
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

Stopped, killed or out of budget: the same command resumes, and no answered call is made again.
Exit codes: 0 done (ship, or ship behind a router), 2 bad input, 3 lacking resource (a spent budget too), 10 gain with
regression, 11 no gain, 12 inconclusive, 130 interrupted."""


def answer(config: StackConfig, folder: RunFolder, cache: Path, question: str) -> dict:
    """One question through the router of a finished run.

    Raises:
        BadInput: the run has no router yet.
    """
    task, report = splits.task_of(config), folder.open()
    if "gate" not in report:
        raise BadInput(f"{folder.path}: this run has no router yet; let it go to its end first")
    threshold = report["router"]["threshold"]
    row, loaded = task.row(question, ""), loading.load_base(config.model)
    teacher = Calls(
        completion_clients.teacher_of(config, loaded), cache, config.teacher, config.evaluate.max_new_tokens
    )
    student = Local(replace(loaded, model=pipeline.train(config, [], loaded, folder)), "student")
    [(_, own)] = student.ask([task_base.prompt(row)], [], 0.0, config.evaluate.max_new_tokens)
    good = pipeline.taken(task, row, own, threshold, config)
    tries = [own] if good else pipeline.teach(task, [row], teacher, config)[0]
    return {"answer": tries[-1].text, "by": "student" if good else "teacher", "confidence": round(own.confidence, 4),
            "threshold": round(threshold, 4), "verified": not pipeline.fault(task, row, tries[-1], config)}  # fmt: skip


def closing_lines(report: dict) -> list[str]:
    """What a finished run ends with: rates and tokens of each way of answering, and the verdict."""
    (block,), tokens = report["eval"].values(), report["economics"]["tokens"]
    ways = [f"{way:<14} exact {block['exact'][way]:.3f}  verified {block['verified'][way]:.3f}  tokens a request "
            f"{tokens[way]:,.0f}" for way in tokens]  # fmt: skip
    return [*ways, report["gate"]["sentence"]]


def run(args: argparse.Namespace) -> int:
    """Read the configuration, run every phase, print the verdict; returns the exit code.

    Raises:
        BadInput, LackingResource: with one line. Interrupted: with the command that resumes.
    """
    if not (args.config or args.resume):
        args.config = str(DEFAULT)
    config = cast(StackConfig, config_from(args, {"distill-stack": StackConfig}))
    completion_clients.check(config, args.config)
    if args.smoke:
        config = config.replace(verify=False, teacher=type(config.teacher)(samples=2, batch=8))
    folder = RunFolder(args.resume or args.out or default_path(config))
    cache = Path(args.cache) if args.cache else (folder.path if args.smoke else machine.cache_dir()) / CACHE
    if args.dry_run:
        show_plan(config, folder, cache)
        return 0
    if args.ask:
        print(json.dumps(answer(config, folder, cache, args.ask), ensure_ascii=False))
        return 0
    plan.check_resources(config, folder)
    began = time.monotonic()
    folder.hold()
    if not folder.report.exists() or folder.read()["run"]["config_sha256"] != configuration.sha(config):
        folder.create(config, args.command_line)
    try:
        report = pipeline.pipeline(config, folder, cache)
    except (KeyboardInterrupt, Interrupted) as stop:
        raise Interrupted(f"stopped; resume with:\n  {args.command_line}") from stop
    seconds = round(report["run"]["seconds"] + time.monotonic() - began, 1)
    folder.update("run", {"status": plan.final_status(config, folder), "seconds": seconds,
                          "exit_code": report["gate"]["exit_code"]})  # fmt: skip
    print(*closing_lines(report), f"report: {folder.report}  ({seconds:.0f} s)", sep="\n")
    if args.record:
        print(run_record.keep(folder.read(), f"{config.name}-s{config.train.seed}", run_record.RECORDS_FOLDER))
    return report["gate"]["exit_code"]


def main(arguments: list[str] | None = None) -> int:
    """The command; what a reader can mend is one line on standard error."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m training.stack.distill", description=ABOUT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    run_arguments.add_common(parser)
    parser.add_argument("--cache", metavar="FILE", help=f"where calls are kept (STAGE10_CACHE/{CACHE})")
    parser.add_argument("--ask", metavar="TEXT", help="one question through the router of a finished run (--resume)")
    parser.add_argument("--record", action="store_true", help="keep the record in docs/data/runs (clean checkout only)")
    try:
        args = parser.parse_intermixed_args(given)
    except SystemExit as stop:
        return int(stop.code or 0)
    args.command_line = f"python -m training.stack.distill {shlex.join(given)}".strip()
    try:
        return run(args)
    except TrainingError as error:
        print(f"{'' if error.exit_code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was written, or while one question was asked
        print(f"stopped; resume with:\n  {args.command_line}", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        said, code = describe_os_error(error)
        print(f"error: {said}", file=sys.stderr)
        return code
