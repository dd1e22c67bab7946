"""Numbers that pages print and that come out of a lab, or out of how weights are stored.

Registered beside ``labs_py.core.facts`` when the build imports this module; the mathematics stays in core.
"""

from __future__ import annotations

from typing import Any

from labs_py import api
from labs_py.core import power, quantize
from labs_py.core.facts import fact


@fact
def lab_scalar(slug: str, scalar: str, settings: dict[str, Any] | None = None) -> float:
    """A number that the lab shows at these settings (over its defaults), computed at build by the lab itself.

    Raises:
        ValueError: the lab had to repair a setting, so the number would not belong to what is written.
    """
    frame = api.last_frame(slug, settings or {})
    if frame["errors"]:
        raise ValueError(f"{slug} {settings}: {frame['errors'][0]['message']}")
    return frame["scalars"][scalar]["value"]


@fact
def fewest_differing(alpha: float = 0.05) -> int:
    """Fewest items that must differ before McNemar's exact test can claim anything: a clean sweep of them."""
    return next(m for m in range(1, 1000) if power.mcnemar(m, 0) <= alpha)


@fact
def stored_bits(codes: int, group: int, scale: int = 32, offset: int = 0, double: bool = False) -> float:
    """Bits that a weight of a large matrix takes: its code, and its part of its group's scale and offset."""
    n_groups = 256 * 1024
    return quantize.bits_per_weight(codes, n_groups * group, n_groups, scale, offset, double)


@fact
def stored_gigabytes(billions: float, bits: float) -> float:
    """Gigabytes (10^9 bytes) of so many billion weights at so many bits each."""
    return billions * bits / 8


@fact
def steps_of_grid(bits: int, symmetric: bool = False) -> int:
    """Steps from one end of a grid to the other (affine), or from zero to one end (symmetric)."""
    return 2 ** (bits - 1) - 1 if symmetric else 2**bits - 1


@fact
def step_growth(bits: int, fewer: int, symmetric: bool = False) -> float:
    """Factor by which an even grid's step grows when it has fewer bits over the same range."""
    return steps_of_grid(bits, symmetric) / steps_of_grid(fewer, symmetric)


@fact
def blended_saving(share: float, cost: float) -> float:
    """How many times the bill shrinks when a share of the traffic costs a fraction and the rest stays as it was."""
    return 1.0 / (share * cost + (1.0 - share))
