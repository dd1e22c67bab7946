"""Look a measured value up in a recorded run, or in one run for each seed, with all that says where it came from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs_py.core.evidence import over_seeds

NEEDED = ("run.command", "run.commit", "run.started", "environment.device")


class UnknownNumber(ValueError):
    """A macro names a run, key, fact or source that does not exist; the message says which."""


@dataclass(frozen=True)
class Measured:
    """One number: the value, how sure it is, and its provenance; ``by_run`` when it is a mean over seeds."""

    value: float
    n: int | None
    low: float | None
    high: float | None
    provenance: tuple[tuple[str, str], ...]
    by_run: tuple[Measured, ...] = ()


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
    """``ci95`` is one pair, or one for each column (base, tuned, ...); beside a change it is the change's."""
    bounds = holder.get("ci95")
    if isinstance(bounds, dict):
        bounds = bounds.get(key)
    elif key in ("base", "base_few_shot") or ("change" in holder and key != "change"):
        bounds = None  # a single pair belongs to the tuned model, or to the change
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

    ``NAME-s*`` is the group of the runs NAME-s0, NAME-s1 and so on: the value is their mean, the interval Student's.

    Raises:
        UnknownNumber: no such run or key, a value that is no number, missing provenance, or a run whose
            status is not "main" (smoke, cancelled and dirty runs are never quoted); a group of fewer than two runs,
            or of runs that differ in more than their seed.
    """
    if run_id.endswith("*"):
        return _over_seeds(runs, run_id, path)
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
    key = path.split(".")[-1]
    low, high = _interval(holder, key)
    n = holder.get("n_by_arm", {}).get(key, holder.get("n"))  # the untrained model may have answered fewer rows
    return Measured(value, n, low, high, _provenance(record, run_id))


def _over_seeds(runs: Path, group: str, path: str) -> Measured:
    """The mean of one figure over the runs of a group."""
    name = group.removesuffix("*")
    names = sorted(file.stem for file in runs.glob(f"{name}*.json") if file.stem.removeprefix(name).isdigit())
    if not name.endswith("-s") or len(names) < 2:
        raise UnknownNumber(f"'{group}' is no group of runs: name it NAME-s*, with NAME-s0.json and NAME-s1.json there")
    found = tuple(measured(runs, each, path) for each in names)
    said = [dict(one.provenance) for one in found]
    if len({_without_seed(one["Command"]) for one in said}) > 1:
        raise UnknownNumber(f"the runs of '{group}' differ in more than their seed: see their commands")
    if len({one["Seed"] for one in said}) < len(said):
        raise UnknownNumber(f"two runs of '{group}' have the same seed")
    mean, low, high = over_seeds([one.value for one in found])
    if len({one.value for one in found}) == 1:  # the untrained model, asked once for all: its own interval stands
        low, high = found[0].low, found[0].high
    rows = tuple((key, "; ".join(dict.fromkeys(one[key] for one in said))) for key in said[0] if key != "Command")
    sizes = {one.n for one in found}
    return Measured(mean, sizes.pop() if len(sizes) == 1 else None, low, high,
                    (*rows[:1], ("Command", said[0]["Command"]), *rows[1:]), found)  # fmt: skip


def _without_seed(command: str) -> str:
    """The command with the words that carry the seed made alike: ``--seed 1``, and folders that end in ``-s1``."""
    return re.sub(r"-s\d+\b", "-s", re.sub(r"--seed \d+", "--seed", command))
