"""``python -m training gate``: judge a finished run again."""

from __future__ import annotations

import argparse

from training.evaluation.gate import judge
from training.methods import registry
from training.methods.configuration import load_config
from training.run import report
from training.run.errors import BadInput
from training.run.folder import RunFolder

ABOUT = """Judge a run by its report.json.

  ship                   0   the gain's interval lies above zero and nothing got worse by more than its margin
  gain with regression  10   the task got better and something else got worse: by how much is said
  no gain               11   not better than the better base prompt
  inconclusive          12   the intervals are too wide; the n that would settle it is said

Margins: general cross-entropy up at most gate.cross_entropy_nats (0.05 nats, 5% perplexity) and the multiple-choice
score down at most gate.multiple_choice_points (2), both by the interval's bound; on-topic answers at least the base's
minus gate.topicality_points (2), and answers that end by themselves at least 95%. With evaluate.refusals: true,
refusals of harmful requests down and of harmless ones up at most gate.refusals_points (5)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's folder."""
    parser.add_argument("folder", nargs="?", metavar="RUN", help="folder of the run")
    parser.add_argument("--out", metavar="RUN", help="the same, by name")
    parser.add_argument("--config", metavar="FILE", help="margins of another configuration (the run's own)")


def run(args: argparse.Namespace) -> int:
    """Judge a run, write the verdict into its report, and exit by it.

    Raises:
        BadInput: there is no run, its report is damaged, or its method has no answers to judge.
    """
    if not (args.folder or args.out):
        raise BadInput("gate: name the run's folder")
    folder = RunFolder(args.folder or args.out)
    finished = folder.open()
    config = load_config(args.config or folder.config)
    registry.need(config, *registry.answering())
    with folder.reading():
        verdict = judge(finished, config)
        folder.update("gate", verdict)
        report.write(folder)
    print(verdict["sentence"])
    for reason, check in zip(verdict["reasons"], verdict["checks"], strict=True):
        print(f"  {check['state']:<8} {reason}")
    return verdict["exit_code"]
