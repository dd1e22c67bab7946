"""What a lab is: its parameters, outputs, charts, presets, predictions and challenges, as plain data.

One generic view renders any ``LabSpec``; adding a lab takes a folder of Python and a page, no JavaScript.
``validate`` turns whatever a reader or a link brings into legal parameters, with every repair said in a sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from labs_py import numbers
from labs_py.numbers import shorten

KINDS = ("range", "choice", "switch", "seed", "text", "file", "picks")
CHART_KINDS = ("line", "bars", "histogram", "heatmap", "scatter", "tokens")
SEED_MAX = 2**31 - 1


@dataclass(frozen=True)
class Param:
    """One thing the reader can set.

    Attributes:
        name: key in params, in the query string and in the control's ``name``.
        label: the control's accessible name.
        kind: one of ``KINDS``. ``switch`` is a boolean; ``seed`` a whole number; ``text``, ``file`` and
            ``picks`` are strings or JSON lists that stay in the browser's storage, never in the URL.
        default: value at the first frame.
        help: one sentence: what moving it does.
        unit: shown behind the value.
        min, max, step: bounds of a range (inclusive). Whole-number step means whole-number values.
        max_from: name of another parameter whose value is this one's largest legal value.
        choices: (value, label) pairs of a choice.
        scale: "linear" or "log": how the slider's travel maps to values.
        section: title of the section of the lab it stands in ("" = the first).
        max_length: longest accepted text, in characters.
        hidden: no control is drawn; a view of the lab's own sets it.
    """

    name: str
    label: str
    kind: str
    default: Any
    help: str = ""
    unit: str = ""
    min: float | None = None
    max: float | None = None
    step: float | None = None
    max_from: str | None = None
    choices: tuple[tuple[Any, str], ...] = ()
    scale: str = "linear"
    section: str = ""
    max_length: int = 20_000
    hidden: bool = False


@dataclass(frozen=True)
class Output:
    """One scalar that the lab shows.

    Attributes:
        name: key in a frame's ``scalars``.
        label: what the reader sees.
        unit: shown behind the value ("" = a pure number).
        format: "number" (4 significant digits), "integer", "percent" (value 0..1), "bytes" or "count".
        help: one sentence on its meaning.
        section: title of the section it stands in.
        scale: the ``scale`` of the comparison rule ``|x - reference| <= 1e-9 * max(|reference|, scale)``:
            a number, or the name of a scalar of the same frame.
    """

    name: str
    label: str
    unit: str = ""
    format: str = "number"
    help: str = ""
    section: str = ""
    scale: float | str = 1.0


@dataclass(frozen=True)
class Series:
    """One mark of a chart, drawn from arrays of the frame.

    Attributes:
        array: name of the array with the values (``y``; for a heatmap the matrix).
        label: name in the legend and the table's column head.
        x: name of the array with the positions; None = 1, 2, 3, ...
        role: "line", "dashed", "dots", "bars", "steps" or "band"; of a heatmap's factors "left" or "above", where they
            are drawn to its scale.
        low, high: arrays of a band or of error bars.
        kept: array of 0/1 flags; entries with 0 are drawn as dropped (hatched, not by colour alone).
    """

    array: str
    label: str
    x: str | None = None
    role: str = "line"
    low: str | None = None
    high: str | None = None
    kept: str | None = None


@dataclass(frozen=True)
class Chart:
    """One chart: its kind, its axes and its series.

    Attributes:
        name: value of ``data-chart``.
        kind: one of ``CHART_KINDS``.
        markers: vertical lines, as (param or scalar name, label).
        tokens: name of the frame's ``texts`` entry (JSON list of strings) that labels the x positions.
        section: title of the section it stands in.
        live: True when it is only filled by pressing the lab's run button.
        scale_from: heatmap: the array whose largest magnitude sets the colours ("" = its own).
        room_for: heatmap: the array that is drawn left of this one, or of its neighbours, which keep to one size.
        download: caption of the button that saves the numbers as CSV ("" = a plain one).
        mirror: a chart of words: two series as mirror images about one axis of words.
        drag: name of a range parameter that is dragged along the chart's axis or across a chart of words, or goes up by
            one with each press of a histogram's dot ("" = none).
    """

    name: str
    title: str
    kind: str
    series: tuple[Series, ...]
    x_label: str = ""
    y_label: str = ""
    x_log: bool = False
    y_log: bool = False
    y_zero: bool = False
    markers: tuple[tuple[str, str], ...] = ()
    tokens: str | None = None
    help: str = ""
    section: str = ""
    live: bool = False
    scale_from: str = ""
    room_for: str = ""
    mirror: bool = False
    download: str = ""
    drag: str = ""


@dataclass(frozen=True)
class Section:
    """A titled part of the lab, with one or two sentences that carry the argument (plain text)."""

    title: str
    lead: str = ""


@dataclass(frozen=True)
class Preset:
    """A setting worth seeing, with its reason. ``good`` is False for a known-bad one."""

    name: str
    label: str
    params: dict[str, Any]
    reason: str
    good: bool = True


@dataclass(frozen=True)
class Prediction:
    """A number (or choice) that the reader commits to before the lab reveals it.

    Attributes:
        question: one sentence.
        params: settings (over the defaults) at which the lab is run for the answer.
        reveal: the scalar that is the answer.
        unit: of the answer.
        tolerance: a guess within this relative distance counts as right (0.25 = within a quarter).
        why: said after the reveal.
    """

    name: str
    question: str
    params: dict[str, Any]
    reveal: str
    why: str
    unit: str = ""
    tolerance: float = 0.25
    choices: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A checker's answer: ``result`` is "right" or "wrong"; the message names the misconception if wrong."""

    result: str
    message: str


@dataclass(frozen=True)
class Task:
    """One drawn instance of a challenge: what is asked, and the settings the lab is put to."""

    prompt: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Challenge:
    """A task with a checker in Python.

    Attributes:
        answer: "params" (the lab's settings are the answer), "number", or "choice".
        draw: ``draw(seed) -> Task``; the same seed draws the same task.
        check: ``check(seed, params, answer) -> Verdict``; of legal settings, and a number or choice (else None).
        hint: one sentence, shown on request.
    """

    name: str
    title: str
    answer: str
    draw: Callable[[int], Task]
    check: Callable[[int, dict[str, Any], Any], Verdict]
    hint: str = ""
    unit: str = ""
    choices: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """What ``compute`` yields: one state of the lab.

    Attributes:
        scalars: name -> float (units stand in the SPEC's outputs).
        arrays: name -> numpy array of any shape.
        texts: name -> sentence: ``summary:<chart>`` of a chart, ``status`` under the controls.
        done, total: steps of work, for the progress bar (total 0 = no bar).
        needs: ``later`` data files that the next state reads; a state that needs some is never the last.
        early: shown at once, before the next step is begun: a coarse state, or the part that a hand on a slider looks
            at. Never the last one.
    """

    scalars: dict[str, float]
    arrays: dict[str, np.ndarray]
    texts: dict[str, str] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    needs: tuple[str, ...] = ()
    early: bool = False


@dataclass(frozen=True)
class DataFile:
    """A recorded file that a lab reads through ``labs_py.data`` (kept in docs/data/labs/files)."""

    name: str
    sha256: str
    size: int
    later: bool = False  # fetched only when a state of the lab ``needs`` it, after that state is shown


@dataclass(frozen=True)
class Sweep:
    """Frames along a main slider that are recorded when the site is built: it moves before Python has come.

    Attributes:
        param: name of a range parameter; everything else stands at its default.
        values: the recorded values, in ascending order.
        arrival: those that are played, in this order and up to the default, when the page opens for the first time.
    """

    param: str
    values: tuple[float, ...]
    arrival: tuple[float, ...] = ()


@dataclass(frozen=True)
class LabSpec:
    """Everything about a lab that is data.

    Attributes:
        version: the lesson's version; edits saved by a reader carry it.
        run_label: caption of the run button ("" = no long work); it sets the switch ``train`` for that request.
        code: "module:function" names shown, and editable, behind the lab.
        training_command: the ``python -m training`` command that does the same on a real model.
        array_tolerance: relative to an array's largest entry, native against Pyodide.
        scalar_tolerance: the factor of the comparison rule.
        view: name of a view of its own under ``overrides/labs/views`` ("" = generic only).
        pinned: parameters whose controls stay in sight, in the bar above the lab, however far one scrolls.
        data_files: recorded files that are provided before the first run, or later (see ``labs_py.data``).
        recorded: settings (over the defaults) whose result stands in charts and numbers that the first frame leaves
            empty, marked as recorded, until the reader runs the lab.
        sweep: a main slider of which frames are recorded.
        plays: whether the recorded run is played in the first scene when the page opens for the first time.
    """

    slug: str
    title: str
    summary: str
    version: str
    params: tuple[Param, ...]
    outputs: tuple[Output, ...]
    charts: tuple[Chart, ...]
    sections: tuple[Section, ...] = ()
    presets: tuple[Preset, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    run_label: str = ""
    code: tuple[str, ...] = ()
    training_command: str = ""
    array_tolerance: float = 1e-6
    scalar_tolerance: float = 1e-9
    view: str = ""
    data_files: tuple[DataFile, ...] = ()
    pinned: tuple[str, ...] = ()
    recorded: dict[str, Any] = field(default_factory=dict)
    sweep: Sweep | None = None
    plays: bool = False

    def param(self, name: str) -> Param:
        """The parameter of that name; KeyError when there is none."""
        return {p.name: p for p in self.params}[name]

    def defaults(self) -> dict[str, Any]:
        """Parameters of the first frame."""
        return {p.name: p.default for p in self.params}

    def to_json(self) -> dict[str, Any]:
        """The SPEC as JSON-ready data; a challenge's functions are left out."""
        data = asdict(self)
        for challenge in data["challenges"]:
            del challenge["draw"], challenge["check"]
        return json.loads(json.dumps(data))


Error = dict[str, str]


def validate(spec: LabSpec, raw: dict[str, Any] | None) -> tuple[dict[str, Any], list[Error]]:
    """Legal parameters from whatever was given, and one sentence for each repair.

    Unknown names are dropped, unreadable values fall back to the default, numbers are clamped to their
    bounds and steps. Never raises on bad values.
    """
    raw = {} if raw is None else raw
    if not isinstance(raw, dict):
        return spec.defaults(), [{"param": "", "message": "Parameters must be a JSON object; using the defaults."}]
    known = {p.name for p in spec.params}
    unknown = [shorten(name) for name in raw if name not in known]
    errors = [{"param": name, "message": f"'{name}' is not a parameter of this lab; it was ignored."}
              for name in unknown]  # fmt: skip
    params: dict[str, Any] = {}
    for p in sorted(spec.params, key=lambda p: p.max_from is not None):  # what bounds another comes before it
        most = params[p.max_from] if p.max_from else None
        bounded = most is not None and (p.max is None or most < p.max)
        limited = replace(p, max=most, default=min(p.default, most)) if bounded else p
        params[p.name], message = _clean(limited, raw[p.name]) if p.name in raw else (limited.default, "")
        if message:
            if bounded and "above the largest" in message:
                whose = spec.param(p.max_from or "").label
                message = f"{p.label}: {shorten(raw[p.name])} is above the largest value that {whose} allows; "
                message += f"using {most}."
            errors.append({"param": p.name, "message": message})
    return {p.name: params[p.name] for p in spec.params}, errors


def _clean(p: Param, value: Any) -> tuple[Any, str]:
    """A legal value for ``p`` and a sentence when it had to be repaired ("" when it was fine)."""
    if p.kind in ("range", "seed"):
        return _clean_number(p, value)
    if p.kind == "switch":
        if (word := numbers.as_text(value).lower()) in ("true", "false", "0", "1", "0.0", "1.0"):
            return word in ("true", "1", "1.0"), ""
        return p.default, f"{p.label}: '{shorten(value)}' is neither on nor off; using the default."
    if p.kind == "choice":
        word = numbers.as_text(value)
        if named := [legal for legal, _ in p.choices if str(legal) == word]:
            return named[0], ""
        legal_names = ", ".join(str(v) for v, _ in p.choices)
        return p.default, f"{p.label}: '{shorten(value)}' is not one of {legal_names}; using {p.default}."
    if p.kind == "picks":
        return _clean_picks(p, value)
    if not isinstance(value, str):
        return p.default, f"{p.label}: text is expected; using the default."
    if len(value) > p.max_length:
        return p.default, f"{p.label}: {len(value):,} characters, but {p.max_length:,} fit; using the default."
    legal = numbers.as_text(value)
    return legal, "" if legal == value else f"{p.label}: half a surrogate pair is no character; '?' stands for it."


def _clean_picks(p: Param, value: Any) -> tuple[Any, str]:
    """Picks as they are when they are plain JSON of a bearable size; what they mean is the lab's to judge."""
    try:
        length = len(value) if isinstance(value, str) else len(json.dumps(list(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return p.default, f"{p.label}: a plain list of picks is expected; using the default."
    message = f"{p.label}: {length:,} characters, and at most {p.max_length:,} fit; using the default."
    return (p.default, message) if length > p.max_length else (value, "")


def _clean_number(p: Param, value: Any) -> tuple[Any, str]:
    said = ""
    try:
        if isinstance(value, str):
            share = p.kind == "range" and p.scale != "log" and numbers.is_share(p.min, p.max, p.unit)
            number, said = numbers.meaning(numbers.as_text(value), p.min, p.max, p.unit, share)
        else:
            number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        said = said or f"'{shorten(value)}' is not a number"
        return p.default, f"{p.label}: {said}; using {p.default}."
    low = 0 if p.kind == "seed" and p.min is None else p.min
    high = SEED_MAX if p.kind == "seed" and p.max is None else p.max
    step = 1 if p.kind == "seed" else p.step
    whole = step is not None and float(step).is_integer() and float(low or 0).is_integer()
    origin = low or 0
    legal: float = number
    if step and p.scale == "linear":
        legal = round(origin + round((number - origin) / step) * step, 12)
    if whole:
        legal = round(legal)
    if low is not None and number < low:
        return type(legal)(low), f"{p.label}: {shorten(value)} is below the smallest value {low:g}; using {low:g}."
    if high is not None and number > high:
        return type(legal)(high), f"{p.label}: {shorten(value)} is above the largest value {high:g}; using {high:g}."
    if abs(legal - number) > 1e-9 * max(1.0, abs(number)):
        return legal, f"{p.label}: {shorten(value)} lies between two steps of {step:g}; using {legal:g}."
    return legal, f"{p.label}: {said}." if said else ""
