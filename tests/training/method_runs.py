"""What the tests of the methods share: a run on a tiny random model, and one that is broken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import ROOT
from training.methods import registry
from training.methods.callbacks import StepLog
from training.methods.configuration import load_config
from training.run.folder import RunFolder

CONFIGS = ROOT / "training" / "configs"


def train(method: str, folder: Path, overrides=(), resume=None, architecture="llama", file="tiny.yaml",
          begun=False):  # fmt: skip
    """A run of a method's tiny configuration, without the evaluation around it; ``begun``: in a folder of its own."""
    settings = [f"model.source=tiny-random:{architecture}", *overrides]
    config = load_config(CONFIGS / method / file, settings)
    loaded = registry.load_base(config)
    rows = registry.load_rows(config, loaded.tokenizer)
    run = RunFolder(folder)
    if not (resume or begun):
        run.create(config, "test", loaded.dtype)
    result = registry.training_module(config).train(config, rows.train, loaded, run, resume, "train")
    return run, result, (config, loaded, rows)


def broken_off(method: str, folder: Path, overrides, step: int, walk: int = 1) -> RunFolder:
    """A run that ends without warning just after the checkpoint of ``step``, of its first walk or a later one."""
    reached = []

    class Kill(Exception):
        pass

    honest = StepLog.on_save

    def on_save(self, args, state, control, **rest):
        honest(self, args, state, control, **rest)
        reached.extend([step] * (state.global_step == step))
        if len(reached) == walk:
            raise Kill

    StepLog.on_save = on_save
    try:
        with pytest.raises(Kill):
            train(method, folder, overrides)
    finally:
        StepLog.on_save = honest
    return RunFolder(folder)


def adapter_bytes(run: RunFolder) -> bytes:
    return (run.adapter / "adapter_model.safetensors").read_bytes()


def resumed_is_straight(method: str, tmp_path: Path, overrides, step: int, walk: int = 1) -> None:
    """The run that was broken off after ``step`` and gone on with ends where the straight one ends."""
    straight = train(method, tmp_path / "straight", overrides)[0]
    stopped = broken_off(method, tmp_path / "stopped", overrides, step, walk)
    again = train(method, tmp_path / "stopped", overrides, resume=stopped.last_checkpoint())[0]
    assert adapter_bytes(again) == adapter_bytes(straight)
    assert again.read()["train"]["loss"] == straight.read()["train"]["loss"]
    assert [e["step"] for e in again.events("method")] == [e["step"] for e in straight.events("method")]
