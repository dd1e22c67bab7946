"""The front page's instrument: the LoRA Lab's spectrum with a frame for each rank, recorded when the site is built."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from number_format import significant  # noqa: E402

from labs_py import api  # noqa: E402

WIDTH, HEIGHT = 640, 200
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
    """Bars of all singular values at the lab's own rank, and what each rank keeps and costs, as a page prints it.

    ``kept[r - 1]`` is the share of energy that rank r keeps, ``costs[r - 1]`` the share of ``model`` that it trains.
    """

    bars: tuple[Bar, ...]
    rank: int
    kept: tuple[str, ...]
    costs: tuple[str, ...]
    model: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def size(self) -> int:
        """How many singular values there are, which is also the highest rank."""
        return len(self.bars)

    @property
    def frames(self) -> str:
        """The frames as JSON: a list of [kept, cost], one for each rank from 1."""
        return json.dumps(list(zip(self.kept, self.costs, strict=True)), separators=(",", ":"))


def _percent(share: float) -> str:
    """Two digits of a share; what is not quite the whole does not round up to it."""
    text = significant(100 * share, 2)
    return "over 99%" if text == "100" and share < 1 - 1e-9 else f"{text}%"


@lru_cache(maxsize=1)
def spectrum() -> Spectrum:
    """The lab at its defaults, once for each rank."""
    default = api.last_frame("lora")
    values = default["arrays"]["singular_values"]["data"]
    rank, size = int(default["params"]["rank"]), len(values)
    frames = [api.last_frame("lora", {"rank": nth})["scalars"] for nth in range(1, size + 1)]
    step, unit = WIDTH / size, HEIGHT / float(max(values))
    bars = tuple(
        Bar(round(i * step, 2), round(HEIGHT - float(value) * unit, 2), round(step * (1 - GAP), 2),
            round(float(value) * unit, 2), i < rank)
        for i, value in enumerate(values)
    )  # fmt: skip
    shapes = next(param for param in api.spec("lora").params if param.name == "shape")
    return Spectrum(
        bars,
        rank,
        tuple(_percent(frame["energy_kept"]["value"]) for frame in frames),
        tuple(_percent(frame["shape_share"]["value"]) for frame in frames),
        dict(shapes.choices)[default["params"]["shape"]],
    )
