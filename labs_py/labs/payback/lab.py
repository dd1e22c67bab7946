"""Does fine-tuning pay? The reader's own figures, the month in which it is earned back, and what decides it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import break_even
from labs_py.spec import Result

NAMES = ("requests", "long prompt", "price in", "build hours", "upkeep", "months")
HORIZON = 36


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame: costs, savings by month, and the result with each figure halved and doubled."""
    case = break_even.Case(**params)
    net, months = break_even.net(case), break_even.months_to_break_even(case)
    scalars = {
        "prompted": 1000 * break_even.prompted_request(case),
        "tuned": 1000 * break_even.tuned_request(case),
        "once": break_even.once(case),
        "monthly": break_even.monthly(case),
        "break_even_months": months,
        "break_even_requests": break_even.requests_to_break_even(case),
        "net": net,
    }
    month = np.arange(HORIZON + 1.0)
    low = np.array([break_even.swing(case, name, 0.5) for name in break_even.SWUNG])
    high = np.array([break_even.swing(case, name, 2.0) for name in break_even.SWUNG])
    arrays = {
        "month": month,
        "standing": month * scalars["monthly"] - scalars["once"] * (1 + month // case.months),
        "nothing": np.zeros_like(month),
        "halved": low,
        "doubled": high,
    }
    flips = [n for n, a, b in zip(NAMES, low, high, strict=True) if (a > 0) != (net > 0) or (b > 0) != (net > 0)]
    yield Result(scalars, arrays, _texts(case, net, months, flips))


def _texts(case: break_even.Case, net: float, months: float, flips: list[str]) -> dict[str, str]:
    when = f"after {months:.1f} months" if math.isfinite(months) else "never: a month earns nothing"
    verdict = "Tuning pays" if net > 0 else "Prompting wins"
    turned = "; the answer turns with " + ", ".join(flips) if flips else "; no single halving or doubling turns it"
    return {
        "swung": json.dumps(NAMES),
        "summary:standing": f"The first cost of {break_even.once(case):,.0f} is earned back {when}; it is due again "
        f"every {case.months:g} months.",
        "summary:swing": f"Over {case.months:g} months the net result is {net:,.0f}{turned}.",
        "status": f"{verdict} at these figures: {net:,.0f} over {case.months:g} months{turned}.",
    }
