"""Charts of recorded runs: dots with whiskers for several runs, and loss curves."""

from __future__ import annotations

from collections.abc import Sequence

from overrides.figures.kit.figure import Chart, Series
from overrides.figures.kit.sources import record, thinned, value


def gains(rows: Sequence[tuple[str, str]], path: str, label: str = "gain", unit: str = "points", factor: float = 100,
          rows_are: str = "run") -> Chart:  # fmt: skip
    """A dot with its interval for each run or group of runs.

    Args:
        rows: (name, run); ``NAME-s*`` is the mean over seeds with Student's interval.
        path: of the figure in the records.
        label: what the figure is.
        unit: of the axis.
        factor: from the record's unit to the axis': 100 makes points of shares.
        rows_are: name of the first column of the table.

    Raises:
        UnknownNumber: no such run or figure.
    """
    found = [value(run, path) for _, run in rows]
    lows = [None if one.low is None else factor * one.low for one in found]
    highs = [None if one.high is None else factor * one.high for one in found]
    dots = Series(label, [factor * one.value for one in found], None, "dots", lows, highs)
    return Chart("rows", [dots], f"{label}, {unit}", rows_are, words=[name for name, _ in rows])


def losses(rows: Sequence[tuple[str, str]], most: int = 60, unit: str = "nats a token") -> Chart:
    """Training loss by step of a few runs, each point the mean of a stretch of steps.

    Args:
        rows: (name, run).
        most: points of a curve.
        unit: of the loss.
    """
    curves = []
    for name, run in rows:
        places, means = thinned(record(run)["train"]["loss"], most)
        curves.append(Series(name, means, places))
    return Chart("line", curves, "step", f"training loss, {unit}")
