"""A few rows learnt by heart, the reasons when that fails, and the loss on held-out rows while training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.cli import main
from training.methods import overfit
from training.methods.configuration import load_config
from training.models.generate import Generation
from training.run import jsonl
from training.run.errors import NO_GAIN

pytestmark = pytest.mark.torch
TINY = "training/configs/sft/tiny.yaml"


def rows_file(folder: Path) -> str:
    """Four short rows, and settings that lead to them."""
    rows = [{"prompt": f"Say {word}.", "completion": word} for word in ("red", "blue", "green", "black")]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(folder / "rows.jsonl")


def test_four_rows_are_learnt_by_heart_or_the_rate_is_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    mine = ["task=jsonl", f"data.train_file={rows_file(tmp_path)}", "--overfit", "4"]
    assert main(["train", "--config", TINY, *mine, "lora=null", "--out", str(tmp_path / "a")]) == 0
    assert "learnt 4 of 4 rows by heart" in capsys.readouterr().out
    slow = ["train.learning_rate=1e-6", "--out", str(tmp_path / "b")]
    assert main(["train", "--config", TINY, *mine, *slow]) == NO_GAIN
    said = capsys.readouterr().out
    assert "not learnt: 0 of 4" in said and "train.learning_rate 1e-06 is too low" in said


def test_each_cause_has_its_sentence() -> None:
    config = load_config(TINY)
    row = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "id": "one"}
    other = {"messages": [row["messages"][0], {"role": "assistant", "content": "z"}], "id": "two"}
    ended, endless = Generation("y", 2, True), Generation("y y y", 9, False)
    for rows, answers, losses, said in (
        ([row, other], [ended, ended], [3.0, 0.3], "two different answers"),
        ([row], [endless], [3.0, 4.0], "is too high"),
        ([row], [endless], [3.0, 2.0], "is too low"),
        ([row], [endless], [3.0, 0.01], "do not end"),
        ([row], [Generation("Y", 2, True)], [3.0, 0.01], "row one is answered with 'Y'"),
    ):
        (reason,) = overfit.reasons(config, rows, answers, losses)
        assert said in reason


@pytest.mark.parametrize("words", [["--overfit", "0"], ["--overfit", "65"], ["--overfit", "40"],
                                   ["--config", "training/configs/grpo/tiny.yaml", "--overfit", "4"]])  # fmt: skip
def test_a_number_that_cannot_be_is_one_line(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given = words if "--config" in words else ["--config", TINY, *words]
    assert main(["train", *given, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "--overfit" in said and said.count("\n") == 1 and not (tmp_path / "run").exists()


def test_the_loss_on_held_out_rows_is_logged_while_training(tmp_path: Path) -> None:
    train = ["sft", "--config", TINY, "train.max_steps=4", "--out"]
    assert main([*train, str(tmp_path / "plain")]) == 0
    assert main([*train, str(tmp_path / "watched"), "train.eval_steps=2"]) == 0
    plain, watched = (jsonl.read(tmp_path / name / "log.jsonl") for name in ("plain", "watched"))
    looks = [event for event in watched if event["event"] == "validation"]
    assert [event["step"] for event in looks] == [2, 4] and all(0 < event["loss"] < 20 for event in looks)
    losses = [[event["loss"] for event in events if event["event"] == "step"] for events in (plain, watched)]
    assert losses[0] == losses[1]  # looking changes nothing


def test_figures_go_to_nobody_who_is_not_installed(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["sft", "--config", TINY, "report_to=wandb", "--out", str(tmp_path / "run")]) == 3
    assert "pip install wandb" in capsys.readouterr().err
