"""The front page's picture: the LoRA Lab's default spectrum, drawn from the lab's own first frame."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from labs_py import api  # noqa: E402

WIDTH, HEIGHT = 640, 150
GAP = 0.28


@dataclass(frozen=True)
class Bar:
    """One singular value: where it stands, and whether the rank keeps it."""

    x: float
    y: float
    width: float
    height: float
    kept: bool


@dataclass(frozen=True)
class Spectrum:
    """Bars of all singular values, and what the lab says about the cut."""

    bars: tuple[Bar, ...]
    rank: int
    size: int
    energy: float
    error: float


@lru_cache(maxsize=1)
def spectrum() -> Spectrum:
    """The lab at its defaults, as a picture of WIDTH by HEIGHT units."""
    frame = list(api.run("lora", {}))[-1]
    values = frame["arrays"]["singular_values"]["data"]
    rank, size = int(frame["params"]["rank"]), len(values)
    step, unit = WIDTH / size, HEIGHT / float(max(values))
    bars = tuple(
        Bar(round(i * step, 2), round(HEIGHT - float(value) * unit, 2), round(step * (1 - GAP), 2),
            round(float(value) * unit, 2), i < rank)
        for i, value in enumerate(values)
    )  # fmt: skip
    scalars = {name: scalar["value"] for name, scalar in frame["scalars"].items()}
    return Spectrum(bars, rank, size, scalars["energy_kept"], scalars["relative_error"])
