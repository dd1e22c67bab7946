"""``python -m training base-rows``: what the base model answers, question by question, on three tasks."""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.data import splits
from training.data.tasks import base as task_base
from training.evaluation import probe, score
from training.methods.configuration import load_config
from training.models.loading import LoadedModel, load_base
from training.run import config as configuration
from training.run import jsonl, machine
from training.run import record as run_record
from training.run.errors import BadInput
from training.run.settings import Config

ABOUT = """Ask the base model the held-out questions of three tasks, without and with examples in the prompt, and keep
each question's score. It solves one of the tasks without training, and the other two not.

The page "When to fine-tune" shows the scores beside what training on each task did."""

TASKS = ("meeting_day", "library_desk", "orders")
ARMS = ("base", "base_few_shot")
CONFIG = "training/configs/sft/smollm2_orders.yaml"
FOLDER, NAME = Path("docs/data/runs"), "base-rows"
SHOWN = 3  # answers of each task that the page prints


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--limit", type=int, default=100, help="questions of each task (100)")
    parser.add_argument("--record", action="store_true", help=f"write {FOLDER / NAME}.json; needs a clean checkout")
    parser.add_argument("--smoke", action="store_true", help="a tiny random model")


def run(args: argparse.Namespace) -> int:
    """Ask, print, and write; returns the exit code.

    Raises:
        BadInput: --limit below 1, or --record without a clean checkout or with --smoke.
    """
    if args.limit < 1:
        raise BadInput("base-rows: --limit must be at least 1")
    sha, dirty = machine.commit()
    if args.record and (dirty or args.smoke):
        raise BadInput("base-rows: --record needs a clean checkout (commit first), and the real model")
    config = load_config(CONFIG, [])
    config = configuration.smoke(config, "llama") if args.smoke else config
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    loaded = load_base(config.model)
    found = {task: asked(config.replace(task=task), loaded, args.limit) for task in TASKS}
    report = {
        "run": {"id": NAME, "command": args.command_line.strip(), "commit": sha, "dirty": dirty,
                "status": "smoke" if args.smoke else "dirty" if dirty else "main", "started": started,
                "seconds": round(time.perf_counter() - began, 1)},
        "environment": machine.environment(loaded.dtype),
        "seeds": {"data": config.data.seed},
        "threshold": config.probe.exact_threshold,
        "eval": found,
    }  # fmt: skip
    for task, block in found.items():
        print(json.dumps({"task": task, "verdict": block["verdict"], **{a: block[a]["exact"] for a in ARMS}}))
    if args.record:
        print(run_record.keep(report, NAME, FOLDER))
    return 0


def asked(config: Config, loaded: LoadedModel, limit: int) -> dict[str, Any]:
    """One task's scores: {arm: {metric: {"value", "n", "ci95"}}, "items": {arm: [exact of each question]}, ...}."""
    task = splits.task_of(config)
    rows = task.rows(task.headline, limit, config.data.seed)
    kept = splits.Splits([], {task.headline: rows}, splits.sha256_rows(rows), {})
    answers = _Answers()
    scores = {arm: score.measure(loaded.model, loaded.tokenizer, kept, config, arm, answers)[task.headline]
              for arm in ARMS}  # fmt: skip
    items = {arm: scores[arm].pop("items")["exact"] for arm in ARMS}
    verdict = probe.decide(scores["base"], scores["base_few_shot"], config.probe.exact_threshold)
    shown = [{"prompt": row["messages"][-2]["content"], "expected": task_base.target(row),
              **{arm: answers.of(arm)[place] for arm in ARMS}} for place, row in enumerate(rows[:SHOWN])]  # fmt: skip
    return {**scores, "items": items, "set": task.headline, "sha256": kept.sha256, "verdict": verdict["verdict"],
            "sentence": verdict["sentence"], "shown": shown}  # fmt: skip


class _Answers:
    """Stands in for a run's folder: ``evaluate.measure`` appends its lines to ``predictions``."""

    def __init__(self) -> None:
        import tempfile

        self._folder = tempfile.TemporaryDirectory()
        self.predictions = Path(self._folder.name) / "predictions.jsonl"

    def of(self, arm: str) -> list[str]:
        """The answers of one arm, in order."""
        return [line["answer"] for line in jsonl.read(self.predictions) if line["arm"] == arm]
