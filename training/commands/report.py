"""``python -m training report``: write a run's HTML page again."""

from __future__ import annotations

import argparse

from training.run.folder import RunFolder
from training.run.report import write

ABOUT = """Write report.html of a run's folder from its report.json, predictions.jsonl and log.jsonl.

The page needs no network and no scripts; it prints well and follows the reader's light or dark scheme."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's folder."""
    parser.add_argument("folder", metavar="RUN", help="folder of the run")


def run(args: argparse.Namespace) -> int:
    """Write the page and print its path; 0.

    Raises:
        BadInput: there is no run, or its report is damaged.
    """
    folder = RunFolder(args.folder)
    with folder.reading():
        write(folder)
    print(folder.html)
    return 0
