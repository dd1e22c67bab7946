"""Where a figure's numbers come from: values out of recorded runs and facts, and the line that says so."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "overrides" / "hooks")) if path not in sys.path]

from run_records import Measured, measured  # noqa: E402

from labs_py import fact  # noqa: E402
from labs_py.core.facts import FACTS  # noqa: E402

RUNS = ROOT / "docs" / "data" / "runs"


@lru_cache(maxsize=200)
def record(run: str) -> dict[str, Any]:
    """A recorded run, whole."""
    return json.loads((RUNS / f"{run}.json").read_text(encoding="utf-8"))


def value(run: str, path: str) -> Measured:
    """A recorded value with n and interval; ``NAME-s*`` is the mean over seeds with Student's interval.

    Raises:
        UnknownNumber: no such run or path.
    """
    return measured(RUNS, run, path)


def computed(name: str, **arguments: Any) -> float:
    """A number of the pages, by the name of its fact."""
    return float(FACTS[name](**arguments))


def from_run(*runs: str) -> str:
    """The source line of recorded runs: their files and the command that makes them."""
    names = ", ".join(runs)
    first = runs[0].removesuffix("-s*").removesuffix("*")
    word = "recorded run" if len(runs) == 1 and "*" not in names else "recorded runs"
    return f"{word} {names} (python -m training records --only {first})"


def from_fact(name: str, **arguments: Any) -> str:
    """The source line of a computed number: the command that prints it."""
    return fact.line(name, arguments)


def from_lab(slug: str, **params: Any) -> str:
    """The source line of a lab's result: the command that computes it."""
    return f"make -s lab SLUG={slug} PARAMS='{json.dumps(params)}'"


def from_code(name: str) -> str:
    """The source line of a tested function, as labs_py.core.svd:jacobi."""
    return f"computed by {name}"


def cited(key: str, place: str) -> str:
    """The source line of a published number; it becomes a numbered reference of the page."""
    return f'{{{{ cite("{key}", "{place}") }}}}'


def thinned(values: Sequence[float], most: int = 60) -> tuple[list[float], list[float]]:
    """Positions and means of at most ``most`` equal stretches of a long curve; the last one may be shorter.

    Returns:
        middle position of each stretch, from 1, and its mean.
    """
    width = -(-len(values) // most)
    parts = [values[i : i + width] for i in range(0, len(values), width)]
    places = [i * width + (len(part) + 1) / 2 for i, part in enumerate(parts)]
    return places, [sum(part) / len(part) for part in parts]
