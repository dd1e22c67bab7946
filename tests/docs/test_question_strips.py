"""The strips of single questions: each score one square, none told by colour alone, and no run made up."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import question_strips  # noqa: E402
from run_records import UnknownNumber  # noqa: E402

LINE = '{{ question_strips("base-rows") }}'
RUN = {"command": "c", "commit": "a" * 40, "started": "2026-01-01", "status": "main"}


def base_rows(runs: Path) -> dict[str, list[float]]:
    items = {"base": [0.0] * 60, "base_few_shot": [1.0] * 7 + [0.5] * 3 + [0.0] * 50}
    exact = {"exact": {"value": 0.1, "n": 60}}
    task = {"items": items, "base": exact, "base_few_shot": exact}
    tasks = {name: task for name, _, _ in question_strips.TASKS}
    (runs / "base-rows.json").write_text(json.dumps({"run": RUN, "environment": {"device": "cpu"}, "eval": tasks}))
    return items


def squares(svg: str) -> list[int]:
    """Hollow and filled squares of one strip."""
    return [path.count("z") for path in re.findall(r'<path d="([^"]*)"', svg)]


def test_every_question_is_one_square_and_only_a_whole_point_fills_it(tmp_path):
    base_rows(tmp_path)
    strips = re.findall(r"<svg.*?</svg>", question_strips.expand(LINE, tmp_path))
    assert [squares(svg) for svg in strips] == [[60, 0], [53, 7]] * 3
    assert all('role="img" aria-label="' in svg for svg in strips)
    hollow, filled = re.findall(r"<path [^>]*>", strips[1])
    assert 'fill="none"' in hollow and 'fill="currentColor"' in filled  # form tells them apart, not colour


def test_the_table_takes_its_figures_from_macros_and_says_what_is_not_recorded(tmp_path):
    base_rows(tmp_path)
    tuned = {"run": RUN, "environment": {"device": "cpu"}, "seeds": {"data": 0},
             "eval": {"shifted": {"exact": {"tuned": 0.6, "n": 200}}}}  # fmt: skip
    (tmp_path / "orders-main-s0.json").write_text(json.dumps(tuned))
    trial = {**tuned, "run": {**RUN, "status": "trial"}}
    (tmp_path / "meeting-day-s0.json").write_text(json.dumps(trial))
    rows = [line for line in question_strips.expand(LINE, tmp_path).splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[-1] for row in rows] == [
        '{{ measured("orders-main-s0", "eval.shifted.exact.tuned", format="percent") }} |',
        "not recorded yet |",
        "not recorded yet |",
    ]
    assert all(row.count("measured(") >= 2 for row in rows)


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnknownNumber, match="base-rows"):
        question_strips.expand(LINE, tmp_path)
    assert question_strips.expand("no line", tmp_path) == "no line"
