"""A task is found by its file: adding one is enough, and a file without a task is named in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from training import cli
from training.data import splits
from training.data import tasks as package
from training.data.system_turn import task_system_prompt
from training.data.tasks import registry
from training.evaluation import baseline_cache
from training.methods.configuration import load_config
from training.models.loading import LoadedModel

TASK = """
from training.data.tasks.base import Task


class Echo(Task):
    def rows(self, set_name, count=None, seed=0, variant="default"):
        return [self.row(f"{set_name} {n}", str(n), id=str(n)) for n in range(count or 3)]


TASK = Echo(name="NAME", title="t", shape="s", system="Say the number.", sets=("train", "test"), headline="test",
            metrics=("exact", "valid", "content"), max_new_tokens=4)
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """``add(path, text)`` puts a file beside the tasks, in a folder that stands for theirs until the test ends."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "text.py").write_text((registry.FOLDER / "text.py").read_text())
    monkeypatch.setattr(registry, "FOLDER", folder)
    monkeypatch.setattr(package, "__path__", [str(folder), *package.__path__])
    registry.names.cache_clear()

    def write(name: str, text: str) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        registry.names.cache_clear()

    yield write
    monkeypatch.undo()
    registry.names.cache_clear()


@pytest.mark.parametrize(("file", "name"), [("echo_file.py", "echo_file"), ("echo_folder/task.py", "echo_folder")])
def test_a_new_file_is_a_task_for_configurations_data_and_chat(add, tmp_path, file, name) -> None:
    add(file, TASK.replace("NAME", name))
    assert name in registry.names() and registry.get(name).name == name
    config = load_config("configs/sft/smollm2_orders.yaml", [f"task={name}", "data.n_train=5"])
    assert [row["id"] for row in splits.task_of(config).rows("train", 5)] == list("01234")
    assert task_system_prompt(name) == "Say the number."
    wanted = ["data", "build", "--out", str(tmp_path), f"task={name}", "data.n_train=5", "data.n_heldout=2",
              "data.replay_chats=0"]  # fmt: skip
    assert cli.main(wanted) == 0
    assert len((tmp_path / "train.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize(("file", "name", "said"), [
    ("no_task_here.py", "no_task_here", "training/data/tasks/no_task_here.py holds no TASK"),
    ("none_inside/task.py", "none_inside", "training/data/tasks/none_inside/task.py holds no TASK"),
    ("nothing_inside/other.py", "nothing_inside", "training/data/tasks/nothing_inside has no task.py"),
])  # fmt: skip
def test_a_file_or_folder_without_a_task_is_named_in_one_line(add, capsys, file, name, said) -> None:
    add(file, "SYSTEM = ''\n")
    assert cli.main(["data", "build", f"task={name}"]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1 and "Traceback" not in error


def test_rows_of_the_readers_own_are_scored_by_the_task_text() -> None:
    assert registry.get("jsonl") is registry.get("text") and task_system_prompt("jsonl") == ""


def test_the_baseline_of_the_readers_own_rows_has_a_key() -> None:
    config = load_config("configs/sft/smollm2_orders.yaml", ["task=jsonl", "data.train_file=x.jsonl"])
    rows = splits.Splits([], {"test": []}, "", {})
    assert len(baseline_cache.key(LoadedModel(None, None, "float32", {}), rows, config)) == 64
