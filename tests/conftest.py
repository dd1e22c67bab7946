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


def grouped(items: list[pytest.Item], mark: str, end: str) -> dict[str, list[pytest.Item]]:
    """The tests with a mark, by their id up to ``end``: ``[`` for a function's cases, ``::`` for a file's tests."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker(mark):
            found.setdefault(item.nodeid.split(end)[0], []).append(item)
    return found


def not_drawn(items: list[pytest.Item]) -> set[pytest.Item]:
    """Cases beyond a few, and the functions that their file did not draw."""
    later: set[pytest.Item] = set()
    for alike in grouped(items, "few", "[").values():
        later |= set(alike) - set(EFFORT.some(alike, alike[0].get_closest_marker("few").args[0]))
    for file, tests in grouped(items, "drawn", "::").items():
        functions = list(dict.fromkeys(item.nodeid.split("[")[0] for item in tests))
        drawn = EFFORT.some(functions, tests[0].get_closest_marker("drawn").args[0], of=file)
        later |= {item for item in tests if item.nodeid.split("[")[0] not in drawn}
    return later


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for the effort is sampled; what is marked long, and what was not drawn, waits for ``make test-long``;
    what is marked gemma waits for ``STAGE10_ACCEPT=gemma``."""
    for item in items:
        if "effort" in getattr(item, "fixturenames", ()) or any(map(item.get_closest_marker, ("few", "drawn"))):
            item.add_marker(pytest.mark.sampled)
    gemma = "gemma" in os.environ.get("STAGE10_ACCEPT", "").split(",")
    here = [item for item in items if not (item.get_closest_marker("long") and not EFFORT.full)
            and not (item.get_closest_marker("gemma") and not gemma)]  # fmt: skip
    later = (set(items) - set(here)) | not_drawn(here)
    if later:
        config.hook.pytest_deselected(items=[item for item in items if item in later])
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
