"""The list of recorded runs: complete, resumable, and closed to runs that prove nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from training import config as configuration
from training import records
from training.errors import BadInput


def test_the_list_covers_what_was_promised():
    names = [entry.name for entry in records.plan()]
    assert len(names) == len(set(names))
    for arm in ("orders-lr5e-4", "orders-lr2e-4", "orders-lr1e-3", "orders-rank4", "orders-rank16", "orders-rows50",
                "orders-rows200", "orders-all-weights", "orders-overtrained", "orders-narrow", "meeting-day"):
        assert sum(name.startswith(f"{arm}-s") for name in names) == 3, arm


def test_every_entry_is_a_valid_configuration():
    for entry in records.plan():
        config = configuration.load(entry.config, list(entry.overrides), entry.seed)
        assert config.train.seed == config.data.seed == entry.seed


def args(only="", listed=False):
    return SimpleNamespace(only=only, list=listed)


def test_records_go_on_where_they_were_broken_off(tmp_path):
    runs, kept, calls = tmp_path / "runs", tmp_path / "records", []

    def train(line, status="main", code=0):
        calls.append(line)
        folder = runs / [entry.name for entry in records.plan() if entry.name in " ".join(line)][0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps({"run": {"status": status}, "before": {"big": 1}}))
        return code

    stopped = records.run(args("orders-lr5e-4"), lambda line: train(line, "running", 130), runs, kept)
    assert stopped == 130 and not kept.exists() and len(calls) == 1
    assert records.run(args("orders-lr5e-4"), train, runs, kept) == 0
    assert "--resume" in calls[1] and "--resume" not in calls[2] and len(calls) == 4
    assert json.loads((kept / "orders-lr5e-4-s0.json").read_text()) == {"run": {"status": "main"}}
    assert records.run(args("orders-lr5e-4"), train, runs, kept) == 0 and len(calls) == 4


@pytest.mark.parametrize("status", ["dirty", "smoke", "cancelled", "running", None])
def test_only_main_runs_become_records(tmp_path, status):
    with pytest.raises(BadInput, match="only main runs"):
        records.keep({"run": {"status": status}}, "x", tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_name_is_an_error():
    with pytest.raises(BadInput, match="see --list"):
        records.run(args("nothing"))
