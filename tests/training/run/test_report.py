"""The report's page: self-contained, escaped, complete for finished, refused and broken-off runs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from training.run import report, report_charts, report_examples


def prediction(arm, answer, exact, row="1"):
    return {
        "set": "shifted",
        "arm": arm,
        "id": row,
        "prompt": "Refund <b>my</b> pen",
        "answer": answer,
        "expected": '{"intent":"refund"}',
        "scores": {"exact": exact},
    }


FULL = {
    "run": {
        "id": "sft-orders-1",
        "command": "python -m training train",
        "status": "main",
        "seconds": 300.0,
        "started": "2026-11-23",
        "commit": "abc",
        "dirty": False,
        "config_sha256": "cd",
    },
    "environment": {"cpu": "two cores", "dtype": "float32"},
    "seeds": {"data": 0},
    "data": {"sha256": "ff", "n": {"train": 1000}},
    "train": {"steps": 125, "tokens": 160_000, "peak_memory_bytes": 3_100_000_000, "trainable_parameters": 2_442_240},
    "eval": {
        "shifted": {
            "exact": {
                "base": 0.0,
                "base_few_shot": 0.1,
                "tuned": 0.8,
                "n": 200,
                "ci95": {"base": [0, 0.02], "base_few_shot": [0.06, 0.15], "tuned": [0.74, 0.85]},
                "gain": {"against": "base_few_shot", "value": 0.7, "ci95": [0.63, 0.77], "n": 200},
            },
            "seconds": {"base": 30.0},
        }
    },
    "regression": {
        "perplexity": {"base": 20.0, "tuned": 20.4, "ratio": 1.02},
        "samples": [{"question": "Why?", "base": "So.", "tuned": "<i>So</i>"}],
    },
    "gate": {
        "verdict": "ship",
        "sentence": "Ship: exact answers +70.0 points.",
        "reasons": ["a", "b"],
        "checks": [{"name": "gain", "state": "ok"}, {"name": "stop token", "state": "unclear"}],
    },
}
EVENTS = [
    *({"event": "step", "step": n, "loss": 1 / n} for n in range(1, 60)),
    {"event": "example", "tokens": ["<|im_start|>", "Hi", "{", "}"], "supervised": [0, 0, 1, 1]},
    {"event": "phase", "name": "training", "seconds": 260.0, "peak_memory_bytes": 3_000_000_000},
]
PREDICTIONS = [
    prediction("base", "no", 0),
    prediction("tuned", '{"intent":"refund"}', 1),
    prediction("tuned", '{"intent":"<track>"}', 0, "2"),
    prediction("base", "no", 0, "2"),
]


class Balance(HTMLParser):
    """Counts what opens and closes among tags that must be closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in ("div", "table", "main", "svg", "details", "pre", "b", "mark", "figure"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("div", "table", "main", "svg", "details", "pre", "b", "mark", "figure"):
            assert self.open and self.open.pop() == tag, tag


def test_the_page_is_complete_and_self_contained():
    page = report.render(FULL, PREDICTIONS, EVENTS, "name: orders")
    assert not re.search(r"(src|href)=|https?://|<script", page)
    for part in (
        "Exact answers +70.0 points",
        "3.1 GB",
        "2,442,240",
        "Training loss",
        "What is trained on",
        "+2.0%",
        "Answers side by side",
        "gain +70.0 points",
        "name: orders",
        "prefers-color-scheme: dark",
    ):
        assert part in page, part
    parser = Balance()
    parser.feed(page)
    assert not parser.open


def test_everything_from_models_and_data_is_escaped():
    page = report.render(FULL, PREDICTIONS, EVENTS, "")
    assert "<b>my</b>" not in page and "&lt;b&gt;my&lt;/b&gt;" in page
    assert "<i>So</i>" not in page and "&lt;|im_start|&gt;" in page


@pytest.mark.parametrize(
    "found",
    [
        {"run": {"id": "x", "status": "cancelled"}},
        {"run": {"id": "x"}, "probe": {"verdict": "dont-train", "sentence": "Don't train: 95% are exact."}},
        {**FULL, "regression": {}, "gate": {**FULL["gate"], "verdict": "gain with regression"}},
    ],
)
def test_unfinished_and_refused_runs_have_a_page_too(found):
    page = report.render(found, [], [], "")
    assert "class='verdict" in page and "</html>" in page


def test_differences_are_marked_and_only_they():
    html = report_examples.marked('{"intent":"track","order":null}', '{"intent":"refund","order":null}')
    assert re.findall(r"<mark>(.*?)</mark>", html) == ["track"]
    assert report_examples.marked("same", "same") == "same"
    assert "mark" in report_examples.marked("", "x")


def test_examples_show_gains_losses_and_what_is_left():
    lines = [prediction("base_few_shot", "x", 1, "3"), prediction("tuned", "y", 0, "3"), *PREDICTIONS]
    assert [kind for kind, _ in report_examples.chosen_examples(lines)] == ["put right", "still wrong", "broken"]


def test_lines_without_the_keys_of_an_answer_are_passed_over():
    whole = prediction("tuned", "x", 0)
    assert "class=case" in report_examples.examples([whole])
    odd = [{name: value for name, value in whole.items() if name != gone}
           for gone in ("arm", "prompt", "answer", "expected", "scores")]  # fmt: skip
    odd += [{**whole, "scores": 5}, {**whole, "answer": None}, {**whole, "arm": []}, {}]
    assert "class=case" not in report_examples.examples(odd)
    rows = [{**prediction(arm, arm, 0), "set": None} for arm in ("base", "tuned")]
    assert "still wrong" in report_examples.examples([*odd, *rows])


def test_curves_survive_odd_figures():
    assert "no curve" in report_charts.loss_curve([1], [2.0])
    assert "nan" not in report_charts.loss_curve([1, 2, 3, 4], [2.0, float("nan"), 1.5, 1.2])
    assert "logarithmic" in report_charts.loss_curve(list(range(1, 50)), [1 / n**2 for n in range(1, 50)])
    assert "<svg" in report_charts.loss_curve([1, 2], [0.0, 0.0])
    assert report_charts.ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_the_running_mean_has_a_band_that_holds_it():
    middle, lower, upper = report_charts.smooth([1.0, 3.0, 2.0, 4.0], 1)
    assert middle == [2.0, 2.0, 3.0, 3.0]
    assert all(low <= mid <= high for low, mid, high in zip(lower, middle, upper, strict=True))


def test_write_leaves_a_file(tmp_path):
    from training.run.folder import RunFolder

    (tmp_path / "report.json").write_text(json.dumps(FULL))
    (tmp_path / "config.yaml").write_text("name: orders")
    folder = RunFolder(tmp_path)
    report.write(folder)
    assert "Ship" in folder.html.read_text() or "ship" in folder.html.read_text()
    assert not list(tmp_path.glob("*.partial"))


def test_an_answer_with_a_line_separator_is_on_the_page_and_half_a_line_is_not(tmp_path):
    from training.run.folder import RunFolder

    (tmp_path / "report.json").write_text(json.dumps(FULL))
    (tmp_path / "config.yaml").write_text("name: orders")
    folder = RunFolder(tmp_path)
    said = [prediction("base", "no", 0), prediction("tuned", "one\u2028two", 1)]
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in said)
    folder.predictions.write_text(lines + '{"set": "sec', encoding="utf-8")
    report.write(folder)
    assert "one\u2028two" in folder.html.read_text(encoding="utf-8")
