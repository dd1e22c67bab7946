"""The stored runs say names of today, and every figure stayed as it was before they did."""

from __future__ import annotations

import hashlib
import json
import shlex

import pytest

from tests.checkout import ROOT
from training import rename_records
from training.commands.record_list import plan
from training.data import splits
from training.methods import registry
from training.methods.configuration import load_config
from training.run import former_names
from training.run.record import RECORDS_FOLDER

FILES = sorted((ROOT / RECORDS_FOLDER).glob("*.json"))
# SHA-256 over each record's numbers in their order, written before anything was renamed; a run that is recorded anew
# has other figures, and its line goes.
FIGURES = json.loads((ROOT / "tests/training/record_figures.json").read_text())


def test_every_figure_is_the_one_before_the_renaming():
    assert len(FIGURES) > 90
    for name, wanted in FIGURES.items():
        record = json.loads((ROOT / RECORDS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        listed = json.dumps(list(rename_records.numbers(record)))
        assert hashlib.sha256(listed.encode()).hexdigest() == wanted, name


def test_a_second_call_changes_nothing():
    for file in FILES:
        record = json.loads(file.read_text(encoding="utf-8"))
        assert rename_records.record_today(record) == record, file.name
        assert rename_records.name_today(file.stem) == file.stem


def test_every_stored_command_asks_for_settings_of_today():
    for file in FILES:
        words = shlex.split(json.loads(file.read_text(encoding="utf-8"))["run"]["command"])
        for word in (word for word in words if "=" in word):
            assert former_names.override_today(word) == word


def test_a_line_of_two_commands_stays_two_commands():
    line = "python -m training.site_records.packed_run orders runs/a b=1 && python -m training port runs/a --n 20"
    assert rename_records.command_today(line) == line


OLD = {
    "run": {
        "command": "python -m training embed --config training/configs/embed/minilm_workshop.yaml"
        " embed.widths=[384, 64] train.batch_size=8 --seed 0 --out runs/records/embed-too-far-s0",
        "config_sha256": "0" * 64,
    },
    "eval": {"second": {"exact": {"base": 0.25, "set": "second"}}},
    "tables": {"x": [{"title": "On held-out rows: second"}]},
}


def test_a_former_record_is_renamed_and_runs(tmp_path):
    (tmp_path / "embed-too-far-s0.json").write_text(json.dumps(OLD))
    assert rename_records.main(tmp_path) == 0
    (file,) = tmp_path.iterdir()
    found = json.loads(file.read_text())
    assert file.name == "embed-lr1e-3-s0.json"
    assert found["eval"] == {"shifted": {"exact": {"base": 0.25, "set": "shifted"}}}
    assert found["tables"]["x"][0]["title"] == "On held-out rows: shifted"
    words = shlex.split(found["run"]["command"])
    config = load_config(words[5], words[6:8], 0)
    assert config.embed.matryoshka_dims == [384, 64] and config.train.per_device_train_batch_size == 8
    assert words[-1] == "runs/records/embed-lr1e-3-s0"
    assert found["run"]["former_config_sha256"] == "0" * 64
    assert found["run"]["config_sha256"] == rename_records.sha_today(found["run"]["command"])


def test_a_listed_record_gets_the_lists_own_command():
    run = {"id": "embed-too-far-s0", "command": OLD["run"]["command"], "config_sha256": "0" * 64}
    found = rename_records.run_today(run)
    assert found["id"] == "embed-lr1e-3-s0"
    assert "train.learning_rate=1e-3 --seed 0 --out runs/records/embed-lr1e-3-s0" in found["command"]


@pytest.mark.parametrize("name", ["dpo-written-s0", "grpo-warm-s0", "orders-main-s2"])
def test_the_rows_are_those_of_the_recorded_run(name):
    """Under the set's name of today the same rows are drawn."""
    recorded = json.loads((ROOT / RECORDS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in plan() if entry.name == name)
    rows = registry.load_rows(load_config(entry.config, list(entry.overrides), entry.seed))
    assert rows.sha256 == recorded["data"]["sha256"]


def test_the_pairs_are_those_of_the_recorded_reward_model():
    """Their hash is over their ids too, in which the set's former name stood."""
    recorded = json.loads((ROOT / RECORDS_FOLDER / "reward-clean-s1.json").read_text(encoding="utf-8"))
    rows = registry.load_rows(load_config("training/configs/reward/smollm2_shift_notes.yaml", [], 1))
    parts = [rows.train, *rows.heldout.values()]
    former = [[{**pair, "id": pair["id"].replace("shifted", "second")} for pair in part] for part in parts]
    said = "".join(splits.sha256_rows([{"messages": pair} for pair in part]) for part in former)
    assert hashlib.sha256(said.encode()).hexdigest() == recorded["data"]["sha256"]


def test_a_record_that_would_lose_a_figure_is_left(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text(json.dumps(OLD))
    monkeypatch.setattr(rename_records, "record_today", lambda record: {**record, "eval": {}})
    with pytest.raises(AssertionError, match="a figure would change"):
        rename_records.main(tmp_path)
    assert json.loads((tmp_path / "a.json").read_text()) == OLD
