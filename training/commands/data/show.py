"""``data show``: one row as training encodes it, token by token, with what is in the loss."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from itertools import islice

from labs_py.core import chat_data
from training.data import reading, splits
from training.data.check import check_file, read_lines
from training.data.tasks import registry as tasks
from training.methods.configuration import load_config
from training.models import chat_template
from training.models.guards import IGNORED
from training.models.tokenizer import load_tokenizer
from training.run.arguments import DEFAULT_CONFIG
from training.run.errors import BadInput
from training.run.settings import ModelSettings

NO_CODES, GREEN, PLAIN = "NO_COLOR", "\x1b[1;32m", "\x1b[0m"
REPEATS = ("duplicate", "near-duplicate")


@dataclass(frozen=True)
class Asked:
    """How a row is to be shown.

    Attributes:
        model: whose tokenizer and template.
        system: the task's system turn, for rows without one.
        longest: most tokens of a row.
        how: how training reads it.
    """

    model: ModelSettings
    system: str
    longest: int
    how: chat_template.Reading


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """The options of ``data show``."""
    parser.add_argument("--row", type=int, default=1, metavar="N", help="which row of the file, from 1")
    parser.add_argument("--json", action="store_true", help="tokens, ids, labels and what is left out, as one object")
    parser.add_argument("--model", metavar="SOURCE", help="whose tokenizer and template, in place of the"
                        " configuration's: a folder (tokenizer files are enough), or as model.source")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print one row of a file; 0 when done.

    Raises:
        BadInput: an argument or the file cannot be used, or the row is one that training refuses.
    """
    if len(args.words) != 1:
        raise BadInput("data show: name one JSONL file")
    if args.row < 1:
        raise BadInput(f"data show: --row is {args.row}; give 1 for the first row")
    asked = _asked(args)
    where, row = row_of_file(args.words[0], args.row, asked.system)
    tokenizer = load_tokenizer(asked.model)
    made = chat_template.encode(tokenizer, row, asked.longest, where, asked.how)
    tokens = [str(tokenizer.decode([i])) for i in made.ids]
    if args.json:
        print(json.dumps({"tokens": tokens, "ids": made.ids, "labels": made.labels, "left_out": made.left_out}))
        return 0
    print(marked(tokens, [label != IGNORED for label in made.labels], _colours()))
    count = sum(label != IGNORED for label in made.labels)
    left_out = "; ".join(f"{kind.replace('_', ' ')} left out: {n}" for kind, n in made.left_out.items())
    print(f"{len(tokens)} tokens, {count} of them in the loss", left_out, sep="; " if left_out else "", file=sys.stderr)
    return 0


def _asked(args: argparse.Namespace) -> Asked:
    """Settings of the configuration where one is named, else of a run on rows of one's own."""
    config = load_config(args.config or DEFAULT_CONFIG, [], args.seed)
    model = ModelSettings(source=args.model, revision=None) if args.model else config.model
    if not args.config:
        return Asked(model, "", sys.maxsize, chat_template.PLAIN)
    return Asked(model, splits.task_of(config).system, config.train.max_length, chat_template.reading(config))


def row_of_file(path: str, number: int, system: str) -> tuple[str, dict]:
    """The file's row ``number``, from 1, and where it stands, as ``file:line``.

    Raises:
        BadInput: the file has no such row, or it is one with a fault.
    """
    line = next(islice(read_lines(path), number - 1, None), None)
    if line is None:
        count = sum(1 for _ in read_lines(path))
        raise BadInput(f"{path}: there is no row {number}; the file has {count}")
    faults = [
        str(found)
        for found in check_file(path, system=system, lines=[line])
        if found.code not in REPEATS and not found.warning
    ]
    if faults:
        raise BadInput(faults[0])
    row = chat_data.parse_line(line[1])[0] or {}
    where = f"{path}:{line[0]}"
    if chat_data.is_plain_text(row):
        return where, row
    return where, reading.row_of(row, system or tasks.get("text").system, f"line-{line[0]}")


def _colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get(NO_CODES)


def marked(tokens: list[str], in_loss: list[bool], colours: bool) -> str:
    """The row as text; what is in the loss is green, or stands in brackets where there are no colours."""
    opening, closing = (GREEN, PLAIN) if colours else ("[", "]")
    parts: list[str] = []
    inside = False
    for token, counts in zip(tokens, in_loss, strict=True):
        if counts != inside:
            parts.append(opening if counts else closing)
            inside = counts
        parts.append(token)
    return "".join([*parts, closing if inside else ""])
