"""What passes between a page's worker and the labs: text headers, and flat float32 numbers.

The worker keeps the clock: it calls ``Run.advance`` until its time is up, then sends ``Run.pack`` to the page.
Whatever goes wrong in here comes back as data with one plain sentence, so that the worker lives on.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from labs_py import api, data
from labs_py.spec import validate


class Run:
    """One request of the page: a lab at some parameters, drained step by step.

    Attributes:
        header: JSON text of the packed frame; each array's ``offset`` and ``shape`` point into ``numbers``.
        numbers: all arrays of the packed frame, one after the other, float32.
        needs: names of the data files that must be provided before the next step, one a line.
        share: how much of the work is done, 0 to 1; 0 where a lab does not count its steps.
        early: whether this state is sent before another step is taken.
    """

    def __init__(self, slug: str, params_text: str):
        self.spec = api.spec(slug)
        self.params, self.errors = validate(self.spec, json.loads(params_text))
        self._results = api.results(slug, self.params)
        self._latest: Any = None
        self.header = ""
        self.numbers = np.zeros(0, dtype=np.float32)
        self.failure = ""
        self.needs = ""
        self.share = 0.0
        self.early = False

    def advance(self) -> str:
        """Take one step of work: "more", "done" or "failed" (then ``failure`` is JSON with kind and message)."""
        try:
            self._latest, final = next(self._results)
        except StopIteration:
            return self._fail({"kind": "empty", "message": "The lab gave no result at these settings."})
        except BaseException as error:  # a reader's edited code may raise anything, SystemExit too
            return self._fail(explain(error))
        self.needs = "\n".join(getattr(self._latest, "needs", ()))
        self.early = bool(getattr(self._latest, "early", False))
        self.share = self._latest.done / self._latest.total if getattr(self._latest, "total", 0) else 0.0
        return "done" if final else "more"

    def _fail(self, reason: dict[str, Any]) -> str:
        self.failure = json.dumps(reason)
        return "failed"

    def pack(self, final: bool) -> bool:
        """Put the latest state into ``header`` and ``numbers``; False (and ``failure``) when it is not a state."""
        try:
            frame = api.to_frame(self.spec, self.params, self._latest, self.errors, "float32", final)
            self.header, self.numbers = pack(frame)
        except BaseException as error:  # edited code may yield something that is no Result
            self._fail(explain(error))
            return False
        return True


def pack(frame: dict[str, Any]) -> tuple[str, np.ndarray]:
    """A frame as JSON text and one flat float32 array. Numbers that are not finite are null in the text."""
    header = {key: value for key, value in frame.items() if key != "arrays"}
    header["scalars"] = {
        name: {**scalar, "value": scalar["value"] if math.isfinite(scalar["value"]) else None}
        for name, scalar in frame["scalars"].items()
    }
    offset = 0
    header["arrays"] = {}
    for name, array in frame["arrays"].items():
        header["arrays"][name] = {"shape": array["shape"], "offset": offset, "length": array["data"].size}
        offset += array["data"].size
    numbers = [array["data"] for array in frame["arrays"].values()]
    flat = np.concatenate(numbers).astype(np.float32, copy=False) if numbers else np.zeros(0, dtype=np.float32)
    return json.dumps(header, ensure_ascii=False, allow_nan=False), flat


def explain(error: BaseException) -> dict[str, Any]:
    """Kind, sentence and line of an exception; ``yours`` says whether it rose from a reader's edited function."""
    kind = type(error).__name__
    yours, line = "", 0
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith("<your "):
            yours, line = name[6:-1], trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        where = (error.filename or "")[6:-1] if (error.filename or "").startswith("<your ") else "the code"
        line = error.lineno or 0
        message = f"Your version of {where} cannot be read: line {line}: {error.msg}."
        return {"kind": kind, "message": message, "line": line, "yours": where}
    text = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no further message"
    others = ", ".join(name.split(":")[1] for name in api.edited())
    if yours:
        message = f"Your version of {yours} raised {kind} in line {line}: {text}"
    elif others:  # ours fails on what theirs gave: None, another shape, another type
        message = f"The lab cannot go on with what your version of {others} returns ({kind}: {text})."
        yours = others
    else:
        message = f"The lab's code raised {kind}: {text}"
    return {"kind": kind, "message": message, "line": line, "yours": yours}


def call(name: str, arguments_text: str) -> str:
    """Answer a page's question: JSON ``{"ok": true, "value": ...}`` or ``{"ok": false, "error": {...}}``."""
    try:
        return json.dumps({"ok": True, "value": _CALLS[name](**json.loads(arguments_text))}, ensure_ascii=False)
    except BaseException as error:  # every failure becomes a sentence on the page
        return json.dumps({"ok": False, "error": explain(error)}, ensure_ascii=False)


def _draw(slug: str, challenge: str, seed: int) -> dict[str, Any]:
    task = api.draw(slug, challenge, seed)
    return {"prompt": task.prompt, "params": task.params}


def _check(slug: str, challenge: str, seed: int, params: dict[str, Any], answer: Any = None) -> dict[str, str]:
    verdict = api.check(slug, challenge, seed, params, answer)
    return {"result": verdict.result, "message": verdict.message}


def _grade(slug: str, name: str, text: str, seed: int) -> dict[str, str]:
    """A verdict on an exercise. The exercises travel in a pack of their own, so nothing here imports them by name."""
    grading = importlib.import_module(f"{__package__}.{slug}.grading")
    return dataclasses.asdict(grading.grade(name, text, seed))


def _replace(name: str, text: str) -> None:
    api.replace(name, text)


def _restore(name: str | None = None) -> None:
    api.restore(name)


_CALLS: dict[str, Callable[..., Any]] = {
    "draw": _draw,
    "check": _check,
    "grade": _grade,
    "source": api.source,
    "replace": _replace,
    "restore": _restore,
}


def provide(name: str, content: Any) -> None:
    """Hand over a fetched data file (bytes, or a buffer of the browser)."""
    data.provide(name, bytes(content.to_py() if hasattr(content, "to_py") else content))
