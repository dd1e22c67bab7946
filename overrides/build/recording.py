"""Frames that are recorded at the build: a lab's main slider moves, and its run plays, before Python is there.

They come from the compute that runs in the browser later. Numbers keep four digits, which is more than a picture
shows; a matrix keeps the 63 shades of its heatmap. Each lab's recording is a file of its own, fetched after the page.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np

from labs_py import api
from labs_py.spec import Chart, LabSpec

DIGITS = 4
MOST_RUN_FRAMES = 32
SHADES = 31  # of each colour, as overrides/labs/charts/png.js paints them
LARGEST_LIST = 1024  # entries; what is longer is a picture

Frame = dict[str, Any]


@cache
def run_frames(slug: str) -> list[Frame]:
    """Frames of the run that the SPEC records, the last one final; the steps before its training are left out."""
    settings = api.spec(slug).recorded
    if not settings:
        return []
    frames = list(api.run(slug, {**settings, "train": True} if api.spec(slug).plays else settings))
    live = [frame for frame in frames if set(frame["scalars"]) >= set(frames[-1]["scalars"])]
    return live or frames[-1:]


def recording(slug: str) -> dict[str, Any] | None:
    """What is recorded of a lab; None when its SPEC asks for nothing.

    Returns:
        ``{"sweep": {"param", "base", "frames": [{"value", "scalars", "arrays", "texts"}]}, "run": {"frames": [...]}}``:
        ``base`` holds the arrays that the moving charts share, each frame only what differs from the first frame.
    """
    spec = api.spec(slug)
    found: dict[str, Any] = {}
    if spec.sweep:
        found["sweep"] = _sweep(spec)
    if spec.plays:
        found["run"] = _run(spec)
    return found or None


def _sweep(spec: LabSpec) -> dict[str, Any]:
    assert spec.sweep
    first = api.last_frame(spec.slug)
    frames = {value: api.last_frame(spec.slug, {spec.sweep.param: value}) for value in spec.sweep.values}
    moving = {name for frame in frames.values() for name in _changed(frame, first)}
    charts = [chart for chart in spec.charts if _names(chart) & moving or spec.sweep.param in dict(chart.markers)]
    shared = set().union(*(_names(chart) for chart in charts)) - moving
    limits = _limits(charts, first)
    still = sorted(shared & {*first["arrays"]})
    return {
        "param": spec.sweep.param,
        "charts": [chart.name for chart in charts],
        "base": {name: _packed(first["arrays"][name], limits.get(name)) for name in still},
        "frames": [
            {
                "value": value,
                **_difference(frame, first, charts, moving, limits),
            }
            for value, frame in frames.items()
        ],
    }


def _run(spec: LabSpec) -> dict[str, Any]:
    """The recorded run in at most 32 frames, evenly spaced: of its charts and numbers those that it changes."""
    first, frames = api.last_frame(spec.slug), run_frames(spec.slug)
    picked = [frames[round(i)] for i in np.linspace(0, len(frames) - 1, min(len(frames), MOST_RUN_FRAMES))]
    moving = {name for frame in (picked[0], picked[-1]) for name in _changed(frame, first)}
    charts = [chart for chart in spec.charts if _names(chart) & moving and not _has_data(chart, first)]
    names = set().union(*(_names(chart) for chart in charts))
    return {
        "charts": [chart.name for chart in charts],
        "frames": [
            {
                "progress": frame["progress"],
                **_difference(frame, first, charts, names, {}),
            }
            for frame in picked
        ],
    }


def _difference(
    frame: Frame, first: Frame, charts: list[Chart], names: set[str], limits: dict[str, float]
) -> dict[str, Any]:
    """What a recorded frame holds: the numbers and texts that differ from the first frame's, and the named arrays."""
    return {
        "scalars": {k: _short(s["value"]) for k, s in frame["scalars"].items() if s != first["scalars"].get(k)},
        "arrays": {n: _packed(frame["arrays"][n], limits.get(n)) for n in sorted(names & set(frame["arrays"]))},
        "texts": {k: text for k, text in frame["texts"].items() if _is_drawn(k, text, first, charts)},
    }


def _names(chart: Chart) -> set[str]:
    """Arrays that a chart needs: those that it draws, and the one whose largest entry sets its colours."""
    drawn = {n for s in chart.series for n in (s.array, s.x, s.low, s.high, s.kept) if n}
    return drawn | ({chart.scale_from, chart.room_for} - {""})


def _has_data(chart: Chart, frame: Frame) -> bool:
    return any(
        name in frame["arrays"] and frame["arrays"][name]["data"].size for name in (s.array for s in chart.series)
    )


def _changed(frame: Frame, first: Frame) -> set[str]:
    return {
        name
        for name, array in frame["arrays"].items()
        if name not in first["arrays"]
        or not np.array_equal(array["data"], first["arrays"][name]["data"], equal_nan=True)
    }


def _is_drawn(name: str, text: str, first: Frame, charts: list[Chart]) -> bool:
    """Whether a text differs from the first frame's and belongs to a chart that moves."""
    wanted = {f"summary:{chart.name}" for chart in charts} | {chart.tokens for chart in charts} | {"status", "samples"}
    return name in wanted and text != first["texts"].get(name)


def _limits(charts: list[Chart], first: Frame) -> dict[str, float]:
    """The value with full colour of each matrix, as its heatmap has it."""
    limits: dict[str, float] = {}
    for chart in charts:
        if chart.kind == "heatmap" and chart.scale_from in first["arrays"]:
            limit = float(np.abs(first["arrays"][chart.scale_from]["data"]).max())
            limits |= {chart.series[0].array: limit, chart.scale_from: limit}
            factors = [series.array for series in chart.series[1:]]
            largest = max((float(np.abs(first["arrays"][name]["data"]).max()) for name in factors), default=0.0)
            limits |= dict.fromkeys(factors, largest)
    return limits


def _packed(array: dict[str, Any], limit: float | None) -> dict[str, Any]:
    """Shape, and a list at four digits; a matrix as shades of its picture, base64."""
    data = array["data"]
    if limit and data.size > LARGEST_LIST:
        shades = np.rint(SHADES * np.clip(np.nan_to_num(data) / limit, -1, 1)).astype(np.int8)
        return {"shape": array["shape"], "unit": limit / SHADES, "shades": base64.b64encode(shades.tobytes()).decode()}
    return {"shape": array["shape"], "data": [_short(x) for x in data.tolist()]}


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
