"""``python -m training evaluate``: score base and fine-tuned model on held-out rows."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from training.data import own_rows, splits
from training.data.scorers import judge
from training.data.tasks import base as task_base
from training.data.tasks.base import Row
from training.evaluation import score
from training.evaluation.score import combine, lines, measure
from training.methods.configuration import config_from
from training.methods.planning.foresight import look_ahead_of_evaluation
from training.models.loading import attach_adapter, load_base, need_adapter
from training.run import arguments as run_arguments
from training.run import machine, report
from training.run.errors import BadInput
from training.run.folder import RunFolder
from training.run.settings import Config

ABOUT = """Ask the base model without and with examples in the prompt, and the fine-tuned model, the same held-out
questions.

Greedy decoding, fixed batches, the task's strict parser: the same figures on the same machine every time.
--data takes any JSONL file of {"messages"} or {"prompt", "completion"} rows. Where no answer has the
task's form, as under task=jsonl, answers are compared as plain text; a few without it are faults, named by line.
Without --data the task's own sets are used.
--adapter names a run's adapter folder; without it only the base model is scored.
Rates come with Wilson intervals; the gain over the better base prompt is paired by row and bootstrapped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The common arguments, --adapter, --data, --set and --limit."""
    run_arguments.add_common(parser)
    parser.add_argument("--adapter", metavar="DIR", help="a run's adapter folder, or the run's folder")
    parser.add_argument("--data", metavar="FILE", help="JSONL of rows to score on instead of the task's sets")
    parser.add_argument("--set", action="append", default=[], metavar="NAME", help="a set of the task (also sealed)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N rows of each set")


def of_file(config: Config, path: str) -> tuple[Config, list[Row]]:
    """The settings with ``path`` as the only held-out set, and its rows; the file is read once, since it may be a pipe.

    A file in which not one answer is of the task's form is about something else: it is compared as plain text, and that
    is said. Where some are and some are not, the others are faults (data.splits.read_rows).

    Raises:
        BadInput: a row is not readable, with file and line.
    """
    task = splits.task_of(config)
    lines = list(splits.read_lines(path))
    rows = splits.read_rows(path, task, turns_only=True, lines=lines)
    if config.task_settings.scorer is None and all(task.target_fault(task_base.target(row)) for row in rows):
        print(f"{path}: no answer is one of task {config.task_name}; answers are compared as plain text (task=jsonl)")
        config = config.replace(task="jsonl")
    rows = splits.read_rows(path, splits.task_of(config), turns_only=True, scored=True, lines=lines)
    return config.replace(data=config.data.replace(heldout_files={Path(path).stem: path})), rows


def run(args: argparse.Namespace) -> int:
    """Score, print, and write report.json, report.html and predictions.jsonl; 0.

    Raises:
        BadInput: an argument, the configuration, the rows or the adapter cannot be used.
        GuardFailed: the adapter changes nothing.
        LackingResource: the model cannot be fetched.
    """
    if args.limit is not None and args.limit < 1:
        raise BadInput(f"evaluate: --limit is {args.limit}; give 1 or more, or leave it out for every row")
    config, started = config_from(args), time.monotonic()
    kept = {}
    if args.data:
        config, kept[Path(args.data).stem] = of_file(config, args.data)
    if args.set:
        config = config.replace(evaluate=config.evaluate.replace(sets=list(args.set)))
    task = splits.task_of(config)
    kept = kept or splits.held_out_sets(config, task)
    rows = splits.Splits(
        [],
        kept,
        "".join(splits.sha256_rows(found) for found in kept.values())[:64],
        {name: len(found) for name, found in kept.items()},
    )
    adapter = Path(args.adapter) if args.adapter else None
    if adapter is not None and (adapter / "adapter" / "adapter_config.json").is_file():
        adapter = adapter / "adapter"
    if adapter is not None:
        need_adapter(adapter)
    if args.dry_run:
        for name, found in kept.items():
            print(f"would score {name}: {len(found)} rows, {len(score.controls(config)) + bool(adapter)} times")
        return 0
    loaded = load_base(config.model)
    look_ahead_of_evaluation(config, loaded, rows)
    folder = RunFolder(args.out or f"runs/evaluate-{config.name}-{time.strftime('%Y%m%d-%H%M%S')}")
    folder.create(config, args.command_line, loaded.dtype)
    found = {}
    if judged := own_rows.agreement(config.task_settings):
        print(judge.agreement_line(judged))
        folder.update("judge", judged)
    for arm in score.controls(config):
        print(f"asking the {arm.replace('_', ' ')} model ...", flush=True)
        found[arm] = measure(loaded.model, loaded.tokenizer, rows, config, arm, folder, args.limit)
    tuned = None
    if adapter is not None:
        print("asking the fine-tuned model ...", flush=True)
        tuned_model = attach_adapter(loaded.model, adapter)
        tuned = measure(tuned_model, loaded.tokenizer, rows, config, "tuned", folder, args.limit)
    block = combine(found["base"], found.get("base_few_shot"), tuned)
    folder.update("data", {"sha256": rows.sha256, "n": rows.n})
    folder.update("eval", block)
    status = "smoke" if args.smoke else "dirty" if machine.commit()[1] else "main"
    folder.update("run", {"status": status, "seconds": round(time.monotonic() - started, 1)})
    report.write(folder)
    print(*lines(block, ("exact", *task.metrics[1:], "stopped")), sep="\n")
    print(f"written to {folder.path}")
    return 0
