"""What make test-long says where Firefox or WebKit cannot be had, and how it is asked to do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def asked(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The engines' script on a machine without any program, offline."""
    command = [sys.executable, str(root / "overrides" / "build" / "engines.py"), "--install"]
    bare = {**os.environ, "PATH": "/nowhere", "STAGE10_OFFLINE": "1", **environment}
    return subprocess.run(command, env=bare, capture_output=True, text=True)


def test_an_engine_that_lacks_is_one_line_that_says_what_to_install(root: Path) -> None:
    done = asked(root)
    assert done.returncode == 3 and done.stderr.count("\n") == 1
    for said in ("No firefox and no webkit", "firefox-esr webkit2gtk-driver xvfb", "STAGE10_ENGINES=chromium,"):
        assert said in done.stderr


@pytest.mark.parametrize("named", ["chromium", "chromium,opera"])
def test_the_engines_to_test_can_be_named(root: Path, named: str) -> None:
    done = asked(root, STAGE10_ENGINES=named)
    assert done.returncode == (3 if "opera" in named else 0)
    assert ("no engine opera" in done.stderr) is ("opera" in named)
