"""A new folder: it fits together, its rows are clean, a file of any form fills it, and nothing is overwritten."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from labs_py.core import starting_recipes
from training.cli import main
from training.commands.new import scorer_for
from training.data import splits
from training.data.check import check_file
from training.evaluation import score
from training.methods.configuration import load_config
from training.run import jsonl


def made(folder: Path, *words: str) -> Path:
    """A new folder."""
    assert main(["new", str(folder), *words]) == 0
    return folder


def test_the_sample_fits_together(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = made(tmp_path / "my-task")
    assert {file.name for file in folder.iterdir()} == {
        "rows.jsonl", "test.jsonl", "shots.jsonl", "scorer.py", "config.yaml", "ask.json", "README.md"}  # fmt: skip
    config = load_config(folder / "config.yaml")
    task, loaded = splits.task_of(config), splits.load(config)
    assert loaded.n == {"train": 24, "replay": 14, "test": 12} and len(task.shots) == 4
    assert task.score(" Heating, today. ", "heating, today")["exact"] == 1
    assert score.controls(config) == ("base", "base_few_shot") and config.train.eval_steps > 0
    held_out = [row["messages"] for row in loaded.heldout["test"]]
    assert not list(check_file(folder / "rows.jsonl", held_out))
    assert f"--config {folder / 'config.yaml'}" in capsys.readouterr().out


def test_every_line_of_the_settings_is_explained_and_every_step_has_its_command(tmp_path: Path) -> None:
    folder = made(tmp_path / "my-task")
    lines = (folder / "config.yaml").read_text().splitlines()
    assert [line for line in lines if line.startswith(" ") and "  # " not in line] == []
    text = (folder / "README.md").read_text()
    steps = [line for line in text.splitlines() if line[:2] in {f"{n}." for n in range(1, 10)}]
    assert len(steps) == 6 and text.count("`python -m training ") == 5 and "$" not in text


def test_few_held_out_rows_and_a_missing_instruction_are_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("question,answer\n" + "".join(f"product {n},code {n % 3}\n" for n in range(60)))
    made(tmp_path / "mine", "--from", str(file))
    said = capsys.readouterr().out
    assert "note: 12 held-out rows give a score within about 25 points either way; with 100 it is about 10" in said
    assert "task.system" in said


FORMS = {
    "rows.csv": lambda rows: "question,answer\n" + "".join(f"{q},{a}\n" for q, a in rows),
    "rows.json": lambda rows: json.dumps([{"instruction": q, "input": "", "output": a} for q, a in rows]),
    "rows.jsonl": lambda rows: "\n".join(json.dumps({"conversations": [{"from": "human", "value": q},
                                                                       {"from": "gpt", "value": a}]}) for q, a in rows),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_it_is_filled_from_a_file_of_any_form(name: str, tmp_path: Path) -> None:
    rows = [(f"What is {n} plus {n}?", str(2 * n)) for n in range(40)]
    (tmp_path / name).write_text(FORMS[name](rows))
    folder = made(tmp_path / "mine", "--from", str(tmp_path / name))
    config = load_config(folder / "config.yaml")
    loaded = splits.load(config)
    parts = [jsonl.read(folder / f"{part}.jsonl") for part in ("rows", "test", "shots")]
    asked = [row["messages"][0]["content"] for part in parts for row in part]
    assert sorted(asked) == sorted(q for q, _ in rows) and len(parts[1]) == 8 == len(loaded.heldout["test"])
    assert config.task_settings.scorer == "number"


def test_nothing_is_overwritten_and_wrong_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = made(tmp_path / "my-task")
    before = {file: file.read_bytes() for file in folder.iterdir()}
    few, pairs = tmp_path / "few.csv", tmp_path / "pairs.jsonl"
    few.write_text("question,answer\na,b\n")
    pairs.write_text(json.dumps({"prompt": "a", "chosen": "b", "rejected": "c"}))
    for words in ([str(folder)], [str(few)], [str(tmp_path / "x"), "--from", str(tmp_path / "no.csv")],
                  [str(tmp_path / "x"), "--from", str(few)], [str(tmp_path / "x"), "--from", str(pairs)]):  # fmt: skip
        capsys.readouterr()
        assert main(["new", *words]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1
    assert before == {file: file.read_bytes() for file in folder.iterdir()} and not (tmp_path / "x").exists()


@pytest.mark.parametrize(("answers", "scorer"), [
    (['{"a": 1}', '{"a": 2}'], "json"), (["1", "2.5"], "number"), (["yes", "no"] * 9, "choice:yes,no"),
    (["07:15", "12:40", "18:30"], "normalized_exact"), (["$1,200", "7%", "-3"], "number"),
    (["C", "C++", "C#"], "exact"), (["?!", "..."], "exact"), (["Yes.", "yes", "no"], "normalized_exact"),
    (["A long answer.", "Another one."], "normalized_exact"), (["yes, now", "no"] * 9, "normalized_exact"),
])  # fmt: skip
def test_the_scorer_suits_the_answers(answers: list[str], scorer: str) -> None:
    assert scorer_for(answers)[0] == scorer


def test_each_recipe_has_a_reason_for_each_setting() -> None:
    for parameters in (1e8, 1.5e9, 7e9, 7e10):
        for rows in (20, 500, 5000, 50_000):
            for method in ("sft", "dpo", "grpo"):
                found = starting_recipes.recipe(parameters, rows, method)
                assert set(found.why) | {"why"} == {field.name for field in fields(starting_recipes.Recipe)}
    assert starting_recipes.recipe(1e8, 20).learning_rate > starting_recipes.recipe(7e9, 20).learning_rate
    assert starting_recipes.recipe(7e9, 20).num_train_epochs > starting_recipes.recipe(7e9, 20_000).num_train_epochs
    bundled = starting_recipes.recipe(1e8, 92, source="bundled:smollm2-135m-instruct")
    assert bundled.replay_chats == 46 and bundled.layers_to_transform == "from:10"
    assert starting_recipes.recipe(1e8, 92).replay_chats == 0 and starting_recipes.recipe(1e8, 92).replay_fraction == 0
    assert starting_recipes.recipe(7e9, 20, "dpo").learning_rate < starting_recipes.recipe(7e9, 20).learning_rate
