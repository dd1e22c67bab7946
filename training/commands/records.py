"""``python -m training records``: the recorded runs, one after the other, each kept once it is whole."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from training.commands.record_list import Entry, plan
from training.methods.dpo import own_answers
from training.run.errors import DO_NOT_TRAIN, INCONCLUSIVE, NO_GAIN, REGRESSION, SHIP, BadInput
from training.run.record import RECORDS_FOLDER, RUNS_FOLDER, keep

ABOUT = """Run or resume the list of recorded runs: a run whose record lies in docs/data/runs is skipped, an
interrupted one is resumed. Only whole runs of a clean checkout become records; smoke, cancelled and dirty ones
never do.

The list, each by three seeds: the default (rank 16, the upper 20 layers); four times the steps, on twice and the same
rows; the sealed set, asked of the best of these; smaller and larger steps, and all layers; four other learning rates;
ranks 4 and 64; 50 and 200 rows; data ingredients left out one by one; LoRA against all weights; more, less and no
replayed text and chats; training where the base is good already; training far too hard; then adapter variants and the
other methods: dpo, reward, grpo, distill and embed; five ways to learn one task, for what each forgets; calls of
tools; last Gemma's base, whose terms have to be accepted.
--list prints it with what is done; --only NAME runs the entries whose name begins so."""


def arguments_of(entry: Entry, folder: Path) -> list[str]:
    """The command line that makes or resumes one run.

    Raises:
        BadInput: the run that it learns from is not there yet.
    """
    anyway = ["--anyway"] if entry.anyway else []
    if (folder / "report.json").is_file() and not entry.scored:
        return [entry.command, "--resume", str(folder), *anyway]
    more = list(entry.overrides)
    if entry.teacher:
        more.append(f"distill.teacher_adapter={adapter_of(entry.teacher, entry, folder.parent)}")
    if entry.answers:
        more.append(f"data.train_file={answers_of(entry, folder.parent)}")
    if entry.scored:
        more += ["--adapter", str(adapter_of(entry.scored, entry, folder.parent)), "--set", "sealed"]
    return [entry.command, "--config", entry.config, *more, "--seed", str(entry.seed), "--out", str(folder),
            *anyway]  # fmt: skip


def answers_of(entry: Entry, runs: Path) -> Path:
    """The rows of an entry that learns from a model's own right answers, beside the folders of the runs.

    Raises:
        BadInput: the run that sampled the answers is not there yet.
    """
    file = runs / f"{entry.name}.jsonl"
    if not file.is_file():
        own_answers.write(runs / entry.answers, file)
    return file


def adapter_of(name: str, entry: Entry, runs: Path) -> Path:
    """The adapter that another entry of the list made, and that ``entry`` needs.

    Raises:
        BadInput: it is not there yet; the line says how to make it.
    """
    adapter = runs / name / "adapter"
    if not adapter.is_dir():
        other = next(other for other in plan() if other.name == name)
        line = shlex.join(arguments_of(other, runs / name))
        raise BadInput(f"records: {entry.name} needs {name}, whose adapter is not in {adapter}; make it:"
                       f" python -m training {line}")  # fmt: skip
    return adapter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--list and --only."""
    parser.add_argument("--list", action="store_true", help="print the runs and what is done")
    parser.add_argument("--only", default="", metavar="NAME", help="runs whose name begins so")


def run(args: argparse.Namespace, train: Callable[[list[str]], int] | None = None, runs: Path = RUNS_FOLDER,
        records: Path = RECORDS_FOLDER) -> int:  # fmt: skip
    """Do what is left of the list.

    Args:
        args: parsed arguments.
        train: runs one command line and gives its exit code; the command line's own when None.
        runs, records: folders of the runs and of the records.

    Returns:
        0, or the exit code of the run that broke the list off.

    Raises:
        BadInput: no run's name begins so, a run's teacher is missing, or a run is not a main run.
    """
    chosen = [entry for entry in plan() if entry.name.startswith(args.only)]
    if not chosen:
        raise BadInput(f"records: no run's name begins with '{args.only}'; see --list")
    left = [entry for entry in chosen if not (records / f"{entry.name}.json").is_file()]
    if args.list:
        for entry in chosen:
            state, settings = "left" if entry in left else "done", " ".join((entry.config, *entry.overrides))
            print(f"{state}  {entry.name}: {entry.command} {settings} --seed {entry.seed}")
        return 0
    train = train or args.main
    for number, entry in enumerate(left, 1):
        print(f"run {number} of {len(left)}: {entry.name}", file=sys.stderr, flush=True)
        code = train(arguments_of(entry, runs / entry.name))
        if code not in (SHIP, REGRESSION, NO_GAIN, INCONCLUSIVE, DO_NOT_TRAIN):
            return code
        report = json.loads((runs / entry.name / "report.json").read_text(encoding="utf-8"))
        print(keep(report, entry.name, records))
    return 0
