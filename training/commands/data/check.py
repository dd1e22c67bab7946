"""``python -m training data check``: look for faults in files of rows, line by line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from labs_py.core import chat_data
from training.data import pairs, splits
from training.data.check import Finding, TokenRules, check_file, read_lines
from training.data.forms import naming, shapes
from training.data.tasks import registry as tasks
from training.methods.configuration import load_config
from training.methods.embed import rows as passages
from training.models import chat_template
from training.models.tokenizer import load_tokenizer
from training.run.arguments import DEFAULT_CONFIG
from training.run.errors import BAD_INPUT, BadInput
from training.run.settings import Config


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """The options of ``data check``."""
    parser.add_argument(
        "--test", action="append", default=[], metavar="FILE", help="held-out rows, which must not appear"
    )
    parser.add_argument(
        "--tokens",
        action="store_true",
        help="check: also count tokens with the configured model's tokenizer and template",
    )
    parser.add_argument("--max-tokens", type=int, metavar="N", help="longest row; implies --tokens")
    parser.add_argument("--max-shown", type=int, default=1000, metavar="N", help="faults printed before only counting")


def run(args: argparse.Namespace) -> int:
    """Print every fault and warning of the files; 2 when there is a fault, else 0.

    Raises:
        BadInput: an argument, the configuration or a file cannot be used.
    """
    if not args.words:
        raise BadInput("data check: name the JSONL file to check")
    if args.max_shown < 0:
        raise BadInput(f"data check: --max-shown is {args.max_shown}; give 0 or more")
    if args.max_tokens is not None and args.max_tokens < 1:
        raise BadInput(f"data check: --max-tokens is {args.max_tokens}; give 1 or more")
    rules, task = None, None
    if args.config or args.tokens or args.max_tokens:
        config = load_config(args.config or DEFAULT_CONFIG, [], args.seed)
        task = splits.task_of(config)
        if args.tokens or args.max_tokens:
            rules = _token_rules(config, args.max_tokens)
    asked_of = task or tasks.get("text")
    held_out = [row["messages"] for file in args.test for row in splits.read_rows(file, asked_of, turns_only=True)]
    if task is not None and task.sets:
        held_out += [row["messages"] for name in task.sets if name != "train" for row in task.rows(name)]
    total, faults = 0, 0
    for file in args.words:
        for finding in _findings(file, held_out, rules, task.system if task else ""):
            total += 1
            faults += not finding.warning
            if total <= args.max_shown:
                print(finding)
    if total > args.max_shown:
        print(f"and {total - args.max_shown} more", file=sys.stderr)
    if not faults:
        warned = f", {total} warning{'s' * (total != 1)}" if total else ""
        print(f"no faults in {', '.join(args.words)}{warned}", file=sys.stderr)
    return BAD_INPUT if faults else 0


def _findings(file: str, held_out: list[list[dict[str, Any]]], rules: TokenRules | None,
              system: str) -> Iterator[Finding]:  # fmt: skip
    """The faults of a file of chats, pairs or passages; arguments as in ``check_file``."""
    lines = read_lines(file)
    head = list(islice(lines, naming.SEEN))
    family = naming.family_of(head)
    keys = {chat_data.prompt_key(turns) for turns in held_out}
    if family == shapes.PAIRS:
        return (found for found in pairs.check_pairs(file, system, keys, rules) if isinstance(found, Finding))
    if family == shapes.PASSAGES:
        return (found for found in passages.check_rows(file) if isinstance(found, Finding))
    return check_file(file, held_out, rules, system, lines=chain(head, lines))


def _token_rules(config: Config, max_tokens: int | None) -> TokenRules:
    tokenizer = load_tokenizer(config.model)
    return TokenRules(tokenizer, max_tokens or config.train.max_length, chat_template.reading(config))
