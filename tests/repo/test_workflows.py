"""The workflows are valid, pin official actions by commit, and ask for as little as they need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

WORKFLOWS = ("test.yml", "pages.yml", "newest.yml", "long.yml")
SCHEDULED = ("newest.yml", "long.yml")


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
        assert job["timeout-minutes"] <= (120 if name in SCHEDULED else 40) and job["runs-on"].startswith("ubuntu-")
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
    assert runs == {"make lint", "make test", "make test-newest", "make test-long", "make site-build"}


@pytest.mark.parametrize("name", SCHEDULED)
def test_what_takes_long_runs_each_week_and_by_hand(root: Path, name: str) -> None:
    begins = workflow(root, name)[True]
    assert set(begins) == {"schedule", "workflow_dispatch"}
    (entry,) = begins["schedule"]
    minute, hour, day, month, weekday = entry["cron"].split()
    assert (day, month) == ("*", "*") and 0 <= int(weekday) <= 6 and 0 <= int(hour) <= 23
    assert 0 < int(minute) < 60, "on the hour the runners are busiest"
