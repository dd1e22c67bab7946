"""``python -m training report``: write a run's HTML page again."""

from __future__ import annotations

from training.run.folder import RunFolder
from training.run.report import write

HELP = "write a run's HTML page again"

ABOUT = """Write report.html of a run's folder from its report.json, predictions.jsonl and log.jsonl.

The page needs no network and no scripts; it prints well and follows the reader's light or dark scheme."""


def add_arguments(parser) -> None:
    """The run's folder."""
    parser.add_argument("folder", metavar="RUN", help="folder of the run")


def run(args) -> int:
    """Write the page and say where it is."""
    folder = RunFolder(args.folder)
    with folder.reading():
        write(folder)
    print(folder.html)
    return 0
