"""Tables of methods that fill themselves from the recorded runs: ``{{ method_table("name") }}`` on a line of its own.

``docs/reference/methods.yml`` says which runs and which of their figures a row shows. A row whose runs are not there
yet says so; every figure becomes a ``measured`` macro, so that it carries its runs' card like any other on the site.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from run_records import UnknownNumber, measured

LINE = re.compile(r'^\{\{ *method_table\("([\w-]+)"\) *\}\}$', re.MULTILINE)
HEAD = ("Method", "What it needs", "What it gained", "What it broke", "Training", "Verdict")
MISSING = "not recorded yet"
COST = (("train.seconds", "seconds", ""), ("train.peak_memory_bytes", "bytes", " at its peak"))


def expand(markdown: str, docs: Path, runs: Path) -> str:
    """The page's text with each table's line replaced by the table in Markdown.

    Raises:
        UnknownNumber: a table that methods.yml does not have.
    """
    if not LINE.search(markdown):
        return markdown
    listed = yaml.safe_load((docs / "reference" / "methods.yml").read_text(encoding="utf-8"))

    def table(found: re.Match) -> str:
        if found[1] not in listed:
            raise UnknownNumber(f"no table '{found[1]}' in docs/reference/methods.yml")
        rows = [HEAD, ("---",) * len(HEAD), *(tuple(cells(row, runs)) for row in listed[found[1]])]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    return LINE.sub(table, markdown)


def cells(row: dict[str, Any], runs: Path) -> Iterator[str]:
    """The cells of one row: what methods.yml says, and what the runs say."""
    name = row["runs"]
    yield row["method"]
    yield row["needs"]
    files = sorted(file for file in runs.glob(f"{name}-s*.json")
                   if file.stem.removeprefix(f"{name}-s").isdigit() and quotable(file))  # fmt: skip
    if not files:
        yield from (MISSING, "", "", "")
        return
    yield figures(row.get("gained", ()), files, runs)
    yield figures(row.get("broke", ()), files, runs)
    yield "<br>".join(cost(device, those, runs) for device, those in by_device(files).items())
    yield verdict(files)


def by_device(files: list[Path]) -> dict[str, list[Path]]:
    """The runs that one device made, by its name; figures of cost are never taken over two devices."""
    found: dict[str, list[Path]] = {}
    for file in files:
        device = json.loads(file.read_text(encoding="utf-8")).get("environment", {}).get("device", "")
        found.setdefault("a CPU" if device == "cpu" else device, []).append(file)
    return found


def cost(device: str, files: list[Path], runs: Path) -> str:
    """Seconds and memory of the training on one device, over its seeds where no other device made any."""
    whole = len(files) == len(list(runs.glob(f"{files[0].stem.rsplit('-s', 1)[0]}-s*.json")))
    said = [macro(group(files, runs, path) if whole else files[0].stem, path, style, note=False) + unit
            for path, style, unit in COST if resolves(files[0].stem, runs, path)]  # fmt: skip
    return f"{device}: {', '.join(said)}" if said else ""


def quotable(file: Path) -> bool:
    """Whether the run is no trial: its record may stand on a page."""
    return json.loads(file.read_text(encoding="utf-8")).get("run", {}).get("status") == "main"


def figures(wanted: list[dict[str, str]], files: list[Path], runs: Path) -> str:
    """Each figure with its name, on a line of its own."""
    said = [f"{item['name']}: {macro(group(files, runs, item['path']), item['path'], item.get('format'))}"
            for item in wanted if resolves(files[0].stem, runs, item["path"])]  # fmt: skip
    return "<br>".join(said) or "not measured"


def resolves(run: str, runs: Path, path: str) -> bool:
    """Whether a run has the figure."""
    try:
        measured(runs, run, path)
    except UnknownNumber:
        return False
    return True


def group(files: list[Path], runs: Path, path: str) -> str:
    """All seeds together where they can be, the first one otherwise."""
    whole = f"{files[0].stem.rsplit('-s', 1)[0]}-s*"
    return whole if resolves(whole, runs, path) else files[0].stem


def macro(run: str, path: str, style: str | None, note: bool = True) -> str:
    """The figure as a page would write it."""
    more = (f', format="{style}"' if style else "") + ("" if note else ", note=False")
    return f'{{{{ measured("{run}", "{path}"{more}) }}}}'


def verdict(files: list[Path]) -> str:
    """What the gate said, of every seed; a negative word stands as it is."""
    said = [json.loads(file.read_text(encoding="utf-8")).get("gate", {}).get("verdict", "none") for file in files]
    words = list(dict.fromkeys(said))
    return words[0] if len(words) == 1 else "<br>".join(f"{word} ({said.count(word)} of {len(said)})" for word in words)
