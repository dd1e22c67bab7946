"""Help and a dry run answer at once: the libraries that take seconds to import are not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.methods.registry import METHODS

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "peft", "trl", "accelerate")
PROGRAM = """
import contextlib, io, json, sys
from training.cli import main
with contextlib.redirect_stdout(io.StringIO()) as said:
    code = main(sys.argv[1:])
print(json.dumps({"code": code, "said": said.getvalue(), "modules": [name for name in sys.modules if "." not in name]}))
"""


def started(*words: str) -> dict:
    """Exit code, output and top-level modules of one command in a fresh process."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], cwd=ROOT, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in ("train", "dpo", "embed", "evaluate"))],
                         ids=" ".join)  # fmt: skip
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    found = started(*words)
    assert found["code"] == 0 and ("usage: " if len(words) == 2 else "commands:") in found["said"]
    assert not set(HEAVY) & set(found["modules"])


@pytest.mark.few(2)
@pytest.mark.parametrize("command", sorted(METHODS))
def test_a_dry_run_loads_no_transformers(command: str) -> None:
    found = started(command, "--dry-run")
    assert found["code"] == 0 and "plan  " in found["said"] and "memory " in found["said"]
    assert not {"transformers", "peft", "trl", "accelerate"} & set(found["modules"])


def test_a_command_that_does_load_them_is_seen() -> None:
    assert {"torch", "transformers"} <= set(started("measure", "--help")["modules"])
