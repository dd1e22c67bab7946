"""Grade an exercise of the pages in a terminal: ``python -m labs_py.exercise lora-forward my_lora.py``.

Exit codes: 0 right, 1 wrong, 2 bad input. The code that the page grades with runs here, in a process of its own that
is ended when it takes too long.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from labs_py.exercises import grading

COMMAND = "python -m labs_py.exercise"
MOST_SECONDS = 86_400
MOST_MEMORY = 4 << 30  # bytes, where the system lets a process be bounded


def main(words: Sequence[str]) -> int:
    """List the exercises, show one, or grade a file."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=str(__doc__).splitlines()[0])
    parser.add_argument("name", nargs="?", help="of the exercise; without it all are listed")
    parser.add_argument("file", nargs="?", help="your code; without it the task and its first lines are printed")
    parser.add_argument("--seed", type=int, default=1, help="draws the hidden cases")
    parser.add_argument("--hint", type=int, choices=(1, 2, 3), help="print one of the three hints")
    parser.add_argument("--solution", action="store_true", help="print our solution")
    parser.add_argument("--seconds", type=float, default=10.0, help="after which your code is ended")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.name is None and (given.hint or given.solution):
        parser.error("of which exercise? Name one before --hint or --solution")
    if given.seed < 0:
        parser.error("--seed is a whole number of 0 or more")
    if not 0 < given.seconds < MOST_SECONDS:
        parser.error(f"--seconds is a number of more than 0 and less than {MOST_SECONDS}")
    try:
        if given.name is None:
            print("\n".join(f"{name}: {grading.load(name).title}" for name in grading.names()))
            return 0
        exercise = grading.load(given.name)
        if given.hint or given.solution:
            print(exercise.hints[given.hint - 1] if given.hint else exercise.solution)
            return 0
        if given.file is None:
            print(f"{exercise.task}\n\n{exercise.starter}")
            return 0
        text = sys.stdin.read() if given.here else Path(given.file).read_text(encoding="utf-8")
    except KeyError as error:
        return _fault(error.args[0])
    except UnicodeDecodeError:
        return _fault(f"{given.file}: this is not a text in UTF-8")
    except OSError as error:
        return _fault(f"{given.file}: {error.strerror or error}")
    if given.here:
        return _grade_here(given.name, text, given.seed)
    return _grade_apart(given.name, text, given.seed, given.seconds)


def _fault(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


def _grade_here(name: str, text: str, seed: int) -> int:
    """Grade in this process, and write the verdict as the last line; what the code prints goes to the other stream."""
    verdicts = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    with contextlib.redirect_stdout(sys.stderr):
        verdict = grading.grade(name, text, seed)
    print(json.dumps(dataclasses.asdict(verdict)), file=verdicts, flush=True)
    return 0


def _grade_apart(name: str, text: str, seed: int, seconds: float) -> int:
    """Grade in a process of its own, which an endless loop cannot outlive."""
    command = [sys.executable, "-m", __spec__.name, name, "-", "--here", "--seed", str(seed)]
    try:
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=seconds)
        verdict = json.loads(done.stdout.strip().splitlines()[-1])
        right, message = verdict["result"] == "right", verdict["message"]
    except subprocess.TimeoutExpired:
        right, message = (
            False,
            f"Your code gave no answer in {seconds:g} seconds, so it was ended. Is there an endless loop?",
        )
    except (ValueError, IndexError, KeyError, TypeError):
        right, message = False, "Your code ended Python before there was a verdict."
    print(message)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
