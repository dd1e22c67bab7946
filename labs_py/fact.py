"""Print a number of the pages again: ``python -m labs_py.fact low_rank_share rows=4096 columns=4096 rank=8``."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from labs_py import lab_facts  # noqa: F401  (registers the labs' own numbers among the facts)
from labs_py.core.facts import FACTS

COMMAND = "python -m labs_py.fact"


def line(name: str, arguments: dict[str, Any]) -> str:
    """The shell command that prints this fact; every argument as JSON."""
    return " ".join([COMMAND, name, *(shlex.quote(f"{key}={json.dumps(value)}") for key, value in arguments.items())])


def read(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Name and arguments from the words behind the command.

    Raises:
        ValueError: an argument is not ``key=value`` with a value in JSON.
    """
    arguments = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        try:
            arguments[key] = json.loads(value if equals else "")
        except json.JSONDecodeError:
            raise ValueError(f"{word}: write key=value, the value in JSON: rank=8 or 'slug=\"lora\"'") from None
    return words[0], arguments


def main(words: Sequence[str]) -> int:
    """Print one fact; without a name, print all names with their meaning. Exit code 2 for bad input."""
    if not words or words[0] in ("-h", "--help"):
        print(f"{COMMAND} NAME key=value ...   prints a number that a page shows\n")
        print(
            "\n".join(f"{name}: {(function.__doc__ or '').splitlines()[0]}" for name, function in sorted(FACTS.items()))
        )
        return 0
    try:
        name, arguments = read(words)
        if name not in FACTS:
            raise ValueError(f"no fact '{name}'; {COMMAND} lists them all")
        print(FACTS[name](**arguments))
    except (ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
