"""Should I fine-tune? Nine answers, the first rule that fits, its reason and evidence, and a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import decision
from labs_py.labs.decide import spec
from labs_py.spec import Result


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame: the plan here, and how it changes with the number of rows."""
    profile = spec.profile_of(params)
    rule = decision.decide(profile)
    ladder = [spec.profile_of({**params, "rows": n}) for n in spec.LADDER]
    tuned = np.array([float(decision.decide(p).plan in decision.TUNING) for p in ladder])
    needed = next((n for n, yes in zip(spec.LADDER, tuned, strict=True) if yes), 0)
    said = f"{spec.PLANS[rule.plan]} {rule.reason}"
    scalars = {
        "rule_number": decision.RULES.index(rule) + 1,
        "tuning": float(rule.plan in decision.TUNING),
        "rows_to_tune": needed,
    }
    plan = {
        "rule": rule.name,
        "title": spec.PLANS[rule.plan],
        "reason": rule.reason,
        "evidence": rule.evidence,
        "steps": spec.steps(profile),
        "configuration": decision.configuration(profile),
    }
    texts = {
        "status": said,
        "plan": json.dumps(plan),
        "summary:ladder": f"From {needed:,} rows on, the plan is to tune." if needed else
        "No number of rows makes tuning the plan; another answer stands in the way.",
    }  # fmt: skip
    yield Result(scalars, {"ladder_rows": np.array(spec.LADDER, dtype=float), "ladder_tuned": tuned}, texts)
