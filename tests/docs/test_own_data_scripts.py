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
    """Questions with the passage that answers each."""
    return [{"anchor": f"Which wheel does part {i} turn?", "positive": f"Part {i} turns wheel {7 * i}."}
            for i in range(count)]  # fmt: skip


def raw_rows(count: int) -> list[dict]:
    """Prompts and answers with faults: the second repeats the first but for a mark, the third has no answer."""
    rows = [{"prompt": f"Please cancel order {i} of shop {3 * i} today", "completion": "done"} for i in range(count)]
    rows[1]["prompt"] = rows[0]["prompt"] + "!"
    rows[2]["completion"] = " "
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
    "data-and-tooling": ("train.jsonl: 9 rows", "test.jsonl: 1 rows", "left out: 1 without", "1 near-repeats"),
    "distillation": ("kept: student/checkpoint-", "held-out loss: "),
    "embedding-fine-tuning": ("held-out_cosine_recall@10: ", "before, "),
    "ship-it": ("exact: ", "of 3 held-out rows", "verdict: ", "exported: merged"),
    "supervised-fine-tuning": ("day<|im_end|>", "answer: "),
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
    exec(compile(source, str(script), "exec"), {"__name__": "__main__"})
    said = capfd.readouterr().out
    print(said)
    for wanted in SAYS.get(script.stem, ()):
        assert wanted in said


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
