"""What figures of the pages say follows from the files and functions that they show."""

from __future__ import annotations

import json
import re

from labs_py import api
from labs_py.core.chat_template import pieces
from overrides.figures import (
    assistant,
    building,
    data,
    deciding,
    distillation,
    embedding,
    preference_tuning,
    shipping,
    topics_models,
    topics_rows,
)
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


def test_the_row_of_the_tool_figure_is_the_one_that_the_page_prints() -> None:
    page = (ROOT / "docs/articles/10-fine-tuning/topics-2026.md").read_text(encoding="utf-8")
    row = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    assert row["messages"] == [{k: v for k, v in turn.items() if v is not None} for turn in topics_rows.CALLING]
    counted = [piece for piece, _, counts in topics_rows.tool_row().numbers().rows if counts == "yes"]
    assert "Done." in counted and "on" not in counted and counted.count("<|im_end|>") == 2


def test_no_letter_of_a_drawn_row_is_lost_and_the_first_thoughts_are_dropped() -> None:
    for template, turns in (("qwen2_5", topics_rows.CALLING), ("qwen3", topics_rows.THINKING)):
        written = pieces(template, turns)
        drawn = "".join(text for text, *_ in topics_rows.marked(written) if text != "(system turn)")
        whole = "".join(piece.text for piece in written if piece.turn >= 0)
        assert drawn.replace(" ", "") == whole.replace(" ", "")
    table = topics_rows.thinking_row().numbers().rows
    counted = [piece for piece, _, counts in table if counts == "yes"]
    assert counted == [
        "48",
        "<|im_end|>",
        "<think>\\n",
        "48 plus 5 is 53.",
        "\\n",
        "</think>\\n\\n",
        "53",
        "<|im_end|>",
    ]


def test_the_rate_rises_to_its_peak_and_falls_to_its_lowest() -> None:
    assert topics_rows.rate_at(1, 100, warm=2) == 0.5 and topics_rows.rate_at(2, 100, warm=2) == 1
    assert abs(topics_rows.rate_at(51, 100, warm=2, low=0.1) - 0.55) < 1e-12  # half-way down the cosine
    assert abs(topics_rows.rate_at(100, 100, low=0.1) - 0.1) < 1e-12
    again = topics_rows.warmed_again().drawing.series[1]
    assert again.y[0] == topics_rows.LOW and max(again.y) == 1


def test_the_sum_takes_a_wrong_option_and_the_mean_the_right_one() -> None:
    assert topics_rows.chosen(topics_rows.OPTIONS, False) == "It freezes"
    assert topics_rows.chosen(topics_rows.OPTIONS, True) == "It boils and turns into steam"
    assert topics_rows.chosen({"a": -2.0, "bbbb": -4.0}, False) == "a"


def test_what_the_captions_of_merging_and_adapting_say_holds() -> None:
    rows = {row[0]: row[1:] for row in topics_models.merged_updates().numbers().rows}
    assert rows["weight 2"][3] == -0.9 and abs(rows["weight 2"][2] + 0.2) < 1e-12
    assert rows["weight 5"][3] == -0.6 and rows["weight 6"][3] == 0
    parts = {row[0]: row[1:] for row in topics_models.adapters_by_part().numbers().rows}
    assert parts["q_proj and v_proj"] == (24 * 2 * 16 * 2048, 0, 32 * 2 * 16 * 8192)
    assert parts["language model alone"][:2] == (0, 0)
    reached = {row[0]: row[1:] for row in topics_models.experts_reached().numbers().rows}
    assert sum(reached["in memory"][:3]) == 20_914_757_184


def test_a_hundred_labels_settle_two_of_eight_weights_and_turn_the_sign_of_one() -> None:
    arrays = json.loads(api.to_json(api.last_frame("rlhf", {})))["arrays"]
    low, high, fitted, true = (
        arrays[name]["data"] for name in ("weights_low", "weights_high", "weights", "annotator_weights")
    )
    assert len(low) == 8 and sum(a <= 0 <= b for a, b in zip(low, high, strict=True)) == 6
    assert [a * b < 0 for a, b in zip(fitted, true, strict=True)].index(True) == 3  # lists


def test_a_supervised_start_has_a_row_of_its_own() -> None:
    rows = {row[0]: row[1] for row in preference_tuning.dpo_runs().numbers().rows}
    start = json.loads((ROOT / f"docs/data/runs/{preference_tuning.START}.json").read_text(encoding="utf-8"))
    exact = start["eval"]["shifted"]["exact"]
    assert rows["SFT alone"] == exact["warm_start"] and rows["naive, after SFT"] == exact["tuned"]
