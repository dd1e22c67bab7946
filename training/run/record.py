"""A finished run's report, kept in docs/data/runs for the pages that quote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.run.errors import BadInput

RUNS_FOLDER, RECORDS_FOLDER = Path("runs/records"), Path("docs/data/runs")
KEPT_OUT = ("before",)  # figures of every item: they stay in the run's own folder


def keep(report: dict[str, Any], name: str, folder: Path) -> Path:
    """Write a run's report as a record.

    Args:
        report: the finished run's report.
        name: of the record.
        folder: where records lie.

    Returns:
        The record's file.

    Raises:
        BadInput: the run is not a whole run of a clean checkout.
    """
    status = report.get("run", {}).get("status")
    if status != "main":
        raise BadInput(f"records: {name} has status {status}, only main runs are recorded (commit first, run it whole)")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    kept = {key: value for key, value in report.items() if key not in KEPT_OUT}
    partial = file.with_name(file.name + ".partial")
    partial.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(file)
    return file
