"""A run that is begun again where one lies, or gone on with: nothing of another run is taken for its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.training.method_runs import CONFIGS, adapter_bytes, train
from training.cli import main
from training.commands import train as train_command
from training.methods import registry, warm_start
from training.methods.callbacks import StepLog
from training.methods.distill import rows as distill_rows
from training.methods.distill import student
from training.methods.dpo import pairs as dpo_pairs
from training.methods.embed import measure as embed_measure
from training.methods.embed import mining
from training.methods.embed import train as embed
from training.methods.sft import train as sft
from training.models import loading
from training.run import folder as run_folder
from training.run.errors import Interrupted
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(5)

FILES = {"sft": [], "embed": ["embed.pairs=file"], "distill": ["distill.rows=task", "train.max_length=512"]}


def write(method: str, folder: Path, word: str) -> list[str]:
    """Files of rows with a word in them, and the settings that name them."""
    for name in ("train", "test"):
        asked, said = ("anchor", "positive") if method == "embed" else ("prompt", "completion")
        rows = [{asked: f"{name} {word} {n}?", said: f"{word} {n} is {n}"} for n in range(8)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [f"data.train_file={folder / 'train.jsonl'}", f"data.heldout_files={{t: {folder / 'test.jsonl'}}}",
            "task=jsonl", *FILES[method]]  # fmt: skip


def tiny(method: str, out: Path, *more: str) -> list[str]:
    return [method, "--config", str(CONFIGS / method / "tiny.yaml"), "--out", str(out), "train.max_steps=3", *more]


def test_everything_that_a_walk_leaves_is_known_to_the_run_folder():
    made = {warm_start.WARM, dpo_pairs.PAIRS_FILE, mining.ROWS_FILE, distill_rows.WRITTEN, student.CACHE_FILE}
    assert made | {"adapter", "variants", "checkpoints", "round-[0-9]*"} == set(run_folder.LEFT)


@pytest.mark.few(2)
@pytest.mark.parametrize("method", FILES)
def test_the_same_command_on_other_rows_takes_nothing_from_the_run_before(method, tmp_path, capsys):
    settings = write(method, tmp_path, "red")
    assert main(tiny(method, tmp_path / "run", *settings)) in (0, 10, 11, 12)
    write(method, tmp_path, "blue and green")
    for name in ("run", "fresh"):
        assert main(tiny(method, tmp_path / name, *settings)) in (0, 10, 11, 12)
    assert "taken from the interrupted run" not in capsys.readouterr().err
    weights = [next((tmp_path / name / "adapter").glob("*.safetensors")).read_bytes() for name in ("run", "fresh")]
    assert weights[0] == weights[1]


@pytest.mark.few(2)
@pytest.mark.parametrize("method", FILES)
def test_begun_again_and_stopped_at_once_it_still_takes_nothing_from_the_run_before(method, tmp_path, monkeypatch):
    settings = write(method, tmp_path, "red")
    assert main(tiny(method, tmp_path / "run", *settings)) in (0, 10, 11, 12)
    write(method, tmp_path, "blue and green")
    with monkeypatch.context() as patch:
        patch.setattr(*((sft, "train") if method == "sft" else (registry, "load_rows")), interrupted)
        assert main(tiny(method, tmp_path / "run", *settings)) == 130
    assert main([method, "--resume", str(tmp_path / "run")]) in (0, 10, 11, 12)
    assert main(tiny(method, tmp_path / "fresh", *settings)) in (0, 10, 11, 12)
    weights = [next((tmp_path / name / "adapter").glob("*.safetensors")).read_bytes() for name in ("run", "fresh")]
    assert weights[0] == weights[1]


def test_a_run_that_ends_before_it_trains_leaves_the_adapter_of_the_one_before(tmp_path, monkeypatch):
    assert main(tiny("embed", tmp_path / "run")) in (0, 10, 11, 12)
    monkeypatch.setattr(embed_measure, "measure", interrupted)
    assert main(tiny("embed", tmp_path / "run")) == 130
    assert next((tmp_path / "run" / "adapter").glob("*.safetensors")).is_file()


def test_what_lies_behind_a_link_is_not_removed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    run, _, (config, *_) = train("sft", tmp_path / "run", ["train.max_steps=1"])
    (run.path / "round-table.txt").touch()
    shutil.rmtree(run.checkpoints)
    run.checkpoints.symlink_to(tmp_path / "elsewhere")
    run.create(config, "test")
    run.begin_training()
    assert not run.checkpoints.is_symlink() and not run.adapter.exists()
    assert (tmp_path / "elsewhere" / "kept").exists() and (run.path / "round-table.txt").exists()


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_a_folder_that_is_no_run_keeps_what_lies_in_it(tmp_path):
    (tmp_path / "pairs.jsonl").touch()
    assert main(tiny("sft", tmp_path)) == 0
    assert (tmp_path / "pairs.jsonl").exists()
    assert main([*tiny("sft", tmp_path), "train.max_steps=1"]) == 2  # another run's settings
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize("method", FILES)
def test_a_run_does_not_go_on_with_other_rows(method, tmp_path, capsys, monkeypatch):
    settings = write(method, tmp_path, "red")
    stop_in_step(monkeypatch, 2)
    assert main(tiny(method, tmp_path / "run", *settings)) == 130
    write(method, tmp_path, "blue")
    assert main([method, "--resume", str(tmp_path / "run")]) == 2
    assert "begun with other rows" in capsys.readouterr().err.splitlines()[-1]


def stop_in_step(monkeypatch, step: int) -> None:
    """Ctrl-C in this step of the first walk that comes to it."""
    honest, done = StepLog.on_step_end, []

    def on_step_end(self, args, state, control, **rest):
        if state.global_step == step and not done:
            done.append(step)
            self.stopped = True
        return honest(self, args, state, control, **rest)

    monkeypatch.setattr(StepLog, "on_step_end", on_step_end)


@pytest.mark.few(1)
@pytest.mark.parametrize("step", [1, 2])  # of the warm start's two
def test_ctrl_c_in_the_warm_start_loses_no_step_and_is_heard_in_the_last_one_too(tmp_path, capsys, monkeypatch, step):
    more = ["dpo.warm_start_rows=16", "train.max_steps=1"]
    straight = train("dpo", tmp_path / "straight", more)[0]
    stop_in_step(monkeypatch, step)
    with pytest.raises(Interrupted, match="stopped in the warm start; resume with"):
        train("dpo", tmp_path / "run", more)
    again = train("dpo", tmp_path / "run", more, begun=True)[0]
    assert [event["step"] for event in RunFolder(tmp_path / "run" / warm_start.WARM).events("step")] == [1, 2]
    assert adapter_bytes(again) == adapter_bytes(straight)
    assert capsys.readouterr().err.count("step 1/2") == 2  # the straight run's, and the stopped one's


def test_the_line_to_go_on_with_keeps_what_was_said_about_the_probe(tmp_path, capsys, monkeypatch):
    def phases(config, folder, args):
        folder.create(config, args.command_line)
        raise KeyboardInterrupt

    monkeypatch.setattr(train_command, "all_phases", phases)
    for word in ((), ("--anyway",)):
        assert main(tiny("dpo", tmp_path / "run", *word)) == 130
        line = " ".join(["  python -m training train", *word, "--resume", str(tmp_path / "run")])
        assert capsys.readouterr().err.splitlines()[-1] == line


def test_a_warm_start_that_was_killed_while_it_was_saved_is_made_again(tmp_path):
    own = RunFolder(tmp_path / warm_start.WARM)
    own.adapter.mkdir(parents=True)
    (own.adapter / "adapter_model.safetensors").write_bytes(b"half")
    assert not warm_start.load_adapter_weights(None, own)


@pytest.mark.parametrize("command", ["sft", "embed"])
@pytest.mark.parametrize("place", ["load_base", "train"])
def test_ctrl_c_outside_the_steps_says_how_to_go_on(tmp_path, capsys, monkeypatch, command, place):
    with monkeypatch.context() as patch:
        if place == "train":
            patch.setattr({"sft": sft, "embed": embed}[command], "train", interrupted)
        else:
            patch.setattr(loading if command == "sft" else registry, "load_base", interrupted)
        assert main(tiny(command, tmp_path / "run")) == 130
    said = capsys.readouterr().err.splitlines()[-1]
    begun = place == "train" or command == "embed"  # sft begins its folder when the rows are read
    assert (tmp_path / "run").exists() == begun
    if begun:
        assert said == f"  python -m training {command} --resume {tmp_path / 'run'}"
        assert main([command, "--resume", str(tmp_path / "run")]) in (0, 10, 11, 12)
    else:
        assert "the same command starts it" in said
