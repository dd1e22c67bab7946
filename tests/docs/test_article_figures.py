"""What figures of three articles say follows from the files and functions that they show."""

from __future__ import annotations

import json
import re

from overrides.figures import data, distillation, embedding
from tests.checkout import ROOT

EXAMPLES = ROOT / "docs" / "data" / "examples"


def test_the_way_of_a_row_ends_with_the_rows_without_a_finding() -> None:
    named = set(re.findall(r":(\d+):", (EXAMPLES / "six_rows.txt").read_text(encoding="utf-8")))
    rows = (EXAMPLES / "six_rows.jsonl").read_text(encoding="utf-8").splitlines()
    left = [row[-1] for row in data.way_of_a_row().numbers().rows]
    assert left[0] == len(rows) and left[-1] == len(rows) - len(named)


def test_a_margin_saves_the_false_negative() -> None:
    caption = embedding.mined_negative().caption
    assert "without a margin, passage 2 " in caption and "with it, passage 3 " in caption


def test_levels_are_those_of_the_records() -> None:
    rows = {row[0]: row[1] for row in embedding.search_levels().numbers().rows}
    seeds = [json.loads((ROOT / f"docs/data/runs/embed-mined-s{seed}.json").read_text()) for seed in range(3)]
    means = [seed["eval"]["held_out"]["mrr"]["tuned"] for seed in seeds]
    assert abs(rows["mined"] - sum(means) / 3) < 1e-12
    assert rows["BM25, free"] == seeds[0]["embed"]["bm25"]["held_out"]["mrr"]["value"]


def test_only_scores_against_words_is_a_gain() -> None:
    rows = distillation.distillation_runs().numbers().rows
    assert [row[2] > 0 for row in rows] == [True, False, False, False]
