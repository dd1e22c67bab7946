"""What figures of the pages say follows from the files and functions that they show."""

from __future__ import annotations

import json
import re

from overrides.figures import assistant, building, data, deciding, distillation, embedding, shipping
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


def test_a_time_on_one_core_was_measured_on_one_core() -> None:
    flow = deciding.decision_flow()
    assert sum(row[3].endswith("min on one core") for row in flow.numbers().rows) == 2
    for name in set(re.findall(r"(?:base|orders)-[\w-]+", " ".join(flow.sources))):
        record = json.loads((ROOT / f"docs/data/runs/{name}.json").read_text(encoding="utf-8"))
        assert record["environment"]["threads"] == 1, name


def test_only_scores_against_words_is_a_gain() -> None:
    rows = distillation.distillation_runs().numbers().rows
    assert [row[2] > 0 for row in rows] == [True, False, False, False]


def test_the_bars_of_ship_it_are_the_lines_that_the_page_prints() -> None:
    page = (ROOT / "docs/articles/10-fine-tuning/ship-it.md").read_text(encoding="utf-8")
    printed = re.findall(r"^(\S+) +(\d+) of 20 answers equal, score (\d\.\d+)", page, re.MULTILINE)
    assert [(name, int(same), float(score)) for name, same, score in printed] == list(shipping.PORTED)


def test_rows_that_are_said_to_be_equal_or_ahead_are() -> None:
    learnt = {row[0]: row[1:] for row in building.tiny_gpt_learnt().numbers().rows}
    forgot = {row[0]: row[1:] for row in building.tiny_gpt_forgotten().numbers().rows}
    adapter, whole = "rank 16, gently", "all weights, gently"
    assert abs(learnt[adapter][0] - learnt[whole][0]) < 1 and forgot[adapter][2] < forgot[whole][1]
    ways = {row[0]: row[1:] for row in shipping.distil_accuracy_tokens().numbers().rows}
    assert max(ways, key=lambda name: ways[name][1]) == "student, one try" == min(ways, key=lambda name: ways[name][0])
    right = {row[0]: row[1] for row in assistant.assistant_right().numbers().rows}
    assert max(right, key=right.get) == "search alone"
