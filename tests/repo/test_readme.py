"""The README tells the truth: its tree is the tree, its commands exist, those marked ``run`` run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

SEVEN = {"docs", "labs_py", "mkdocs.yml", "overrides", "README.md", "tests", "training"}
TOOL_FILES = {
    ".ci", ".github", ".gitignore", "LICENSE", "Makefile", "package-lock.json", "package.json",
    "pyproject.toml", "requirements",
}  # fmt: skip
FENCE = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def readme(root: Path) -> str:
    """The README's text."""
    return (root / "README.md").read_text()


def fences(root: Path) -> list[tuple[str, str, str]]:
    """(language, marks, body) of each fenced block."""
    return FENCE.findall(readme(root))


def tree(root: Path) -> list[str]:
    """Paths that the README's annotated tree names."""
    body = next(body for language, _, body in fences(root) if not language)
    paths, parents = [], []
    for line in body.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], line.split()[0]]
        paths.append("".join(parents))
    return paths


def tracked(root: Path) -> set[str]:
    """Files that git knows, or that will be part of the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(listed.stdout.split("\n")) - {""}


def test_every_entry_of_the_tree_exists(root: Path) -> None:
    for path in tree(root):
        assert (root / path).exists(), f"README names {path}, which is not there"


def test_the_tree_leaves_nothing_out(root: Path) -> None:
    named = {path.split("/")[0] for path in tree(root)} | {"README.md"}
    top = {path.split("/")[0] for path in tracked(root)}
    assert top - TOOL_FILES == named == SEVEN
    inside = {path.rstrip("/") for path in tree(root) if path.count("/") >= 1}
    for room in ("overrides", "labs_py"):
        folders = {
            "/".join(path.split("/")[:2])
            for path in tracked(root)
            if path.startswith(room + "/") and path.count("/") > 1
        }
        assert folders - {f"{room}/partials"} <= inside, "a folder is missing in the README's tree"


def test_every_make_target_of_the_readme_exists(root: Path) -> None:
    commands = re.findall(r"(?:`|^)make(?: -s)? ([a-z][a-z-]+)", readme(root), re.MULTILINE)
    assert {"site", "test", "help", "lab"} <= set(commands)
    for target in sorted(set(commands)):
        done = subprocess.run(["make", "-n", target], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, f"make {target}: {done.stderr}"


def test_commands_marked_to_run_do_run(root: Path) -> None:
    marked = [body for _, marks, body in fences(root) if "run" in marks.split()]
    assert marked
    for body in marked:
        done = subprocess.run(["bash", "-euc", body], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, f"{body}: {done.stderr}"
        assert done.stdout.strip(), f"{body}: printed nothing"


def test_help_lists_every_target(root: Path) -> None:
    text = (root / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split())
    shown = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in shown.splitlines() if line.startswith("  ")} == phony


def test_ci_runs_the_readmes_test_command_and_nothing_else(root: Path) -> None:
    lines = (root / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["exec make test"]


@pytest.mark.parametrize("pattern", [r"registry\.npmjs", r"files\.pythonhosted", r"\bpypi\.org", r"/root/"])
def test_no_registry_host_or_private_path_is_named(root: Path, pattern: str) -> None:
    for path in sorted(tracked(root)):
        file = root / path
        if path == "tests/repo/test_readme.py" or not file.is_file() or file.stat().st_size > 2_000_000:
            continue
        text = file.read_bytes().decode("utf-8", "ignore")
        assert not re.search(pattern, text), f"{path} names {pattern}"
