"""Should I fine-tune? Nine answers, the first rule that fits, its reason and evidence, and a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import decision
from labs_py.labs.decide import plan
from labs_py.spec import Result

LADDER = (1, 10, 49, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame: the plan here, and how it changes with the number of rows."""
    profile = plan.profile_of(params)
    rule = decision.decide(profile)
    tuned, asked = _ladder(params), _ladder({**params, "base": "poor", "tested": True})
    needed = next((n for n, yes in zip(LADDER, tuned, strict=True) if yes), 0)
    said = f"{plan.PLANS[rule.plan]} {rule.reason}"
    scalars = {
        "rule_number": decision.RULES.index(rule) + 1,
        "tuning": float(rule.plan in decision.TUNING),
        "rows_to_tune": needed,
    }
    shown = {
        "rule": rule.name,
        "title": plan.PLANS[rule.plan],
        "reason": rule.reason,
        "evidence": rule.evidence,
        "steps": plan.steps(profile),
        "rules": [[one.name, plan.PLANS[one.plan]] for one in decision.RULES],
        "configuration": decision.configuration(profile),
    }
    texts = {
        "status": said,
        "plan": json.dumps(shown),
        "summary:ladder": f"From {needed:,} rows on, the plan is to tune." if needed else
        "No number of rows makes tuning the plan; another answer stands in the way.",
    }  # fmt: skip
    arrays = {"ladder_rows": np.array(LADDER, dtype=float), "ladder_tuned": tuned, "ladder_asked": asked}
    yield Result(scalars, arrays, texts)


def _ladder(params: dict[str, Any]) -> np.ndarray:
    """1 where the plan is to tune at so many rows, else 0."""
    plans = [decision.decide(plan.profile_of({**params, "rows": n})).plan for n in LADDER]
    return np.array([float(p in decision.TUNING) for p in plans])
