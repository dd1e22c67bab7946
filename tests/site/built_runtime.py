"""The built browser runtime for tests, and the node that the set-up chose."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.site.shared_lock import shared_lock

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "overrides" / "build"


def node() -> str:
    """Path or name of the node to use."""
    stamp = ROOT / ".venv" / "stage10-stamps" / "node"
    return os.environ.get("STAGE10_NODE") or (stamp.read_text().strip() if stamp.exists() else "node")


@functools.cache
def build_runtime() -> Path:
    """Folder of the runtime as the site would get it now (kept by content: unchanged, this takes no time)."""
    out = Path(os.environ.get("STAGE10_CACHE") or ROOT / ".cache") / "runtime" / "for-tests"
    with shared_lock("runtime"):
        done = subprocess.run(
            [node(), str(BUILD / "runtime.mjs"), "--out", str(out)], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def run_in_pyodide(requests: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    """Answers of the labs inside Pyodide to a list of requests (see overrides/build/lab_requests.py)."""
    return json.loads(run_node(json.dumps(requests), *options))


def run_node(text: str, *options: str) -> str:
    """What pyodide_run.mjs prints, given ``text`` on its standard input."""
    command = [node(), str(BUILD / "pyodide_run.mjs"), "--runtime", str(build_runtime()), *options]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
