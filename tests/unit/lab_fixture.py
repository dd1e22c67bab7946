"""A small lab that exists only while tests run: every kind of parameter, chart and challenge in one SPEC."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from labs_py import api
from labs_py.spec import Challenge, Chart, LabSpec, Output, Param, Result, Series, Task, Verdict

NAME = "fixture"


def draw(seed: int) -> Task:
    target = 1 + seed % 7
    return Task(f"Set the rank to {target}.", {"size": 8})


def check(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    target = 1 + seed % 7
    right = params["rank"] == target
    return Verdict("right" if right else "wrong", "Yes." if right else f"The rank is {params['rank']}.")


def double(x: float) -> float:
    """Twice x; the function that edits replace."""
    return 2 * x


SPEC = LabSpec(
    slug=NAME,
    title="Fixture Lab",
    summary="For tests.",
    version="1",
    params=(
        Param("size", "Size", "range", 8, min=4, max=16, step=1),
        Param("rank", "Rank", "range", 2, min=1, max=16, step=1, max_from="size"),
        Param("rate", "Rate", "range", 0.01, min=1e-4, max=1.0, step=1e-4, scale="log"),
        Param("share", "Share", "range", 0.25, min=0.0, max=1.0, step=0.05),
        Param("kind", "Kind", "choice", "a", choices=(("a", "First"), ("b", "Second"))),
        Param("loud", "Loud", "switch", False),
        Param("train", "Train", "switch", False),
        Param("seed", "Seed", "seed", 0),
        Param("words", "Words", "text", "", max_length=50),
        Param("picks", "Picks", "picks", []),
    ),
    outputs=(Output("twice", "Twice the rank"), Output("broken", "Not a number")),
    charts=(Chart("curve", "Curve", "line", (Series("y", "y"),)),),
    challenges=(Challenge("set-rank", "Set the rank", "params", draw, check),),
    run_label="Train",
    code=("labs_py.labs.fixture.lab:double",),
)


def compute(params: dict[str, Any]) -> Iterator[Result]:
    steps = 5 if params["train"] else 1
    for step in range(steps):
        scalars = {
            "twice": float(sys.modules[f"labs_py.labs.{NAME}.lab"].double(params["rank"])),
            "broken": float("nan"),
        }
        arrays = {"y": np.arange(params["size"], dtype=float) + step, "matrix": np.ones((2, 3))}
        yield Result(scalars, arrays, {"summary:curve": "A line.", "error:words": "Too odd."}, step + 1, steps)


def install(monkeypatch: Any) -> ModuleType:
    """Make the lab known to ``labs_py.api`` for one test."""
    module, data = (ModuleType(f"labs_py.labs.{NAME}.{part}") for part in ("lab", "spec"))
    module.__dict__.update(compute=compute, double=double)
    data.__dict__.update(SPEC=SPEC)
    for part in (module, data):
        monkeypatch.setitem(sys.modules, part.__name__, part)
    shipped = api.list_labs()
    monkeypatch.setattr(api, "list_labs", lambda: [*shipped, NAME])
    monkeypatch.setattr(api, "_shipped", {})
    return module
