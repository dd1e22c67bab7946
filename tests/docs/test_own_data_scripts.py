"""The short scripts under "On your own data" run as they stand: two steps on the bundled model, on a few rows.

A script is run in an empty folder that holds its rows. Only the constants at its top are replaced: ``MODEL`` (and
``TEACHER``) by the bundled model's folder, ``STEPS`` by 2, ``LONGEST`` by 8.
``rows.jsonl`` is what ``ROWS_OF`` says for the script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.effort import EFFORT

FOLDER = ROOT / "docs" / "data" / "scripts"
SCRIPTS = sorted(FOLDER.glob("*.py"))
BOX = ROOT / "docs" / "data" / "snippets" / "before-the-first-command.md"
SMALL = {"ANSWERS": 2, "QUESTIONS": 1, "LONGEST": 8}  # of a script that samples: what two steps need
CONSTANT = r"^{name} = .*$"


def chat_rows(count: int) -> list[dict]:
    """Rows of messages: a question about a day, and the day as the answer."""
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    return [
        {
            "messages": [
                {"role": "user", "content": f"Meeting {number} is on {days[number % 5]}. Which day?"},
                {"role": "assistant", "content": days[number % 5]},
            ]
        }
        for number in range(count)
    ]


def prompts(count: int) -> list[dict]:
    """Questions without an answer."""
    return [{"prompt": row["messages"][:1]} for row in chat_rows(count)]


def pairs(count: int) -> list[dict]:
    """Two questions to each passage, in words of their own."""
    asked = ("Which wheel does part {} turn?", "What turns with part {}?")
    return [{"anchor": asked[i % 2].format(i // 2), "positive": f"Part {i // 2} turns wheel {7 * (i // 2)}."}
            for i in range(count)]  # fmt: skip


def raw_rows(count: int) -> list[dict]:
    """Prompts and answers with faults: a repeat of the first, no answer, a repeat of the fourth answered otherwise."""
    rows = [{"prompt": f"Please cancel order {i} of shop {3 * i} today", "completion": "done"} for i in range(count)]
    rows[1]["prompt"] = rows[0]["prompt"] + "!"
    rows[2]["completion"] = " "
    rows[4] = {"prompt": rows[3]["prompt"].upper(), "completion": "refused"}
    return rows


def preferences(count: int) -> list[dict]:
    """Pairs of entries for a note: a whole one, and one that leaves something out."""
    return [
        {
            "prompt": [{"role": "user", "content": f"Mara came at {hour}:10 with {hour + 3} crates. Write the entry."}],
            "chosen": [{"role": "assistant", "content": f"Mara delivered {hour + 3} crates at {hour}:10."}],
            "rejected": [{"role": "assistant", "content": "Here is the entry: Mara came."}],
        }
        for hour in range(count)
    ]


def sums(count: int) -> list[dict]:
    """Prompts with their results."""
    return [
        {"prompt": [{"role": "user", "content": f"What is {one} plus 2?"}], "result": str(one + 2)}
        for one in range(count)
    ]


# What stands in rows.jsonl for a script; every other script gets rows of messages.
ROWS_OF: dict[str, Callable[[int], list[dict]]] = {
    "data-and-tooling": raw_rows,
    "distillation": prompts,
    "embedding-fine-tuning": pairs,
    "preference-tuning": preferences,
    "reinforcement-learning": sums,
}
# What a script prints, where that is known beforehand.
SAYS: dict[str, tuple[str, ...]] = {
    "data-and-tooling": (
        "train.jsonl: 8 rows",
        "test.jsonl: 1 rows",
        "left out: 1 without",
        "2 near-repeats",
        "1 of them answered differently: read differ.jsonl",
    ),
    "distillation": ("kept: student/checkpoint-", "held-out loss: "),
    "embedding-fine-tuning": ("held-out_cosine_recall@10: ", "before, "),
    "reinforcement-learning": ("eval_reward: ", "\nreward: ", "answer: "),
    "ship-it": ("exact: ", "of 3 held-out rows", "verdict: ", "exported: merged"),
    "supervised-fine-tuning": ("day<|im_end|>", "answer: "),
}


def check_conflicts(script: dict) -> None:
    """Both answers to the question that was answered twice are in the file to read."""
    pairs = [json.loads(line) for line in Path("differ.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(pair["kept"]["completion"], pair["left_out"]["completion"]) for pair in pairs] == [("done", "refused")]


def check_passages(script: dict) -> None:
    """No passage that is asked for in the test is in a training pair, although each has two questions."""
    train, held_out = (set(script["rows"][part]["positive"]) for part in ("train", "test"))
    assert train and held_out and train.isdisjoint(held_out)


def check_prompts(script: dict) -> None:
    """The reward is also measured on prompts that training does not see, before and after."""
    trainer = script["trainer"]
    train, held_out = ({str(row["prompt"]) for row in part} for part in (trainer.train_dataset, trainer.eval_dataset))
    assert held_out and train.isdisjoint(held_out)
    assert sum("eval_reward" in log for log in trainer.state.log_history) == 2


# What is looked at after a script has run: its names, and the files that it wrote.
CHECKS: dict[str, Callable[[dict], None]] = {
    "data-and-tooling": check_conflicts,
    "embedding-fine-tuning": check_passages,
    "reinforcement-learning": check_prompts,
}


def with_constants(source: str, **values: object) -> str:
    """The script with the constants that it has replaced; one that it lacks is left out."""
    for name, value in values.items():
        source = re.sub(CONSTANT.format(name=name), f"{name} = {value!r}", source, count=1, flags=re.MULTILINE)
    return source


@pytest.fixture(scope="module")
def bundled_folder() -> Iterator[Path]:
    """The bundled model as a folder of safetensors: a stand-in for a name on the Hub."""
    pytest.importorskip("trl")
    import torch

    from training.models import bundled

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # steps of a few rows: further threads only wait
    yield bundled.folder()
    torch.set_num_threads(threads)


def tiny_embedder(chat_model: Path, folder: Path) -> Path:
    """A random model of two layers with the bundled tokenizer: an embedder is the mean of its last states."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaModel

    tokenizer = AutoTokenizer.from_pretrained(chat_model, model_max_length=64)
    LlamaModel(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=64,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.sampled  # each loads the bundled model and TRL's trainer
@pytest.mark.parametrize("script", EFFORT.some(SCRIPTS, 2), ids=lambda path: path.stem)
def test_a_script_runs_as_it_stands(
    script: Path, bundled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    rows = ROWS_OF.get(script.stem, chat_rows)(12)
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if script.stem == "embedding-fine-tuning":
        bundled_folder = tiny_embedder(bundled_folder, tmp_path / "embedder")
    source = with_constants(
        script.read_text(encoding="utf-8"),
        MODEL=str(bundled_folder),
        TEACHER=str(bundled_folder),
        STEPS=2,
        **SMALL,
    )
    names: dict = {"__name__": "__main__"}
    exec(compile(source, str(script), "exec"), names)
    said = capfd.readouterr().out
    print(said)
    for wanted in SAYS.get(script.stem, ()):
        assert wanted in said
    CHECKS.get(script.stem, lambda names: None)(names)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_names_what_a_reader_changes(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    most = 60 if script.stem == "ship-it" else 50  # the whole way, from a file to an exported model
    assert len([line for line in lines if line.strip()]) <= most
    assert max(map(len, lines)) <= 88, "a listing is cut at the right edge"
    assert any(re.match(r"(MODEL|ROWS) = ", line) for line in lines)


def test_the_box_pins_what_the_tests_ran_with() -> None:
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements" / "train.txt").read_text(), re.MULTILINE))
    named = dict(re.findall(r"([\w-]+)==([\w.]+)", BOX.read_text(encoding="utf-8")))
    assert {"trl", "peft", "transformers", "datasets"} <= named.keys()
    assert named == {name: pins[name] for name in named}
