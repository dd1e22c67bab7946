"""``python -m training data ACTION``: the command line that the actions share; each is a module beside this one."""

from __future__ import annotations

import argparse

from training.commands.data import build, check, convert, show
from training.data.check import ALL_CODES

ACTIONS = {"build": build.run, "check": check.run, "convert": convert.run, "show": show.run}
CODE_LIST = "\n".join(f"  {code:<15} {text}" for code, text in ALL_CODES.items())

ABOUT = f"""build: write the rows of the configured task as JSONL, one file for each set, with their hash.
check: read a JSONL file in one pass and print every fault as  file:line: CODE: message ; exit code 2 if any.
  Repeats are warnings,  file:line: warning CODE: message , and leave the exit code at 0.
convert: read a file of rows as people have them, and write it in our form:  data convert rows.csv rows.jsonl
show: print one row of a file, token by token, as training encodes it:  data show rows.jsonl --row 3

codes:
{CODE_LIST}

A row is {{"messages": [{{"role", "content"}}, ...]}}, {{"prompt", "completion"}} or {{"text"}}.
Near-duplicates are rows whose questions share four fifths of their three-word runs, those left out that four or more
rows have, such as an instruction's.

convert reads JSONL, JSON, CSV and Parquet in any encoding, packed by gzip or not, and data sets on the Hub
(OWNER/NAME --revision COMMIT). It knows messages, prompt and completion, alpaca, ShareGPT, OpenAI's forms, chosen and
rejected, questions with passages, and text; other names of columns are given with --map. It says what it read, how
many rows it wrote and, by reason, what it left out. It overwrites no file without --force."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``data build --config FILE --out DIR``, ``data check FILE`` and the other actions."""
    parser.add_argument("action", choices=tuple(ACTIONS))
    parser.add_argument("words", nargs="*", metavar="FILE | key=value", help="files; settings for build")
    parser.add_argument("--config", metavar="FILE", help="names the task, and the model whose tokenizer counts")
    parser.add_argument("--seed", type=int, help="seed of the generator")
    parser.add_argument("--out", metavar="DIR", help="where build writes (data/NAME)")
    check.add_arguments(parser.add_argument_group("check"))
    convert.add_arguments(parser.add_argument_group("convert"))
    show.add_arguments(parser.add_argument_group("show"))


def run(args: argparse.Namespace) -> int:
    """Do one action; its exit code.

    Raises:
        BadInput: an argument, the configuration or a file cannot be used.
    """
    return ACTIONS[args.action](args)
