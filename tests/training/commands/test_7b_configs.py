"""The 7B configurations of every method: as many as we think, each runs to its end on a tiny model of its kind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.checkout import ROOT
from training.cli import main
from training.commands import train as train_command
from training.evaluation import capability_retention
from training.methods.configuration import load_config
from training.methods.memory_estimate import estimate
from training.run import config as configuration

FOLDER = ROOT / "training" / "configs"
METHODS = ("dpo", "grpo", "reward", "distill")  # sft's are in test_settings.py and test_pipeline.py
FILES = sorted(path for method in METHODS for path in (FOLDER / method).glob("*_7b_*.yaml"))
MANY = [path for path in FILES if path.stem.endswith(("_fsdp", "_zero3"))]
ONE = [path for path in FILES if path not in MANY]


def name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def test_as_many_files_as_we_think():
    """A glob that sees nothing would pass everything."""
    assert Counter(path.parent.name for path in ONE) == {"dpo": 2, "grpo": 1, "reward": 2, "distill": 1}
    assert Counter(path.parent.name for path in MANY) == dict.fromkeys(METHODS, 2)
    assert {path.stem for path in MANY} == {"qwen2.5_7b_fsdp", "qwen2.5_7b_zero3"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_each_says_how_it_is_run_and_pins_a_commit(path):
    text = path.read_text(encoding="utf-8")
    config = load_config(path)
    method, own = path.parent.name, path.relative_to(ROOT)
    assert config.method == method and len(config.model.revision) == 40
    assert f"-m training {method} --config {own}\n" in text.split("\nname:")[0] + "\n"
    if path in MANY:
        launch = re.search(r"^# accelerate launch --config_file (\S+) -m training", text, re.MULTILINE)
        assert launch and (ROOT / launch[1]).is_file() and path.stem.rsplit("_", 1)[1] in launch[1]
        rows = config.train.per_device_train_batch_size * config.train.gradient_accumulation_steps * 4
        assert rows == {"distill": 8, "grpo": 16 * 8}.get(method, 16)  # GRPO's are 16 questions with 8 answers each
    if config.lora is not None:
        card = int(match[1]) if (match := re.search(r"_(\d+)gb", path.stem)) else 80
        assert estimate(config)["total_bytes"] < 0.9 * card * 1e9


@pytest.mark.few(3)
@pytest.mark.parametrize("path", MANY, ids=name)
def test_each_of_many_gpus_trains_a_tiny_model_of_its_architecture(path, tmp_path, monkeypatch):
    """As launched: training alone, and the line that measures."""
    monkeypatch.setattr(train_command, "launched", lambda args: True)
    method = path.parent.name
    more = ["grpo.reward=plain_letters"] if method == "grpo" else []
    assert (
        main([method, "--smoke", "--config", str(path), "data.n_train=8", *more, "--out", str(tmp_path / "run")]) == 0
    )
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    if method == "distill":
        report["train"] = json.loads((tmp_path / "run" / "variants" / "soft" / "report.json").read_text())["train"]
    assert report["run"]["status"] == "smoke" and report["train"]["steps"] == 3
    assert "qwen2" in (tmp_path / "run" / "config.yaml").read_text()


@pytest.mark.few(4)
@pytest.mark.parametrize("path", ONE, ids=name)
def test_each_of_one_gpu_goes_the_whole_way_on_a_tiny_model(path, tmp_path, monkeypatch):
    honest = capability_retention.measure
    monkeypatch.setattr(
        capability_retention, "measure", lambda *args, **kwargs: honest(*args, **{**kwargs, "quick": True})
    )
    method = path.parent.name
    more = ["grpo.reward=plain_letters"] if method == "grpo" else []
    few = ["data.n_heldout=2", "evaluate.max_new_tokens=4", "probe.n=2", "train.max_steps=2"]
    code = main([method, "--smoke", "--config", str(path), *few, *more, "--out", str(tmp_path / "run")])
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert code == report["gate"]["exit_code"] and report["run"]["status"] == "smoke"
    assert report["train"]["steps"] in (2, 3) and (tmp_path / "run" / "report.html").is_file()


def test_vllm_is_asked_for_by_the_configuration(tmp_path, capsys):
    from training.models.shapes import architecture_of

    path = FOLDER / "grpo" / "qwen2.5_7b_lora_80gb.yaml"
    assert main(["grpo", "--config", str(path), "grpo.use_vllm=true", "--dry-run"]) == 3
    assert "grpo.use_vllm: the package vllm is not installed" in capsys.readouterr().err
    small = configuration.smoke(load_config(path, ["grpo.use_vllm=true"]), architecture_of("Qwen/x"))
    assert small.grpo.use_vllm is False


@pytest.mark.long  # make test starts two processes for sft (test_sft.py); each start loads torch again
def test_two_processes_give_the_single_ones_loss_curve_on_pairs(tmp_path):
    """Gloo on one CPU: DPO's mean over pairs is the mean of the processes' means."""
    losses = []
    for launch, size in (([], 4), (["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"], 2)):
        out = tmp_path / f"of-{size}"
        given = {**os.environ, "PYTHONPATH": str(ROOT), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        line = [
            sys.executable,
            *launch,
            "-m",
            "training",
            "dpo",
            "--config",
            str(FOLDER / "dpo" / "tiny.yaml"),
            "dpo.nll_weight=0",
            f"train.per_device_train_batch_size={size}",
            "train.max_steps=3",
            "--out",
            str(out),
        ]
        if size == 4:  # alone, but training only, as the launched ones do
            line = [
                sys.executable,
                "-c",
                "import sys; from training import cli; from training.commands import train; train.launched ="
                " lambda args: True; sys.exit(cli.main(sys.argv[1:]))",
                *line[3 + len(launch) :],
            ]
        done = subprocess.run(line, cwd=ROOT, env=given, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        losses.append(json.loads((out / "report.json").read_text())["train"]["loss"])
    assert len(losses[0]) == 3 and losses[1] == pytest.approx(losses[0], rel=1e-4)
