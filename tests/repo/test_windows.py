"""On Windows both doors say in one line that WSL is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

AS_WINDOWS = """
import runpy, sys
sys.platform = "win32"
sys.modules["resource"] = None  # as on Windows, importing it fails
sys.argv = [{argv!r}, "train"]
{run}
"""
DOORS = {
    "training": 'runpy.run_module("training", run_name="__main__")',
    "set-up": 'runpy.run_path("overrides/build/setup.py", run_name="__main__")',
}


@pytest.mark.parametrize("door", DOORS)
def test_windows_is_one_line(root: Path, door: str) -> None:
    script = AS_WINDOWS.format(argv=door, run=DOORS[door])
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.returncode == 3 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "WSL" in line and "README.md" in line
    assert "WSL" in (root / "README.md").read_text()
