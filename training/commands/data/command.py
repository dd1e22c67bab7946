"""``python -m training data ACTION``: the command line that the actions share; each is a module beside this one."""

from __future__ import annotations

import argparse

from labs_py.core.chat_data import CODES
from training.commands.data import build, check

ACTIONS = {"build": build.run, "check": check.run}
CODE_LIST = "\n".join(f"  {code:<15} {text}" for code, text in CODES.items())

ABOUT = f"""build: write the rows of the configured task as JSONL, one file for each set, with their hash.
check: read a JSONL file in one pass and print every fault as  file:line: CODE: message ; exit code 2 if any.

codes:
{CODE_LIST}

A row is {{"messages": [{{"role", "content"}}, ...]}}, {{"prompt", "completion"}} or {{"text"}}.
Near-duplicates are rows whose questions share four fifths of their three-word runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``data build --config FILE --out DIR``, ``data check FILE`` and the other actions."""
    parser.add_argument("action", choices=tuple(ACTIONS))
    parser.add_argument("words", nargs="*", metavar="FILE | key=value", help="files; settings for build")
    parser.add_argument("--config", metavar="FILE", help="names the task, and the model whose tokenizer counts")
    parser.add_argument("--seed", type=int, help="seed of the generator")
    parser.add_argument("--out", metavar="DIR", help="where build writes (data/NAME)")
    check.add_arguments(parser.add_argument_group("check"))


def run(args: argparse.Namespace) -> int:
    """Do one action; its exit code.

    Raises:
        BadInput: an argument, the configuration or a file cannot be used.
    """
    return ACTIONS[args.action](args)
