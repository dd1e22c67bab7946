"""Training itself, on a tiny random model: what moves, what stays, what a kill leaves behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.checkout import ROOT
from tests.training.sample_rows import make_rows
from training import cli
from training.methods.configuration import load_config
from training.methods.sampler import OrderedSampler
from training.methods.sft import train as sft
from training.methods.sft.collator import AnswerCollator
from training.models import guards, loading
from training.run.folder import MARK, RunFolder

pytestmark = pytest.mark.drawn(6)

TINY = ROOT / "training" / "configs" / "sft" / "tiny.yaml"


def train(folder: Path, overrides=(), rows=None, resume=None, architecture="llama"):
    """A run of the tiny configuration on the sample rows."""
    config = load_config(TINY, [f"model.source=tiny-random:{architecture}", *overrides])
    loaded = loading.load_base(config.model)
    run = RunFolder(folder)
    if not resume:
        run.create(config, "test", loaded.dtype)
    result = sft.train(config, rows or make_rows(32), loaded, run, resume, quiet=True)
    return run, result, loaded


def adapter_bytes(run: RunFolder) -> bytes:
    return (run.adapter / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
def test_only_the_adapter_moves_and_the_loss_falls(tmp_path, architecture):
    before = loading.load_base(load_config(TINY, [f"model.source=tiny-random:{architecture}"]).model).model
    kept = {n: p.clone() for n, p in before.named_parameters()}
    run, result, _ = train(tmp_path / "run", architecture=architecture)
    for name, parameter in result.model.named_parameters():
        if "lora_" not in name:
            original = name.removeprefix("base_model.model.").replace(".base_layer", "")
            assert torch.equal(parameter, kept[original]), name  # frozen bit for bit
    losses = result.facts["loss"]
    assert len(losses) == result.facts["steps"] == 8
    assert losses[-1] < losses[0] - 0.02
    assert {p.name for p in run.adapter.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "stage10.json",
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    first, second = train(tmp_path / "a")[0], train(tmp_path / "b")[0]
    assert adapter_bytes(first) == adapter_bytes(second)
    assert adapter_bytes(train(tmp_path / "c", ["train.seed=1"])[0]) != adapter_bytes(first)


@pytest.mark.parametrize("switch", ["train.shared_prefix=false", "train.sparse_logits=false"])
def test_the_savings_change_no_result(tmp_path, switch):
    quick, plain = train(tmp_path / "quick")[1], train(tmp_path / "plain", [switch])[1]
    # float32 sums in another order, carried through eight steps of AdamW
    assert quick.facts["loss"] == pytest.approx(plain.facts["loss"], rel=1e-4)


def test_accumulation_is_the_same_step(tmp_path):
    """Two micro-batches of two weigh their labels together: the same loss as one batch of four."""
    one = train(tmp_path / "one")[1]
    two = train(tmp_path / "two", ["train.per_device_train_batch_size=2", "train.gradient_accumulation_steps=2"])[1]
    assert one.facts["loss"] == pytest.approx(two.facts["loss"], rel=1e-4)


def test_the_adapter_comes_back_as_it_left(tmp_path):
    run, result, loaded = train(tmp_path / "run")
    ids = torch.arange(40)[None]
    fresh = loading.load_base(load_config(TINY).model).model
    with torch.no_grad():
        base = fresh(input_ids=ids).logits.clone()
        again = loading.attach_adapter(fresh, run.adapter)
        assert torch.equal(again(input_ids=ids).logits, result.model(input_ids=ids).logits)
        assert not torch.equal(again(input_ids=ids).logits, base)


def test_resumed_from_any_checkpoint_it_ends_where_the_straight_run_ends(tmp_path):
    straight = train(tmp_path / "straight", ["train.save_steps=2"])[0]
    for step in (2, 6):
        run = tmp_path / f"from-{step}"
        stopped = RunFolder(run)
        config = ["train.save_steps=2"]
        broken_off(run, config, step)
        assert stopped.last_checkpoint().name == f"checkpoint-{step}"
        again = train(run, config, resume=stopped.last_checkpoint())[0]
        assert adapter_bytes(again) == adapter_bytes(straight)
        assert again.read()["train"]["loss"] == straight.read()["train"]["loss"]


def broken_off(folder: Path, overrides, step: int) -> None:
    """A run that ends without warning just after the checkpoint of ``step``."""
    from training.methods.callbacks import StepLog

    class Kill(Exception):
        pass

    honest = StepLog.on_save

    def on_save(self, args, state, control, **rest):
        honest(self, args, state, control, **rest)
        if state.global_step == step:
            raise Kill

    StepLog.on_save = on_save
    try:
        with pytest.raises(Kill):
            train(folder, overrides)
    finally:
        StepLog.on_save = honest


def test_a_half_written_checkpoint_is_not_gone_on_from(tmp_path):
    run = RunFolder(tmp_path)
    for step, whole in ((3, True), (6, True), (9, False)):
        folder = run.checkpoints / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if whole:
            (folder / MARK).touch()
    assert run.last_checkpoint().name == "checkpoint-6"


def command(*arguments: str, **environment: str) -> subprocess.Popen:
    """``python -m training`` as a process of its own."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen([sys.executable, "-m", "training", *arguments], cwd=ROOT, env=given, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def wait_for_steps(folder: Path, steps: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / "log.jsonl").exists() and (folder / "log.jsonl").read_text().count('"step"') >= 2 * steps:
            return
        time.sleep(0.05)


@pytest.mark.slow
def test_killed_at_a_random_step_and_resumed(tmp_path):
    """A real kill of a real process; then the printed command, then the same end as the straight run."""
    many = ["train.num_train_epochs=8", "train.save_steps=5", "data.n_train=16"]
    config = str(TINY)
    assert cli.main(["sft", "--config", config, *many, "--out", str(tmp_path / "straight")]) == 0
    process = command("sft", "--config", config, *many, "--out", str(tmp_path / "killed"))
    wait_for_steps(tmp_path / "killed", random.SystemRandom().randint(6, 26), process)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert cli.main(["sft", "--resume", str(tmp_path / "killed")]) == 0
    straight, again = RunFolder(tmp_path / "straight"), RunFolder(tmp_path / "killed")
    assert adapter_bytes(again) == adapter_bytes(straight)
    assert again.read()["train"]["loss"] == straight.read()["train"]["loss"]
    assert again.read()["run"]["status"] == "smoke"


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    process = command(
        "sft", "--config", str(TINY), "train.num_train_epochs=200", "data.n_train=16", "--out", str(tmp_path / "run")
    )
    wait_for_steps(tmp_path / "run", 3, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"python -m training sft --resume {tmp_path / 'run'}" in errors
    assert "Traceback" not in errors
    assert RunFolder(tmp_path / "run").last_checkpoint() is not None


@pytest.mark.slow
def test_two_processes_give_the_single_ones_loss_curve(tmp_path):
    """Gloo on one CPU: two micro-batches of two rows side by side are one of four."""
    alone = ["data.n_train=16", "train.per_device_train_batch_size=4", "--out", str(tmp_path / "single")]
    assert cli.main(["sft", "--config", str(TINY), *alone]) == 0
    single = json.loads((tmp_path / "single" / "report.json").read_text())
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    double = train_by_command(tmp_path / "double", launch, ["train.per_device_train_batch_size=2"])
    assert len(double["train"]["loss"]) == len(single["train"]["loss"]) == 4
    assert double["train"]["loss"] == pytest.approx(single["train"]["loss"], rel=1e-4)
    assert double["environment"]["processes"] == 2


def train_by_command(out: Path, launch: list[str], overrides: list[str]) -> dict:
    """``sft`` run as a command of its own, launched in parallel; its report."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    run = [
        sys.executable,
        *launch,
        "-m",
        "training",
        "sft",
        "--config",
        str(TINY),
        "data.n_train=16",
        *overrides,
        "--out",
        str(out),
    ]
    done = subprocess.run(run, cwd=ROOT, env=given, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((out / "report.json").read_text())


def test_the_order_is_every_row_once_and_the_incomplete_step_last():
    lengths = [(i * 37) % 50 for i in range(103)]
    for bucket in (False, True):
        sampler = OrderedSampler(lengths, 8, seed=5, bucket=bucket)
        first = list(sampler)
        assert sorted(first) == list(range(103))
        assert first == list(sampler)
        sampler.set_epoch(1)
        assert list(sampler) != first
    spread = [
        max(lengths[i] for i in first[k : k + 8]) - min(lengths[i] for i in first[k : k + 8]) for k in range(0, 96, 8)
    ]
    assert sum(spread) / len(spread) < 15  # of 50: batches of like length


def test_a_batch_without_labels_gives_zero_and_not_nan(tmp_path):
    run, result, loaded = train(tmp_path / "run", ["train.max_steps=1"])
    ids = list(range(40))
    batch = AnswerCollator(2, True)([{"input_ids": ids, "labels": [guards.IGNORED] * 40}] * 2)
    loss = result.model.train()(**batch, answer_loss=True)["loss"]
    loss.backward()
    assert float(loss.detach()) == 0.0


def test_a_bad_row_is_named(tmp_path):
    from training.run.errors import BadInput

    with pytest.raises(BadInput, match="training row 33: too-long"):
        train(tmp_path / "run", rows=[*make_rows(32), {"messages": [{"role": "user", "content": "x" * 3000},
                                                                {"role": "assistant", "content": "y"}]}])  # fmt: skip
