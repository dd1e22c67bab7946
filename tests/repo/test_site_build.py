"""The build of the site fails on a warning, with the very flags that ``make site-build`` uses."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

# By its file: "site" is also a module of the standard library.
BUILD = Path(__file__).resolve().parents[2] / "overrides" / "build" / "site.py"


@pytest.mark.parametrize(("words", "succeeds"), [("All is well.", True), ("[nowhere](missing.md)", False)])
def test_a_warning_fails_the_build(tmp_path, words, succeeds):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# A page\n\n{words}\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: tiny\n")
    flags = runpy.run_path(str(BUILD))["PAGES"]
    command = [sys.executable, *flags, "-f", str(tmp_path / "mkdocs.yml"), "--site-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == succeeds, done.stderr
