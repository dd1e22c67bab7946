"""The workflows are valid, pin official actions by commit, and ask for as little as they need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

WORKFLOWS = ("test.yml", "pages.yml")


def workflow(root: Path, name: str) -> dict:
    """A workflow; YAML reads the key ``on`` as True."""
    return yaml.safe_load((root / ".github" / "workflows" / name).read_text())


def test_these_are_all(root: Path) -> None:
    assert sorted(path.name for path in (root / ".github" / "workflows").iterdir()) == sorted(WORKFLOWS)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_official_and_pinned_by_commit(root: Path, name: str) -> None:
    steps = [step for job in workflow(root, name)["jobs"].values() for step in job["steps"]]
    for step in steps:
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]), step


@pytest.mark.parametrize("name", WORKFLOWS)
def test_permissions_are_least(root: Path, name: str) -> None:
    data = workflow(root, name)
    assert data["permissions"] == {}
    for job_name, job in data["jobs"].items():
        assert job["timeout-minutes"] <= 40 and job["runs-on"].startswith("ubuntu-")
        writes = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert writes == ({"pages", "id-token"} if job_name == "deploy" else set())


def test_they_run_the_readmes_commands(root: Path) -> None:
    runs = {
        step["run"]
        for name in WORKFLOWS
        for job in workflow(root, name)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    }
    assert runs == {"make test", "make site-build"}
