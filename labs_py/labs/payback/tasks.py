"""The challenge of the pay-back tool: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

from typing import Any

from labs_py.core import break_even
from labs_py.spec import Challenge, Task, Verdict


def _draw(seed: int) -> Task:
    requests = (400_000, 600_000, 800_000, 1_000_000)[seed % 4]
    return Task("Prompting wins here by a wide margin because upkeep was set to 40 hours a month. Without touching "
                "upkeep, traffic or prices, find the longest prompt at which prompting still wins, to within 5%.",
                {"requests": requests, "upkeep_hours": 40})  # fmt: skip


def _check(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    drawn = _draw(seed).params
    start = break_even.Case()
    kept = {name: getattr(start, name) for name in params} | drawn
    if any(params[name] != value for name, value in kept.items() if name != "long_prompt"):
        return Verdict("wrong", "Something besides the long prompt differs from the task. Put it back.")
    now, longer = (break_even.net(break_even.Case(**{**params, "long_prompt": params["long_prompt"] * f}))
                   for f in (1, 1.05))  # fmt: skip
    if now > 0:
        return Verdict("wrong", "Tuning already pays at this length: make the prompt shorter.")
    if longer <= 0:
        return Verdict("wrong", "Prompting wins with room to spare: the prompt can be longer still.")
    return Verdict("right", "That is the edge. Every month of upkeep moves it.")


CHALLENGES = (
    Challenge("edge", "Find the edge", "params", _draw, _check,
              "The net result is a straight line in the prompt's length."),
)  # fmt: skip
