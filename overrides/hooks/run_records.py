"""Look a measured value up in a recorded run, with everything that says where it came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEEDED = ("run.command", "run.commit", "run.started", "environment.device")


class UnknownNumber(ValueError):
    """A macro names a run, key, fact or source that does not exist; the message says which."""


@dataclass(frozen=True)
class Measured:
    """One number of one run: the value, how sure it is, and its provenance."""

    value: float
    n: int | None
    low: float | None
    high: float | None
    provenance: tuple[tuple[str, str], ...]


def _step(node: Any, key: str) -> Any:
    if isinstance(node, list) and key.lstrip("-").isdigit():
        return node[int(key)]
    return node[key]


def lookup(record: dict, path: str) -> tuple[Any, dict]:
    """Walk ``a.b.0.c`` through a record; returns the value and the mapping that holds it."""
    node, holder = record, record
    for key in path.split("."):
        if isinstance(node, dict):
            holder = node
        node = _step(node, key)
    return node, holder


def _interval(holder: dict, key: str) -> tuple[float | None, float | None]:
    """``ci95`` is one pair, or a mapping from column (base, tuned, ...) to its pair."""
    bounds = holder.get("ci95")
    if isinstance(bounds, dict):
        bounds = bounds.get(key)
    elif key in ("base", "base_few_shot"):
        bounds = None  # a single pair belongs to the tuned model
    return tuple(bounds) if bounds else (None, None)


def _provenance(record: dict, run_id: str) -> tuple[tuple[str, str], ...]:
    """What the card says: command, commit, seed, hardware and date of the run."""
    run, environment = record["run"], record["environment"]
    seeds = record.get("seeds", run.get("seed", "none drawn"))
    if isinstance(seeds, dict):
        seeds = ", ".join(f"{name} {seed}" for name, seed in seeds.items())
    hardware = " · ".join(str(environment[k]) for k in ("device", "cpu", "dtype") if environment.get(k))
    return (
        ("Run", run_id),
        ("Command", run["command"]),
        ("Commit", str(run["commit"])[:12]),
        ("Seed", str(seeds)),
        ("Hardware", hardware),
        ("Date", str(run["started"])[:10]),
    )


def measured(runs: Path, run_id: str, path: str) -> Measured:
    """Resolve ``measured(run_id, path)`` against ``docs/data/runs/<run_id>.json``.

    Raises:
        UnknownNumber: no such run or key, a value that is no number, missing provenance, or a run whose
            status is not "main" (smoke, cancelled and dirty runs are never quoted).
    """
    file = runs / f"{run_id}.json"
    if not file.is_file():
        raise UnknownNumber(f"no recorded run '{run_id}' in docs/data/runs")
    record = json.loads(file.read_text())
    for needed in NEEDED:
        try:
            lookup(record, needed)
        except (KeyError, IndexError, TypeError):
            raise UnknownNumber(f"run '{run_id}' does not say its {needed}") from None
    status = record["run"].get("status", "main")
    if status != "main":
        raise UnknownNumber(f"run '{run_id}' has status '{status}': only main runs are quoted")
    try:
        value, holder = lookup(record, path)
    except (KeyError, IndexError, TypeError):
        raise UnknownNumber(f"run '{run_id}' has no value at '{path}'") from None
    if isinstance(value, dict) and "value" in value:
        value, holder = value["value"], value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownNumber(f"run '{run_id}': '{path}' is not a number")
    low, high = _interval(holder, path.split(".")[-1])
    return Measured(value, holder.get("n"), low, high, _provenance(record, run_id))
