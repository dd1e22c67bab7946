"""``python -m training new DIR``: a folder to start in: rows, a held-out set, a scorer, settings, six commands."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from labs_py.core import evidence, starting_recipes
from training.commands.data.convert import parted, said, stem_of
from training.data import splits
from training.data.forms import convert as forms
from training.data.forms import files, shapes
from training.data.scorers import named, rules
from training.data.tasks import base as task_base
from training.run import jsonl
from training.run.errors import BadInput

STARTER = Path(splits.__file__).with_name("starter")
BUNDLED, BUNDLED_PARAMETERS = "bundled:smollm2-135m-instruct", 134.5e6
TEST_SHARE, SHOTS, FEWEST, MOST_TEST = 0.2, 4, 12, 200
ENOUGH_HELD = 100
CALLS = "tool_call", "answers call functions: the same name and arguments are right; scorer.py:score is yours"
CHARACTERS_PER_TOKEN = 2.5  # low, so that the longest row fits in other scripts as well
ABOUT = """Write a folder to start in. It runs as it is, on two dozen sample rows:

  python -m training new my-task
  python -m training train --config my-task/config.yaml --out my-task/run

--from fills it from a file of your own, in any form that 'data convert' reads:

  python -m training new my-task --from tickets.csv

The folder holds rows.jsonl, test.jsonl (held out: a fifth of the rows, equal questions on one side), shots.jsonl
(worked examples for the baseline), scorer.py, config.yaml with every line explained, ask.json (a question for the
served model), and README.md with six commands.
Nothing is overwritten."""


@dataclass(frozen=True)
class Start:
    """What a new folder is filled with.

    Attributes:
        rows, test, shots: chats in our form.
        scorer: of ``task.scorer``.
        scorer_why: the reason for it, for the configuration.
        what: a sentence on the rows, for the README.
    """

    rows: list[dict[str, Any]]
    test: list[dict[str, Any]]
    shots: list[dict[str, Any]]
    scorer: str
    scorer_why: str
    what: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``new DIR [--from FILE]``."""
    parser.add_argument("folder", metavar="DIR", help="folder to write; there must be none, or an empty one")
    parser.add_argument("--from", dest="source", metavar="FILE", help="your rows, as 'data convert' reads them")
    parser.add_argument("--map", nargs="+", default=[], metavar="PART=COLUMN", help="which column is which part")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of the held-out rows")


def run(args: argparse.Namespace) -> int:
    """Write the folder and say the next command; 0.

    Raises:
        BadInput: the folder has something in it, or the file cannot be used.
    """
    folder = Path(args.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: there is something of this name already; nothing is overwritten, so name another"
                       " folder")  # fmt: skip
    start = from_file(args.source, args.map, args.seed) if args.source else sample()
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("rows", start.rows), ("test", start.test), ("shots", start.shots)):
        if rows:
            splits.write_rows(folder / f"{name}.jsonl", rows)
    (folder / "scorer.py").write_text((STARTER / "scorer.py.txt").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "ask.json").write_text(request_text(start), encoding="utf-8")
    (folder / "config.yaml").write_text(config_text(start, folder.resolve().name), encoding="utf-8")
    (folder / "README.md").write_text(readme(start, folder), encoding="utf-8")
    print(f"written: {folder}: {len(start.rows)} rows, {len(start.test)} held out, {len(start.shots)} worked examples")
    print(f"scorer: {start.scorer} ({start.scorer_why})")
    if args.source:
        for line in advice(start):
            print(line)
    print(f"next: the six commands in {folder / 'README.md'}, or at once:")
    print(f"  python -m training train --config {folder / 'config.yaml'} --out {folder / 'run'}")
    return 0


def advice(start: Start) -> list[str]:
    """What a reader should know of the rows before training: how little few held-out rows tell, and a missing prompt.

    The interval is Wilson's at a half, the widest there is.
    """
    held = len(start.test)
    lines = []
    if held < ENOUGH_HELD:
        low, high = evidence.wilson(held / 2, held)
        lines.append(
            f"note: {held} held-out rows give a score within about {50 * (high - low):.0f} points either way;"
            f" with {ENOUGH_HELD} it is about 10"
        )
    if all(row["messages"][0]["role"] != "system" for row in start.rows):
        lines.append(
            "note: no row says what the task is; write the best instruction that you know into task.system of"
            " config.yaml before you ask the base model"
        )
    return lines


def sample() -> Start:
    """The sample: messages to a caretaker, each sorted by subject and haste."""
    rows, test, shots = (jsonl.read(STARTER / f"{name}.jsonl") for name in ("rows", "test", "shots"))
    why = "yours; others: exact, normalized_exact, json, number, contains, regex, choice, judge"
    return Start(rows, test, shots, "scorer.py:score", why, "The sample sorts messages to a caretaker.")


def from_file(source: str, mapping: list[str], seed: int) -> Start:
    """The reader's rows, parted into training, held-out and example rows.

    Raises:
        BadInput: the file cannot be used, holds no chats, or too few of them.
    """
    found = files.read(Path(source))
    try:
        made = forms.convert(found, stem_of(source), forms.mapping_of(mapping, found.columns) or None)
    except BadInput as error:
        raise BadInput(f"{source}: {error} ({found.kind})") from None
    print(*said(source, found, made), sep="\n")
    if made.family != shapes.CHAT:
        raise BadInput(f"{source}: these rows are {made.family}, and a folder is made for questions with answers; write"
                       f" them with 'python -m training data convert', and take training/configs/"
                       f"{'embed' if made.family == shapes.PASSAGES else 'dpo'} for the settings")  # fmt: skip
    rows = [row for row in made.rows if "messages" in row]
    if len(rows) < FEWEST:
        raise BadInput(f"{source}: {len(rows)} rows can be used; {FEWEST} or more are needed, to train on and to test")
    train, test = parted(rows, min(TEST_SHARE, MOST_TEST / len(rows)), seed)
    single = [row for row in train if sum(turn["role"] == "user" for turn in row["messages"]) == 1]
    shots = single[:SHOTS] if len(train) >= 4 * SHOTS and "tools" not in train[0] else []
    kept = [row for row in train if not any(row is shot for shot in shots)]
    scorer, why = CALLS if any(row["messages"][-1].get("tool_calls") for row in rows) else scorer_for(
        [task_base.target(row) for row in rows])  # fmt: skip
    return Start(kept, test, shots, scorer, why, f"They come from {Path(source).name}.")


def scorer_for(answers: list[str]) -> tuple[str, str]:
    """The scorer that suits the answers of a file, and why."""

    def suits(name: str) -> bool:
        return not any(map(named.scorer(name).fault, answers))

    if suits("json"):
        return "json", "all answers are JSON objects, so they are compared field by field; scorer.py:score is yours"
    if all(rules.whole_number(answer) is not None for answer in answers):
        return "number", "all answers are numbers; number:0.01 allows a difference; scorer.py:score is yours"
    kinds = Counter(answer.strip() for answer in answers)
    options = ",".join(kinds)
    if len(kinds) <= 12 and len(answers) >= 2 * len(kinds) and options.count(",") == len(kinds) - 1 and (
            options.isprintable() and suits(f"choice:{options}")):  # fmt: skip
        return f"choice:{options}", "one of a few answers; scorer.py:score is yours"
    plain = {rules.normalized(answer) for answer in kinds}
    if "" in plain or len(plain) < len({answer.lower().strip(" .!?") for answer in kinds}):
        return (
            "exact",
            "some answers differ in signs alone, so all are compared as they stand; scorer.py:score is yours",
        )
    return "normalized_exact", "the same words, whatever their case and full stops; scorer.py:score is yours"


def request_text(start: Start) -> str:
    """The first held-out question as a request to a server that speaks OpenAI's protocol."""
    row = start.test[0]
    request = {"messages": row["messages"][:-1], **({"tools": row["tools"]} if row.get("tools") else {})}
    return json.dumps(request, ensure_ascii=False) + "\n"


def config_text(start: Start, name: str) -> str:
    """The configuration with every line explained, by the recipe for the bundled model and so many rows."""
    found = starting_recipes.recipe(BUNDLED_PARAMETERS, len(start.rows), source=BUNDLED)
    replayed = round(len(start.rows) * found.replay_fraction) + found.replay_chats
    steps = max(1, (len(start.rows) + replayed) * found.num_train_epochs // found.batch)
    whole = max(sum(len(turn["content"]) for turn in row["messages"]) for row in (*start.rows, *start.test))
    answer = max(len(task_base.target(row)) for row in (*start.rows, *start.test))
    fill = {
        "name": json.dumps(f"{name.lstrip('.') or 'run'}"),
        "source": BUNDLED,
        "scorer": json.dumps(start.scorer, ensure_ascii=False),
        "scorer_why": start.scorer_why,
        "shots": "shots.jsonl" if start.shots else "null",
        "max_length": max(512, _rounded(whole / CHARACTERS_PER_TOKEN + 64)),
        "max_new_tokens": max(16, _rounded(answer / CHARACTERS_PER_TOKEN + 8)),
        "eval_steps": max(1, steps // 5),
        "held": len(start.test),
        **{key: getattr(found, key) for key in ("r", "lora_alpha", "num_train_epochs", "batch", "replay_fraction",
                                                "replay_chats")},
        "layers_to_transform": found.layers_to_transform or "null",
        "learning_rate": f"{found.learning_rate:.1e}",
        **{f"why_{key}": why for key, why in found.why.items()},
    }  # fmt: skip
    return Template((STARTER / "config.yaml.txt").read_text(encoding="utf-8")).substitute(fill)


def _rounded(number: float) -> int:
    """Up to a multiple of eight."""
    return int(-(-number // 8) * 8)


def readme(start: Start, folder: Path) -> str:
    """The six commands, with this folder's name in the commands."""
    fill = {"title": folder.resolve().name, "folder": folder, "what": start.what, "held": len(start.test)}
    return Template((STARTER / "README.md.txt").read_text(encoding="utf-8")).substitute(fill)
