"""A sample by default, everything on demand; and a skipped test cannot hide in a run that leaves nothing out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.effort import Effort

CASES = """
import pytest
from hypothesis import given, strategies as st
from tests.effort import examples

SEEN = []

@pytest.mark.long
def test_long():
    pass

@examples(7, 30)
@given(number=st.integers())
def test_sampled(number):
    SEEN.append(number)

def test_counted(effort):
    print("drew", len(SEEN), "of", effort.count(1, 2))

@pytest.mark.few(2)
@pytest.mark.parametrize("case", range(5))
def test_cases(case):
    pass

def test_plain():
    pass
"""
DRAWN = """
import pytest

pytestmark = pytest.mark.drawn(2)

@pytest.mark.parametrize("case", range(3))
def test_a(case):
    print("ran a")

def test_b():
    print("ran b")

@pytest.mark.long
def test_c():
    print("ran c")

def test_d():
    print("ran d")
"""
SKIPPING = "import pytest\ndef test_a():\n    pytest.skip('no card')\ndef test_b():\n    pass\n"


def run(root: Path, folder: Path, source: str, *arguments: str, effort: str = "") -> subprocess.CompletedProcess:
    """Run a file of tests with this project's settings and conftest."""
    (folder / "test_cases.py").write_text(source)
    settings = ["-c", str(root / "pyproject.toml"), "--confcutdir", str(folder), "-p", "tests.conftest"]
    command = [sys.executable, "-m", "pytest", *settings, "-v", "-s", *arguments, str(folder / "test_cases.py")]
    environment = {**os.environ, "PYTHONPATH": str(root), "STAGE10_EFFORT": effort}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # three times as quick
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def test_make_test_runs_samples_and_leaves_the_long_ones(root: Path, tmp_path: Path) -> None:
    done = run(root, tmp_path, CASES, "--nothing-left-out")
    assert done.returncode == 0 and "5 passed, 4 deselected" in done.stdout and "left out" not in done.stdout
    assert "drew 7 of 1" in done.stdout


def test_make_test_long_runs_the_long_ones_and_all_of_the_sampled(root: Path, tmp_path: Path) -> None:
    done = run(root, tmp_path, CASES, "-m", "long or sampled", effort="full")
    assert done.returncode == 0 and "8 passed, 1 deselected" in done.stdout
    assert "drew 30 of 2" in done.stdout


def test_a_slow_file_runs_the_functions_that_it_drew_and_all_of_them_in_full(root: Path, tmp_path: Path) -> None:
    """Long ones take no place among the drawn; a function's cases come or go together."""
    sample = run(root, tmp_path, DRAWN)
    ran = {name for name in "abcd" if f"ran {name}" in sample.stdout}
    assert sample.returncode == 0 and len(ran) == 2 and "c" not in ran
    assert f"{4 if 'a' in ran else 2} passed" in sample.stdout
    assert "6 passed" in run(root, tmp_path, DRAWN, "-m", "long or sampled", effort="full").stdout


def test_what_is_left_out_is_named_and_fails_where_nothing_may_be(root: Path, tmp_path: Path) -> None:
    lenient = run(root, tmp_path, SKIPPING)
    assert lenient.returncode == 0 and "left out: 1 (no card)" in lenient.stdout
    strict = run(root, tmp_path, SKIPPING, "--nothing-left-out", "-p", "xdist.plugin", "--numprocesses=1")
    assert strict.returncode == 1 and "left out: 1 (no card)" in strict.stdout


def test_the_sample_is_the_same_each_time_in_order_and_without_repetition() -> None:
    cases = [f"case {number}" for number in range(50)]
    drawn = Effort(full=False).some(cases, 12)
    assert drawn == Effort(full=False).some(cases, 12) == sorted(set(drawn), key=cases.index) and len(drawn) == 12
    assert drawn != Effort(full=False, seed=1).some(cases, 12) and drawn != Effort(full=False).some(cases, 12, of="a")
    assert Effort(full=False).some(cases, 12, of="a") == Effort(full=False).some(cases, 12, of="a")
    assert Effort(full=True).some(cases, 12) == cases == Effort(full=False).some(cases, 99)
