"""What a figure is, as data: what is drawn, what is said below it, the numbers behind it and where they come from."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
WIDE, NARROW = 680, 350  # units of a drawing on a screen and on a phone; a unit is about a CSS pixel
MOST_WORD = 24  # letters of a row's name: more do not fit beside the bars on a phone


class UnknownFigure(ValueError):
    """A page asks for a figure that no function draws; the message says which."""


@dataclass(frozen=True)
class Series:
    """One quantity of a chart: a line, bars or dots.

    Args:
        label: its name in the legend and in the table.
        y: the values; None where there is none.
        x: their positions; 1, 2, 3 ... when left out.
        role: line, dashed, steps, band, dots or bars.
        low: lower ends of intervals, one for each value.
        high: upper ends.
    """

    label: str
    y: Sequence[float | None]
    x: Sequence[float] | None = None
    role: str = "line"
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None


@dataclass(frozen=True)
class Chart:
    """A chart that the labs' own functions draw.

    Args:
        kind: line, scatter, bars, histogram, or rows (a bar or dot for each of ``words``).
        series: what it shows, six at most.
        x_label: name and unit of the horizontal axis.
        y_label: name and unit of the vertical axis; of a chart of rows, what the rows are.
        words: names of the rows.
        markers: (position, label) of vertical lines.
        height: of the drawing, in its units; a chart of rows takes what its rows need.
    """

    kind: str
    series: Sequence[Series]
    x_label: str
    y_label: str = ""
    words: Sequence[str] = ()
    markers: Sequence[tuple[float, str]] = ()
    x_log: bool = False
    y_log: bool = False
    y_zero: bool = False
    height: int = 280

    def __post_init__(self) -> None:
        long = [word for word in self.words if len(word) > MOST_WORD]
        if long:
            raise ValueError(f"a row's name has at most {MOST_WORD} letters: {long[0]!r}")
        if len(self.series) > 6:
            raise ValueError("there are colours for six series")

    def values_axis(self) -> str:
        """Name and unit of the axis on which the values are read."""
        return self.x_label if self.kind == "rows" else self.y_label

    def table(self) -> Table:
        """The chart's numbers, a row for each position or word."""
        head, columns = [], []
        last: list | None = None
        for one in self.series:
            places = list(self.words) or list(one.x or range(1, len(one.y) + 1))
            if places != last:
                name = (self.y_label if self.words else self.x_label) or "position"
                head.append(name)
                columns.append(places)
                last = places
            for name, values in (("", one.y), (", low", one.low), (", high", one.high)):
                if values is not None:
                    head.append(one.label + name)
                    columns.append(list(values))
        length = max(len(column) for column in columns)
        rows = [[column[i] if i < len(column) else None for column in columns] for i in range(length)]
        return Table(head, rows)

    def drawn(self, name: str, title: str, summary: str) -> dict:
        """What overrides/build/render_figures.mjs needs to draw the chart at both widths."""
        arrays, listed = {}, []
        for i, one in enumerate(self.series):
            keys = {"array": f"y{i}", "x": f"x{i}", "low": f"l{i}", "high": f"h{i}"}
            given = {"array": one.y, "x": one.x, "low": one.low, "high": one.high}
            for part, values in given.items():
                if values is not None:
                    arrays[keys[part]] = {"shape": [len(values)], "data": list(values)}
            named = {part: keys[part] if given[part] is not None else None for part in keys}
            listed.append({"label": one.label, "role": one.role, "kept": None, **named})
        rows = self.kind == "rows"
        chart = {
            "name": name, "title": title, "kind": "tokens" if rows else self.kind, "series": listed,
            "tokens": "words" if rows else None,
            # of a chart of rows the lab's function writes the values' axis where others have the vertical one
            "x_label": "" if rows else self.x_label, "y_label": self.x_label if rows else self.y_label,
            "x_log": self.x_log, "y_log": self.x_log if rows else self.y_log, "y_zero": self.y_zero,
            "markers": [[f"m{i}", label] for i, (_, label) in enumerate(self.markers)],
        }  # fmt: skip
        scalars = {f"m{i}": {"value": at} for i, (at, _) in enumerate(self.markers)}
        texts = {f"summary:{name}": summary, "words": json.dumps(list(self.words))}
        frame = {"arrays": arrays, "params": {}, "scalars": scalars, "texts": texts}
        return {"name": name, "chart": chart, "frame": frame, "boxes": [self._box(WIDE), self._box(NARROW)]}

    def _box(self, width: int) -> dict:
        """Size and margins of one drawing."""
        if self.kind != "rows":
            return {"width": width, "height": self.height if width == WIDE else min(self.height, 260)}
        longest = max(len(word) for word in self.words)
        band = max(26, 13 * len(self.series) + 8)
        return {"width": width, "height": 66 + band * len(self.words), "left": round(min(24 + 6.3 * longest, 178)),
                "right": 22}  # fmt: skip


@dataclass(frozen=True)
class Diagram:
    """A picture that is no chart: a function from a width to the inside of an SVG and its height (kit/diagrams.py)."""

    draw: Callable[[int], tuple[str, float]]


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure."""

    head: Sequence[str]
    rows: Sequence[Sequence[float | int | str | None]]


@dataclass(frozen=True)
class Figure:
    """A figure of a page.

    Args:
        title: what it shows, in a few words.
        caption: what a reader sees in it. Macros (measured, computed, cite) may stand in it.
        summary: the picture in words, for those who do not see it.
        drawing: a chart or a diagram.
        sources: how to get each of its numbers again (kit/sources.py).
        table: the numbers; of a chart its own when left out.
        legend: (colour 1 to 6, name) of a diagram's kinds of boxes.
    """

    title: str
    caption: str
    summary: str
    drawing: Chart | Diagram
    sources: Sequence[str]
    table: Table | None = None
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)

    def numbers(self) -> Table:
        """The table behind the figure.

        Raises:
            ValueError: a diagram without one.
        """
        if self.table is not None:
            return self.table
        if isinstance(self.drawing, Chart):
            return self.drawing.table()
        raise ValueError(f"the diagram '{self.title}' has no table")


FIGURES: dict[str, Callable[[], Figure]] = {}


def figure(function: Callable[[], Figure]) -> Callable[[], Figure]:
    """Register a function that draws the figure of its name: ``thin_matrices`` is ``figure("thin-matrices")``.

    Raises:
        ValueError: another module has a figure of that name.
    """
    name = getattr(function, "__name__", "").replace("_", "-")
    known = FIGURES.get(name)
    if known and known.__module__ != function.__module__:
        raise ValueError(f"two modules of overrides/figures have a figure '{name}'")
    FIGURES[name] = function
    return function


def load() -> None:
    """Read every module of overrides/figures, so that its figures are known."""
    for file in sorted(FOLDER.glob("*.py")):
        importlib.import_module(f"overrides.figures.{file.stem}")


def get(name: str) -> Figure:
    """The figure of a name, from the modules of overrides/figures.

    Raises:
        UnknownFigure: no module has it.
    """
    load()
    if name not in FIGURES:
        raise UnknownFigure(f"no figure '{name}' in overrides/figures; there are {', '.join(sorted(FIGURES))}")
    return FIGURES[name]()
