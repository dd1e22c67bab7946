"""The list of recorded runs: complete, resumable, and closed to runs that prove nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tests.checkout import ROOT
from training.commands import records
from training.methods.configuration import load_config
from training.run import config as configuration
from training.run import record as run_record
from training.run.errors import BadInput


def test_the_list_covers_what_was_promised():
    names = [entry.name for entry in records.plan()]
    assert len(names) == len(set(names))
    for arm in (
        "orders-lr5e-4",
        "orders-lr1e-3",
        "orders-rank4",
        "orders-rank64",
        "orders-main",
        "orders-thorough",
        "orders-thorough-fresh",
        "orders-batch2",
        "orders-no-chats",
        "orders-rows50",
        "orders-rows200",
        "orders-all-weights",
        "orders-overtrained",
        "orders-narrow",
        "meeting-day",
        "adapter-lora",
        "adapter-rslora",
        "adapter-dora",
        "adapter-pissa",
        "adapter-qlora",
        "dpo-naive",
        "dpo-naive-nll",
        "dpo-naive-lower-rate",
        "dpo-naive-after-sft",
        "dpo-written",
        "dpo-on-policy",
        "reward-clean",
        "reward-noisy",
        "grpo-shown-warm",
        "grpo-shown",
        "grpo-warm",
        "grpo-cold",
        "grpo-loophole",
        "distill-text",
        "distill-sequence",
        "distill-on-policy",
        "distill-orders",
        "embed-mined",
        "embed-batch",
        "embed-no-margin",
        "embed-lr1e-3",
        "embed-nested",
        "embed-adapter",
        "embed-adapter-nf4",
        "embed-smollm2",
        "tools",
        "gemma3-library-desk",
    ):
        assert sum(name.startswith(f"{arm}-s") for name in names) == 3, arm


def test_every_entry_is_a_valid_configuration():
    for entry in records.plan():
        config = load_config(entry.config, list(entry.overrides), entry.seed)
        assert config.train.seed == config.data.seed == entry.seed
        method = "evaluate" if entry.scored else config.method
        assert entry.command == {"sft": "train"}.get(method, method)


@pytest.mark.parametrize("name, command, last", [
    ("orders-replay-s1", "train", "--out"), ("meeting-day-s0", "train", "--anyway"),
    ("dpo-naive-s2", "dpo", "--anyway"), ("grpo-cold-s0", "grpo", "--anyway"),
    ("reward-noisy-s0", "reward", "--out"), ("distill-text-s0", "distill", "--out"),
    ("embed-batch-s1", "embed", "--out"),
])  # fmt: skip
def test_each_method_is_run_by_its_own_command(tmp_path, name, command, last):
    entry = next(entry for entry in records.plan() if entry.name == name)
    line = records.arguments_of(entry, tmp_path / name)
    assert line[:3] == [command, "--config", entry.config] and last in line[-2:]
    (tmp_path / name).mkdir()
    (tmp_path / name / "report.json").write_text("{}")
    assert records.arguments_of(entry, tmp_path / name)[:3] == [command, "--resume", str(tmp_path / name)]


def test_a_student_waits_for_its_teacher(tmp_path):
    entry = next(entry for entry in records.plan() if entry.name == "distill-orders-s1")
    with pytest.raises(BadInput, match="orders-main-s1.*python -m training train --config"):
        records.arguments_of(entry, tmp_path / entry.name)
    (tmp_path / "orders-main-s1" / "adapter").mkdir(parents=True)
    line = records.arguments_of(entry, tmp_path / entry.name)
    assert f"distill.teacher_adapter={tmp_path / 'orders-main-s1' / 'adapter'}" in line


def test_a_model_learns_from_its_own_right_answers(tmp_path):
    entry = next(entry for entry in records.plan() if entry.name == "forgetting-self-s1")
    with pytest.raises(BadInput, match="forgetting-dpo-s1.*dpo.pairs on_policy"):
        records.arguments_of(entry, tmp_path / entry.name)
    asked = [{"role": "user", "content": "1 + 2 = ?"}]
    pair = {"prompt": asked, "chosen": " 1 + 2 = 3 ", "rejected": "4", "id": "sum-0"}
    (tmp_path / "forgetting-dpo-s1").mkdir()
    (tmp_path / "forgetting-dpo-s1" / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    file = tmp_path / "forgetting-self-s1.jsonl"
    assert f"data.train_file={file}" in records.arguments_of(entry, tmp_path / entry.name)
    answered = [*asked, {"role": "assistant", "content": "1 + 2 = 3"}]
    assert json.loads(file.read_text()) == {"id": "sum-0", "messages": answered}


def test_the_sealed_set_is_asked_of_adapters_that_are_there(tmp_path):
    entry = next(entry for entry in records.plan() if entry.name == "orders-sealed-s2")
    with pytest.raises(BadInput, match="orders-thorough-fresh-s2.*python -m training train --config"):
        records.arguments_of(entry, tmp_path / entry.name)
    adapter = tmp_path / "orders-thorough-fresh-s2" / "adapter"
    adapter.mkdir(parents=True)
    line = records.arguments_of(entry, tmp_path / entry.name)
    assert line[0] == "evaluate" and line[3:7] == ["--adapter", str(adapter), "--set", "sealed"]
    assert not [other for other in records.plan() if "sealed" in " ".join(other.overrides)]  # by no other run


def test_a_record_is_of_the_settings_that_the_list_would_run_today():
    """Else the command beside a figure would make another one."""
    changed = set()
    for entry in records.plan():
        file = ROOT / run_record.RECORDS_FOLDER / f"{entry.name}.json"
        if not file.is_file() or entry.teacher or entry.answers or entry.scored:
            continue  # their settings name a folder of the run's
        recorded = json.loads(file.read_text(encoding="utf-8"))["run"]["config_sha256"]
        today = configuration.sha(load_config(entry.config, list(entry.overrides), entry.seed))
        if recorded != today:
            changed.add(entry.name)
    assert changed == set()


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
        run_record.keep({"run": {"status": status}}, "x", tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_name_is_an_error():
    with pytest.raises(BadInput, match="see --list"):
        records.run(args("nothing"))
