"""Short runs of which memory and time were measured, and the fit that the estimate of a CPU process stands on.

The points are those of docs/data/runs/estimate-points.json and of the records beside it whose names begin so (a test
compares them); ``python -m training measure`` makes them. Each is predicted by a fit to all the others, so no point
takes part in its own prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py.core.model_table import MODELS
from labs_py.core.run_cost import (
    CPU,
    FORWARD,
    OWN,
    TARGETS,
    THROUGH,
    Process,
    Run,
    chosen_linears,
    process_bytes,
    process_rows,
    trained_parameters,
)

MODEL = "SmolLM2-135M"


@dataclass(frozen=True)
class Point:
    """One measured run: settings, peak resident bytes, processor seconds of a step, its name, and a row of MODELS."""

    name: str
    run: Run
    peak: float
    seconds: float
    model: str = MODEL

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        return self.run.batch * self.run.tokens


def _point(name: str, tokens: int, rows: int, peak: int, seconds: float, model: str = MODEL, **settings: Any) -> Point:
    third = round(tokens / 3) / tokens
    usual: dict[str, Any] = {"checkpointing": False, "rank": 8}
    run = Run(tokens=tokens, batch=rows, labelled=third, **(usual | settings))
    return Point(name, run, peak, seconds, model)


POINTS: tuple[Point, ...] = (
    _point("lora-r8-1x128", 128, 1, 1_024_147_456, 0.773),
    _point("lora-r8-8x128", 128, 8, 2_124_623_872, 4.34),
    _point("lora-r8-4x256", 256, 4, 2_137_600_000, 4.665),
    _point("lora-r8-1x512", 512, 1, 1_519_456_256, 2.842),
    _point("lora-r8-4x512", 512, 4, 3_475_996_672, 10.435),
    _point("lora-r16-8x256", 256, 8, 3_518_545_920, 8.999, rank=16),
    _point("lora-r64-4x128", 128, 4, 1_827_860_480, 2.879, rank=64),
    _point("lora-r64-2x512", 512, 2, 2_457_845_760, 5.965, rank=64),
    _point("lora-r256-2x128", 128, 2, 2_409_332_736, 2.219, rank=256),
    _point("lora-r16-4x256-query-value", 256, 4, 1_794_494_464, 4.225, rank=16, targets="query-value"),
    _point("lora-r8-4x256-checkpointing", 256, 4, 1_425_829_888, 6.602, checkpointing=True),
    _point("lora-r16-4x512-checkpointing", 512, 4, 1_924_939_776, 15.481, rank=16, checkpointing=True),
    _point("lora-r8-2x1024-checkpointing", 1024, 2, 1_882_243_072, 15.918, checkpointing=True),
    _point("lora-r8-2x256-all-scores", 256, 2, 2_181_083_136, 3.996, tiles=True),
    _point("lora-r8-4x256-all-scores-checkpointing", 256, 4, 2_526_760_960, 10.197, tiles=True, checkpointing=True),
    _point("lora-r8-2x256-float32", 256, 2, 2_431_397_888, 3.994, dtype="float32"),
    _point("lora-r32-4x128-float32", 128, 4, 2_419_617_792, 4.15, rank=32, dtype="float32"),
    _point("full-1x128", 128, 1, 3_342_651_392, 1.38, rank=0),
    _point("full-4x256", 256, 4, 4_083_732_480, 6.149, rank=0),
    _point("full-2x512-checkpointing", 512, 2, 3_306_643_456, 8.66, rank=0, checkpointing=True),
    _point("dpo-r8-1x128", 128, 2, 1_602_035_712, 2.092, tiles=True),
    _point("dpo-r8-2x256", 256, 4, 3_359_862_784, 8.276, tiles=True),
    _point("dpo-r32-2x128-checkpointing", 128, 4, 1_939_234_816, 5.631, rank=32, checkpointing=True, tiles=True),
)  # fmt: skip


_SCALE = np.array([1e9, 1, 1, 1, 1, 1])  # base is a number of bytes, the others are factors


def fit(points: Sequence[Point]) -> Process:
    """The process whose numbers explain the points' peaks best, by least squares of the relative error."""
    found = [process_rows(MODELS[point.model], point.run) for point in points]
    peaks = np.array([point.peak for point in points])
    rows = np.array([list(sizes.values()) for sizes, _ in found]) * _SCALE / peaks[:, None]
    rest = (peaks - np.array([once for _, once in found])) / peaks
    solved = np.linalg.lstsq(rows, rest, rcond=None)[0] * _SCALE
    return Process(*(float(number) for number in solved))


def left_out(points: Sequence[Point] = POINTS) -> np.ndarray:
    """(N,) predicted bytes, each from a fit to the other points."""
    others = [[p for p in points if p is not point] for point in points]
    return np.array([process_bytes(MODELS[point.model], point.run, fit(rest))
                     for point, rest in zip(points, others, strict=True)])  # fmt: skip


def work(point: Point) -> dict[str, float]:
    """What a step has to do, by kind: each kind runs at a rate of its own.

    ``maps``, ``maps_in_float32``, ``attention``, ``scores`` and ``tiles`` are operations; ``adapted`` are
    the tokens that pass adapters (memory traffic, not arithmetic), ``trained`` the parameters that the optimiser moves,
    and ``once`` is 1. DPO also runs the reference model: one more forward pass of the linear layers.
    """
    shape, run = MODELS[point.model], point.run
    frozen, again = bool(run.rank), FORWARD if run.checkpointing else 0
    passes = FORWARD + THROUGH + (0 if frozen else OWN) + again
    trained = trained_parameters(shape, run)
    reference = FORWARD if point.name.startswith("dpo") else 0
    maps = point.tokens * ((passes + reference) * shape.linear_parameters + (passes + OWN) * (trained if frozen else 0))
    remade = FORWARD if run.tiles and not reference else 0
    scored = point.tokens * (1.0 if run.tiles else run.labelled) * shape.vocabulary * shape.hidden
    scores = scored * (FORWARD + THROUGH + (0 if frozen else OWN) + remade)
    single = frozen and run.dtype == "float32"
    share = len(chosen_linears(run.targets)) / len(TARGETS["all-linear"]) if frozen else 0.0
    return {
        "maps": 0.0 if single else maps,
        "maps_in_float32": maps if single else 0.0,
        "attention": passes * point.tokens * run.tokens * shape.layers * shape.hidden,
        "scores": 0.0 if run.tiles else scores,
        "tiles": scores if run.tiles else 0.0,
        "adapted": point.tokens * share * (3 if run.checkpointing else 2),
        "trained": trained,
        "once": 1.0,
    }


def seconds_per_unit(points: Sequence[Point]) -> np.ndarray:
    """(8,) seconds for a unit of each kind of ``work``, by least squares of the relative error."""
    rows = np.array([list(work(point).values()) for point in points])
    scale = rows.max(0)  # kinds differ by eleven orders of magnitude, and one may not occur
    scale[scale == 0] = 1.0
    relative = rows / scale / np.array([point.seconds for point in points])[:, None]
    return np.linalg.lstsq(relative, np.ones(len(points)), rcond=None)[0] / scale


def left_out_seconds(points: Sequence[Point] = POINTS) -> np.ndarray:
    """(N,) predicted processor seconds of a step, each from a fit to the other points."""
    rows = np.array([list(work(point).values()) for point in points])
    return np.array([rows[i] @ seconds_per_unit([*points[:i], *points[i + 1 :]]) for i in range(len(points))])


@lru_cache(maxsize=1)
def errors() -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the left-out predictions of memory and of seconds, (N,) each; above 0 is too much."""
    return (left_out() / np.array([point.peak for point in POINTS]) - 1,
            left_out_seconds() / np.array([point.seconds for point in POINTS]) - 1)  # fmt: skip


__all__ = [
    "CPU", "MODEL", "POINTS", "Point", "errors", "fit", "left_out", "left_out_seconds", "seconds_per_unit", "work",
]  # fmt: skip
