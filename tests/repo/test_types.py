"""The types hold in every file, and the house style holds."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


def check(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the type checker on this Python's packages."""
    command = [str(Path(sys.executable).parent / "pyrefly"), "check", "--python-interpreter-path", sys.executable]
    return subprocess.run([*command, *arguments], cwd=root, capture_output=True, text=True)


def test_the_types_hold(root: Path) -> None:
    done = check(root)
    assert done.returncode == 0, done.stdout + done.stderr[-500:]


def test_the_checker_finds_a_wrong_type(root: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text('from labs_py.core import svd\n\nRANK: int = "4"\n')
    done = check(root, str(tmp_path / "wrong.py"), "--config", str(root / "pyproject.toml"))
    assert done.returncode == 1 and "[bad-assignment]" in done.stdout and "missing-import" not in done.stdout


def test_no_file_of_ours_is_left_out(root: Path) -> None:
    checked = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["pyrefly"]
    assert {"labs_py", "training"} <= set(checked["project-includes"])
    assert checked["project-excludes"] == ["**/__pycache__/**"]


@pytest.mark.parametrize("arguments", [("check", "."), ("format", "--check", ".")], ids=lambda words: words[0])
def test_the_style_holds(root: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", "ruff", *arguments], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
