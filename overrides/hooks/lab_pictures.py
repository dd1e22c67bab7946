"""A lab's picture in its article: one chart of the lab's result, as a figure that leads into the lab."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(Path(__file__).parent)) if path not in sys.path]

from labs_py import api  # noqa: E402
from overrides.figures.kit.figure import NARROW, WIDE, Chart, Figure, Series, Table, UnknownFigure  # noqa: E402
from overrides.figures.kit.sources import from_lab  # noqa: E402

HEIGHT = {WIDE: 280, NARROW: 250}
MOST_POINTS = 400


class LabChart(Chart):
    """A lab's own chart with its own frame, drawn as it stands in the lab."""

    def __init__(self, spec: dict, frame: dict) -> None:
        super().__init__(spec["kind"], (), spec["x_label"], spec["y_label"])
        object.__setattr__(self, "spec", spec)
        object.__setattr__(self, "frame", frame)

    def drawn(self, name: str, title: str, summary: str) -> dict:
        """The chart with the boxes of a page's figure."""
        boxes = [{"width": width, "height": height} for width, height in HEIGHT.items()]
        return {"name": name, "chart": self.spec, "frame": self.frame, "boxes": boxes}


def name_of(slug: str, chart: str = "", caption: str = "", **params: Any) -> str:
    """The figure's name: lab-lora, or lab-lora-spectrum for a chart that was asked for."""
    return "-".join(["lab", slug, *([chart] if chart else [])])


def address(slug: str, chart: str = "", caption: str = "", **params: Any) -> str:
    """Where the lab stands, with these settings."""
    return f"labs/{slug}/" + (f"?{urlencode(params)}" if params else "")


def picture(slug: str, chart: str = "", caption: str = "", **params: Any) -> Figure:
    """One chart of a lab as a figure: the first that its first result fills, or the one named.

    Args:
        slug: of the lab.
        chart: name of the chart in the lab's SPEC.
        caption: what the reader sees in it; the lab's own words when left out.
        params: settings other than the lab's own.

    Raises:
        UnknownFigure: no such lab or chart, or the chart is empty.
    """
    try:
        spec, frame = api.spec(slug).to_json(), json.loads(api.to_json(api.last_frame(slug, params)))
    except (KeyError, ValueError) as problem:
        raise UnknownFigure(f"lab_picture: {problem.args[0]}") from None
    recorded = api.recorded_run(slug)
    frames = [frame, *([json.loads(api.to_json(recorded))] if recorded and not params else [])]
    for shown in frames:
        for one in spec["charts"]:
            if chart in ("", one["name"]) and _filled(one, shown):
                words = shown["texts"].get(f"summary:{one['name']}", one.get("help") or "")
                said = caption or words or spec["summary"]
                return Figure(one["title"], said, words or said, LabChart(one, shown), (from_lab(slug, **params),),
                              _table(one, shown))  # fmt: skip
    raise UnknownFigure(f"lab_picture: lab '{slug}' fills no chart '{chart}'")


def _filled(chart: dict, frame: dict) -> bool:
    return any(frame["arrays"].get(one["array"], {}).get("data") for one in chart["series"])


def _table(chart: dict, frame: dict) -> Table:
    """The numbers of the chart's series; of a matrix the rows, as many as are legible."""
    arrays = frame["arrays"]
    first = arrays[chart["series"][0]["array"]]
    if chart["kind"] == "heatmap":
        columns = first["shape"][-1]
        rows = [first["data"][i * columns : (i + 1) * columns] for i in range(first["shape"][0])]
        return Table(
            ("row", "norm of the row"), [[i + 1, sum(v * v for v in row) ** 0.5] for i, row in enumerate(rows)]
        )
    tokens = json.loads(frame["texts"][chart["tokens"]]) if chart.get("tokens") else None
    series = []
    for one in chart["series"]:
        if one["array"] in arrays:
            places = tokens or (arrays[one["x"]]["data"] if one.get("x") else None)
            series.append(Series(one["label"], arrays[one["array"]]["data"], places))
    table = Chart("line", series[:6], chart["x_label"] or "position").table()
    return Table(table.head, table.rows[:: -(-len(table.rows) // MOST_POINTS)])
