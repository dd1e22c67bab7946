"""The challenge of the decision tool: drawn by seed, judged by the rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import decision
from labs_py.labs.decide.params import BASES, GOALS
from labs_py.labs.decide.plan import PLANS, profile_of
from labs_py.spec import Challenge, Task, Verdict


def _drawn(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"goal": GOALS[int(rng.integers(6))][0], "base": BASES[int(rng.integers(1, 4))][0], "tested": True,
            "rows": int(rng.choice([20, 500, 5000])), "changing": bool(rng.integers(2)), "hardware": "24"}  # fmt: skip


def _draw(seed: int) -> Task:
    p = _drawn(seed)
    wanted, base = dict(GOALS)[p["goal"]], dict(BASES)[p["base"]]
    facts = "keep changing" if p["changing"] else "stay"
    return Task(
        f"Wanted: {wanted}. The base is {base}, there are {p['rows']:,} rows, a test exists, the facts {facts}. "
        "Is the plan to tune?"
    )


def _check(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    rule = decision.decide(profile_of(_drawn(seed)))
    right = (answer == "tune") == (rule.plan in decision.TUNING)
    return Verdict("right" if right else "wrong", f"{PLANS[rule.plan]} {rule.reason}")


CHALLENGES = (
    Challenge(
        "sign",
        "Would you sign it?",
        "choice",
        _draw,
        _check,
        "Read the rules from top to bottom.",
        choices=(("tune", "tune"), ("not", "not (yet)")),
    ),  # fmt: skip
)
