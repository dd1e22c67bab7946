"""Every question of a recorded probe as one cell: ``{{ question_strips("base-rows") }}`` on a line of its own.

Filled squares are right, hollow ones wrong, at the same place in each strip of a task; the table below says the same
in figures, each a ``measured`` macro, and what training made of the task where such a run is recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import method_table
from run_records import UnknownNumber

LINE = re.compile(r'^\{\{ *question_strips\("([\w-]+)"\) *\}\}$', re.MULTILINE)
CELL, SIDE, ACROSS = 8, 6, 50
ARMS = (("base", "asked plainly"), ("base_few_shot", "with four examples"))
# task of the record, its name on the page, the runs that trained on it
TASKS = (("orders", "a message into an order form", "orders-main"),
         ("library_desk", "a library desk that answers in one short sentence", "library-desk"),
         ("meeting_day", "on which day is the meeting?", "meeting-day"))  # fmt: skip
TUNED = "eval.shifted.exact.tuned"
HEAD = ("task", *(said for _, said in ARMS), "after training, on its own held-out set")


def expand(markdown: str, runs: Path) -> str:
    """The page's text with each line replaced by the strips and their table.

    Raises:
        UnknownNumber: a run that is not recorded, or that has no items of the tasks.
    """
    return LINE.sub(lambda found: _figure(found[1], runs), markdown)


def _figure(run: str, runs: Path) -> str:
    try:
        tasks = json.loads((runs / f"{run}.json").read_text(encoding="utf-8"))["eval"]
        strips = "".join(_task(tasks[task]["items"], name) for task, name, _ in TASKS)
    except (OSError, KeyError) as missing:
        raise UnknownNumber(f"question_strips: run '{run}' has no such items ({missing})") from None
    legend = "Each square is one held-out question, at the same place in both strips of a task: filled where the "
    figure = f"<figure>{strips}<figcaption>{legend}answer was exact, hollow where it was not.</figcaption></figure>"
    rows = [HEAD, ("---",) * len(HEAD), *(tuple(_cells(run, *task, runs)) for task in TASKS)]
    return "\n\n".join((figure, "\n".join(f"| {' | '.join(row)} |" for row in rows)))


def _cells(run: str, task: str, name: str, tuned: str, runs: Path) -> Iterator[str]:
    yield name
    for arm, _ in ARMS:
        yield method_table.macro(run, f"eval.{task}.{arm}.exact", "percent", note=False)
    files = sorted(file for file in runs.glob(f"{tuned}-s*.json")
                   if file.stem.removeprefix(f"{tuned}-s").isdigit() and method_table.quotable(file))  # fmt: skip
    if files and method_table.resolves(files[0].stem, runs, TUNED):
        yield method_table.macro(method_table.group(files, runs, TUNED), TUNED, "percent")
    else:
        yield method_table.MISSING


def _task(items: dict[str, list[float]], name: str) -> str:
    titled = ((f"{said}: {name}", items[arm]) for arm, said in ARMS)
    return "".join(f"<p>{title}</p>{strip(scores, title)}" for title, scores in titled)


def strip(scores: list[Any], label: str) -> str:
    """One SVG of a square for each score: filled for a whole point, hollow below."""
    paths = {True: "", False: ""}
    for place, score in enumerate(scores):
        x, y = CELL * (place % ACROSS) + 1, CELL * (place // ACROSS) + 1
        paths[score >= 1] += f"M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z"
    height = CELL * -(-len(scores) // ACROSS)
    words = "none" if not paths[True] else "all" if not paths[False] else "some"
    return (
        f'<svg role="img" aria-label="{label} \u2013 {words} of the answers are exact; the table below has the shares" '
        f'viewBox="0 0 {CELL * ACROSS} {height}" style="display:block;width:100%;max-width:34rem">'
        f'<path d="{paths[False]}" fill="none" stroke="currentColor" stroke-opacity=".6"/>'
        f'<path d="{paths[True]}" fill="currentColor" stroke="currentColor"/></svg>'
    )
