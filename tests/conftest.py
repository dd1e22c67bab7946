"""What all tests share: the checkout's root, how much of a long proof to run, and a word on what was left out."""

from __future__ import annotations

import gc
import os
from collections import Counter
from pathlib import Path

# Two processes share the tests and the matrices are small: further threads of numpy and torch only wait for each other.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from tests.checkout import ROOT  # noqa: E402
from tests.effort import EFFORT, Effort  # noqa: E402

settings.register_profile("stage10", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("stage10")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def effort() -> Effort:
    """How much to run: a seeded sample in ``make test``, all in ``make test-long`` (tests/effort.py says more)."""
    return EFFORT


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--nothing-left-out`` makes a run fail that skipped a test; ``make test`` gives it."""
    parser.addoption("--nothing-left-out", action="store_true", help="fail when a test was skipped")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Who asks for the effort is sampled; what is marked long, and cases beyond a few, wait for ``make test-long``;
    what is marked gemma waits for ``STAGE10_ACCEPT=gemma``."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("few"):
            cases.setdefault(item.nodeid.split("[")[0], []).append(item)
        if "effort" in getattr(item, "fixturenames", ()) or item.get_closest_marker("few"):
            item.add_marker(pytest.mark.sampled)
    gemma = "gemma" in os.environ.get("STAGE10_ACCEPT", "").split(",")
    later = [item for item in items if (item.get_closest_marker("long") and not EFFORT.full)
             or (item.get_closest_marker("gemma") and not gemma)]  # fmt: skip
    for alike in cases.values():
        kept = EFFORT.some(alike, alike[0].get_closest_marker("few").args[0])
        later += [item for item in alike if item not in kept and item not in later]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the garbage collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test fails the run where nothing may be left out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and session.config.getoption("nothing_left_out") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    """Name what was left out, by reason, so that a green run cannot hide it."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"left out: {count} ({reason})")
    if reasons and terminalreporter.config.getoption("nothing_left_out"):
        terminalreporter.write_line("Nothing may be left out here: set up what the lines above name (make test does).")
