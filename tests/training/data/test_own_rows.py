"""Rows of one's own: their scorer, their examples, their system turn, and files that lie beside the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.data import rewards, splits
from training.data.system_turn import system_of
from training.evaluation import score
from training.methods.configuration import load_config
from training.run.errors import BadInput

TINY = Path("training/configs/sft/tiny.yaml").read_text()
ROW = {"prompt": "What is 1 + 1?", "completion": "2"}


def written(folder: Path, task: str) -> Path:
    """A configuration in ``folder`` with this task, and the files that it may name."""
    (folder / "rows.jsonl").write_text(json.dumps(ROW))
    (folder / "shots.jsonl").write_text(json.dumps({**ROW, "prompt": "What is 2 + 1?", "completion": "3"}))
    (folder / "scorer.py").write_text("def score(answer, expected):\n    return answer == expected\n")
    path = folder / "config.yaml"
    path.write_text(TINY.replace("task: orders", task).replace("data:", "data:\n  train_file: rows.jsonl"))
    return path


def test_a_section_names_scorer_examples_and_system_turn(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "task:\n  scorer: number:1%\n  shots_file: shots.jsonl\n  system: Add."))
    task = splits.task_of(config)
    assert task.score("2.01", "2")["exact"] == 1 and task.shots == (("What is 2 + 1?", "3"),) and task.system == "Add."
    assert splits.load(config).train[0]["messages"][0] == {"role": "system", "content": "Add."}
    assert score.controls(config) == ("base", "base_few_shot")
    assert system_of(config) == "Add."


def test_files_beside_the_configuration_are_found_from_anywhere(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "task:\n  scorer: scorer.py:score"))
    assert config.data.train_file == str(tmp_path / "rows.jsonl")
    assert splits.task_of(config).score("2", "2")["exact"] == 1
    assert score.controls(config) == ("base",)  # without examples there is no second prompt


def test_a_file_beside_the_configuration_comes_before_one_where_we_stand(tmp_path: Path, monkeypatch) -> None:
    """Else a file of another task, left where one stands, is trained on in silence."""
    (tmp_path / "mine").mkdir()
    path = written(tmp_path / "mine", "task:\n  scorer: scorer.py:score")
    for name in ("rows.jsonl", "scorer.py"):
        (tmp_path / name).write_text("of another task")
    monkeypatch.chdir(tmp_path)
    config = load_config(path)
    assert config.data.train_file == str(tmp_path / "mine" / "rows.jsonl")
    assert config.task_settings.scorer == f"{tmp_path / 'mine' / 'scorer.py'}:score"


def test_settings_on_the_command_line_turn_a_name_into_a_section(tmp_path: Path) -> None:
    path = written(tmp_path, "task: jsonl")
    plain, scored = load_config(path), load_config(path, ["task.scorer=contains"])
    assert plain.task == "jsonl" and scored.task_settings.scorer == "contains"
    assert (
        splits.task_of(scored).score("it is 2.", "2")["exact"]
        == 1
        > splits.task_of(plain).score("it is 2.", "2")["exact"]
    )


@pytest.mark.parametrize(("words", "said"), [
    (["task.scorer=exakt"], "task.scorer"), (["task.scorer=judge"], "task.judge"), (["task.scorrer=exact"], "scorer"),
    (["task.scorer=no.py:score"], "no.py"), (["task.shots_file=no.jsonl"], "no.jsonl"),
    (["task.scorer=3"], "task.scorer"),
    (["task.name=orders", "task.scorer=exact"], "orders"), (["task.name=nothing"], "nothing"),
    (["report_to=somebody"], "report_to"), (["task.judge={url: x, model: y}"], "judge"),
    (["task.scorer=judge", "task.judge={url: x, model: y}"], "task.judge.url"),
])  # fmt: skip
def test_what_cannot_be_used_is_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        splits.task_of(load_config(written(tmp_path, "task: jsonl"), words))
    assert "\n" not in str(caught.value)


def test_a_held_out_answer_that_cannot_be_scored_is_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(
        json.dumps(ROW) + "\n" + json.dumps({**ROW, "prompt": "x", "completion": "many"})
    )
    path = written(tmp_path, "task:\n  scorer: number")
    with pytest.raises(BadInput, match=r"test.jsonl:2: wrong-target: .*no number"):
        splits.load(load_config(path, [f"data.heldout_files={{test: {tmp_path / 'test.jsonl'}}}"]))


def test_chat_takes_the_system_turn_that_the_rows_share(tmp_path: Path) -> None:
    path = written(tmp_path, "task: jsonl")
    said = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    turns = [{"role": "system", "content": text} for text in ("Be brief.", "Be brief.", "Be long.")]
    rows = [{"messages": [turn, *said]} for turn in turns]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert system_of(load_config(path)) == "Be brief."
    (tmp_path / "rows.jsonl").unlink()
    assert system_of(load_config(path)) == "" and "JSON" in system_of(load_config("training/configs/sft/tiny.yaml"))


def test_a_reward_of_ones_own_scores_and_its_faults_are_said_as_theirs(tmp_path: Path) -> None:
    file = tmp_path / "rewards.py"
    file.write_text("def near(answer, expected):\n    return 1 - abs(int(answer) - int(expected)) / 10\n")
    found = rewards.named(f"{file}:near+one_line")
    values, problems = rewards.score(found[f"{file}:near"], "near", ["7", "x"], ["8", "8"], ["a", "b"])
    assert values[0] == 0.9 and values[1] != values[1] and problems[0].message.startswith(f"{file}:2: ValueError")
    path = written(tmp_path, "task: sums")
    tiny = Path("training/configs/grpo/tiny.yaml").read_text()
    path.write_text(tiny.replace("plain_letters", "one_line+rewards.py:near"))
    assert load_config(path).grpo.reward == f"one_line+{file}:near"
    for wrong in (f"{file}:far", f"{tmp_path}/no.py:near", "nothing"):
        with pytest.raises(BadInput, match=r"grpo\.reward"):
            rewards.named(wrong)
