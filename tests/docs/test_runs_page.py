"""The run explorer's data and plots: every record is there, and what they say is what the records say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "hooks")]

import figures  # noqa: E402
import run_explorer  # noqa: E402
from run_records import lookup  # noqa: E402

from overrides.figures import runs  # noqa: E402
from overrides.figures.kit import explorer  # noqa: E402

RECORDS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "docs/data/runs").glob("*.json")}
SHOWN = {one["name"]: one for one in json.loads(run_explorer.data())["runs"]}
PAGE = (ROOT / "docs" / "runs.md").read_text(encoding="utf-8")


def near(found: float | None, wanted: float | None) -> bool:
    """Whether two figures are the same but for rounding in the last digits."""
    return found == wanted if wanted is None or found is None else found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def in_record(record: dict, path: str) -> tuple[float, float | None, float | None]:
    """A figure and the ends of its interval, straight from the record."""
    found, holder = lookup(record, path)
    if isinstance(found, dict):
        found, holder = found["value"], found
    low, high = holder.get("ci95") or (None, None)
    return found, low, high


def test_the_data_has_every_record_and_no_other() -> None:
    assert set(SHOWN) == set(RECORDS)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_run_says_what_its_record_says(name: str) -> None:
    shown, record = SHOWN[name], RECORDS[name]
    assert shown["command"] == record["run"]["command"]
    assert shown["verdict"] == record.get("gate", {}).get("verdict", "no gate")
    for part, wanted in (("gain", explorer.GAINS), ("regression", explorer.REGRESSIONS)):
        figure = shown[part]
        if figure is None:
            continue
        factor = next(factor for path, _, _, factor in wanted if path == figure["path"])
        found = [None if number is None else number * factor for number in in_record(record, figure["path"])]
        ends = found[1:] if factor > 0 else found[:0:-1]
        assert near(figure["value"], found[0]) and near(figure["low"], ends[0]) and near(figure["high"], ends[1])
    loss = record.get("train", {}).get("loss")
    if isinstance(loss, list):
        assert len(shown["loss"]["step"]) == len(shown["loss"]["nats"]) <= explorer.MOST_POINTS
        assert min(loss) - 1e-4 <= min(shown["loss"]["nats"]) and max(shown["loss"]["nats"]) <= max(loss) + 1e-4


def test_a_run_with_a_verdict_has_a_gain_and_a_regression() -> None:
    judged = [one for one in SHOWN.values() if one["verdict"] != "no gate"]
    assert judged and all(one["gain"] and one["regression"] for one in judged)


def test_every_record_stands_in_the_page_as_text() -> None:
    plots = [question() for question in runs.QUESTIONS]
    for plot in plots:
        assert f'figure("{next(n for n, f in names().items() if f.title == plot.title)}")' in PAGE
    html = "".join(figures.table(plot) for plot in plots) + run_explorer.listed("data/runs/")
    missing = [name for name in RECORDS if f">{name}<" not in html]
    assert not missing


def names() -> dict[str, Any]:
    """The explorer's figures by the names that the page uses."""
    return {question.__name__.replace("_", "-"): question() for question in runs.QUESTIONS}


def test_every_run_with_a_gain_is_in_a_plot() -> None:
    assert not [one["name"] for one in runs.without_plot() if one["gain"]]


def test_no_run_stands_in_two_plots() -> None:
    rows = [row[0] for plot in names().values() for row in plot.numbers().rows]
    assert len(rows) == len(set(rows))


def test_settings_are_the_files_with_the_commands_words_over_them() -> None:
    plain, changed = SHOWN["orders-main-s0"]["settings"], SHOWN["adapter-dora-s1"]["settings"]
    assert plain["data.n_train"] == "1000" and changed["data.n_train"] == "200"
    assert "lora.use_dora" not in plain and changed["lora.use_dora"] == "true"
    assert changed["evaluate.sets"] == "[shifted]"
    assert (plain["train.seed"], changed["train.seed"]) == ("0", "1")
    assert explorer.settings("python -m training base-rows --record") == {}
