"""The commands end to end, on tiny random models of the very architectures that the configurations name."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.checkout import ROOT
from training.cli import main
from training.data import system_turn
from training.methods import plan
from training.methods.configuration import load_config
from training.models import tiny
from training.models.shapes import shape_of
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(7)

FOLDER = ROOT / "training" / "configs" / "sft"
BIG = sorted(p for p in FOLDER.glob("*.yaml") if "_7b_" in p.name)
TINY = str(FOLDER / "tiny.yaml")
SECTIONS = {"run", "environment", "data", "train", "seeds"}


@pytest.mark.few(3)
@pytest.mark.parametrize("path", BIG, ids=lambda p: p.stem)
def test_every_big_configuration_trains_on_a_tiny_model_of_its_architecture(path, tmp_path):
    assert main(["sft", "--smoke", "--config", str(path), "train.gradient_accumulation_steps=1", "data.n_train=8",
                 "--out", str(tmp_path / "run")]) == 0  # fmt: skip
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert set(report) >= SECTIONS
    assert report["run"]["status"] == "smoke"
    assert report["train"]["steps"] == len(report["train"]["loss"]) == 3
    noted = json.loads((tmp_path / "run" / "adapter" / "stage10.json").read_text())
    assert (
        noted["model"]["architecture"]
        == {"qwen2.5": "qwen2", "olmo2": "olmo2", "mistral": "mistral"}[path.name.split("_")[0]]
    )


@pytest.mark.slow
def test_the_whole_way_and_a_second_call_that_goes_on(tmp_path, capsys):
    out = tmp_path / "run"
    code = main(["train", "--smoke", "--config", str(FOLDER / "smollm2_orders.yaml"), "--out", str(out)])
    assert code in (11, 12)  # three steps on a random model cannot gain anything
    report = json.loads((out / "report.json").read_text())
    assert set(report) >= {*SECTIONS, "eval", "gate", "probe"}
    assert report["gate"]["verdict"] in ("no gain", "inconclusive")
    for name in ("config.yaml", "adapter/adapter_model.safetensors", "report.html", "predictions.jsonl", "log.jsonl"):
        assert (out / name).is_file()
    metric = report["eval"]["shifted"]["exact"]
    assert {"base", "base_few_shot", "tuned", "n", "ci95"} <= set(metric)
    answers = (out / "predictions.jsonl").read_text().count("\n")
    assert main(["train", "--resume", str(out)]) == code
    assert "taken from the interrupted run" in capsys.readouterr().err
    assert (out / "predictions.jsonl").read_text().count("\n") == answers
    again = json.loads((out / "report.json").read_text())
    for name in report["eval"]:
        for figure in ("exact", "valid", "field"):
            assert again["eval"][name][figure] == report["eval"][name][figure]
    assert again["gate"]["verdict"] == report["gate"]["verdict"]


def test_a_dry_run_plans_and_writes_nothing(tmp_path, capsys):
    assert (
        main(["sft", "--dry-run", "--config", str(FOLDER / "smollm2_orders.yaml"), "--out", str(tmp_path / "run")]) == 0
    )
    text = capsys.readouterr().out
    for word in ("memory", "time", "steps", "trainable", "rank 16", "scale 2"):
        assert word in text
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["train", "probe"])
def test_what_measures_needs_a_held_out_set_before_anything_is_loaded(tmp_path, command, capsys):
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"prompt": "a?", "completion": "b"}\n')
    line = [command, "--config", TINY, "task=jsonl", f"data.train_file={mine}", "--dry-run"]
    assert main(line) == 2 and "data.heldout_files: there is no held-out set" in capsys.readouterr().err


def test_chat_answers_side_by_side_and_merge_is_an_ordinary_model(tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    assert main(["sft", "--config", TINY, "data.n_train=8", "--out", str(out)]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("Where is my kettle?\n"))
    assert main(["chat", "--adapter", str(out / "adapter"), "--max-new-tokens", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [x.split(":")[0] for x in lines if x.startswith(("base", "tuned"))] == ["base", "tuned"]
    merged = tmp_path / "merged"
    assert (
        main(["merge", "--config", str(out / "config.yaml"), "--adapter", str(out / "adapter"), "--out", str(merged)])
        == 0
    )
    assert (merged / "model.safetensors").is_file()
    assert json.loads((merged / "stage10.json").read_text())["largest_logit_difference"] < 1e-4


def test_an_existing_run_of_other_settings_is_not_overwritten(tmp_path, capsys):
    config = load_config(TINY)
    RunFolder(tmp_path).create(config, "test")
    assert main(["sft", "--config", TINY, "train.learning_rate=0.5", "--out", str(tmp_path)]) == 2
    assert "another run lies here" in capsys.readouterr().err


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_the_tiny_models_have_the_shape_that_the_estimate_counts(architecture):
    made, _ = tiny.model(architecture)
    assert sum(p.numel() for p in made.parameters()) == shape_of(f"tiny-random:{architecture}").parameters


def test_full_fine_tuning_trains_every_weight(tmp_path):
    out = tmp_path / "run"
    assert main(["sft", "--config", TINY, "lora=null", "data.n_train=8", "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["train"]["trainable_parameters"] == shape_of("tiny-random:llama").parameters
    assert report["train"]["loss"][-1] < report["train"]["loss"][0]


def test_logits_are_exact_on_the_temperature_grid(tmp_path):
    """The listed mass and the rest sum to one at every temperature; the entropy is the full distribution's."""
    import math

    import torch

    from training.models import loading
    from training.run.settings import ModelSettings

    (tmp_path / "prompts.txt").write_text("One two\nThe sky is\n")
    assert main(["logits", "--model", "tiny-random:llama", "--prompts", str(tmp_path / "prompts.txt"), "--top", "5",
                 "--out", str(tmp_path / "out.json")]) == 0  # fmt: skip
    table = json.loads((tmp_path / "out.json").read_text())
    loaded = loading.load_base(ModelSettings(source="tiny-random:llama", revision=None, dtype="float32"))
    for entry in table["prompts"]:
        logits = loaded.model(input_ids=torch.tensor([entry["token_ids"]])).logits[0, -1].detach().double()
        assert len(entry["top"]["ids"]) == 5
        for temperature, total in zip(table["temperatures"], entry["logsumexp"], strict=True):
            wanted = (logits / temperature).softmax(-1)[entry["top"]["ids"]].sum()
            found = sum(math.exp(x / temperature - total) for x in entry["top"]["logits"])
            assert found == pytest.approx(float(wanted), rel=2e-5)  # the logits are written with six decimals


def test_the_time_of_a_dry_run_grows_with_the_work(monkeypatch, capsys):
    steps, seconds = [], []
    monkeypatch.setattr(plan, "_seconds", lambda call: 0.01)  # the machine's speed, probed anew each time
    for rows in (80, 800):
        overrides = [f"data.n_train={rows}", "data.replay_fraction=0.0", "data.replay_chats=0"]
        plan.show(load_config(FOLDER / "smollm2_orders.yaml", overrides), RunFolder("runs/none"))
        text = capsys.readouterr().out
        steps.append(int(re.search(r"(\d+) steps", text)[1]))
        seconds.append(float(re.search(r"about (\d+) s for the training", text)[1]))
    assert steps == [20, 200]
    assert 9 < seconds[1] / seconds[0] < 11  # not ten to the letter: other rows are a little longer or shorter


def test_the_system_prompt_of_a_task_is_the_one_it_was_trained_with():
    assert "JSON" in system_turn.task_system_prompt("orders")
    assert system_turn.task_system_prompt("jsonl") == ""


def test_two_processes_write_each_prediction_once_and_exit_alike(tmp_path):
    """The main process measures, the other waits: one line an answer, and the verdict's code from both."""
    codes = tmp_path / "codes"
    codes.mkdir()
    program = tmp_path / "launched.py"
    program.write_text(
        "import os, sys\nfrom pathlib import Path\nfrom training.cli import main\n"
        f"code = main(sys.argv[1:])\nPath({str(codes)!r}, os.environ['RANK']).write_text(str(code))\n"
    )
    run = tmp_path / "run"
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(program)]
    command = [sys.executable, *launch, "train",
               "--config", TINY, "data.n_train=8", "data.n_heldout=3", "train.max_steps=2", "evaluate.max_new_tokens=4",
               "--smoke", "--anyway", "--out", str(run)]  # fmt: skip
    given = {**os.environ, "PYTHONPATH": str(ROOT), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads((run / "report.json").read_text())
    found = [(codes / rank).read_text() for rank in "01"]
    assert found == [str(report["gate"]["exit_code"])] * 2 and (run / "report.html").is_file()
    asked = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    written = Counter((row["set"], row["arm"], row["id"]) for row in asked)
    assert set(written.values()) == {1} and {arm for _, arm, _ in written} == {"base", "base_few_shot", "tuned"}


def test_a_sharded_model_is_not_measured_by_one_process(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert main(["train", "--config", TINY]) == 2
    assert "launch the command sft" in capsys.readouterr().err
