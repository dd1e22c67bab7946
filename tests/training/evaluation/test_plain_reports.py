"""Reports read plainly: better and worse by their names, and one set of rows behind a gain and its level."""

from __future__ import annotations

import pytest

from training.evaluation import gate, probe, score
from training.run import report, report_charts


@pytest.mark.parametrize(("worse_by", "interval", "said"), [
    (-0.109, (-0.13, -0.09), "better by 0.109 nats (95% interval 0.09 to 0.13 better), allowed 0.05 worse"),
    (0.02, (0.01, 0.03), "worse by 0.02 nats (95% interval 0.01 to 0.03 worse), allowed 0.05 worse"),
    (-0.01, (-0.03, 0.02), "better by 0.01 nats (95% interval 0.03 better to 0.02 worse), allowed 0.05 worse"),
])  # fmt: skip
def test_what_got_better_is_called_better(worse_by: float, interval: tuple, said: str) -> None:
    assert gate.by_bound("text", worse_by, interval, 0.05, 100, "nats").sentence == f"text {said}"


def scores(*exact: float) -> dict:
    """What ``measure`` gives for one set."""
    items = [{"exact": value, "content": value, "stopped": 1.0} for value in exact]
    return {"test": {**score.summary(items), "seconds": 1.0}}


def test_a_gain_stands_beside_its_levels_on_the_same_rows() -> None:
    base, tuned = scores(0, 0, 1, 0), scores(1, 1, 1, 0, 0, 0, 0, 0)
    block = score.combine(base, base, tuned)
    gained = block["test"]["exact"]["gain"]
    assert gained["levels"] == {"base": 0.25, "base_few_shot": 0.25, "tuned": 0.75}
    assert gained["levels"]["tuned"] - gained["levels"][gained["against"]] == pytest.approx(gained["value"])
    text = "\n".join(score.lines(block))
    assert "from 0.250 to 0.750 on the same 4 rows" in text and "base 0.250 [0.046, 0.699] of 4" in text
    shown = report_charts.on_same_rows(block["test"]["exact"])
    assert (shown["tuned"], shown["n"]) == (0.75, 4)
    page = report.render({"eval": block}, [], [], "")
    assert "from 25.0% to 75.0% on the same 4 rows" in page and "all rows" in page
    assert "25.0% before and 75.0% after" in gate.gain_check(gained).sentence


def test_without_examples_there_is_no_few_shot_control_and_the_report_says_so() -> None:
    base, tuned = scores(0, 0, 1, 0), scores(1, 1, 1, 0)
    block = score.combine(base, None, tuned)
    assert block["test"]["exact"]["base_few_shot"] is None and block["test"]["exact"]["gain"]["against"] == "base"
    assert any("no few-shot control" in line for line in score.lines(block))
    assert "There is no few-shot control" in report.render({"eval": block}, [], [], "")
    assert probe.decide(base["test"], None, 0.9)["better"] == "base"
    assert gate.regression_checks({}, gate.GateSettings(), block["test"])[0].state == "ok"
