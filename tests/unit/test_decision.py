"""The table decides every profile once, each rule can fire, more rows never argue against tuning."""

from __future__ import annotations

from itertools import product

import pytest

from labs_py.core import decision
from labs_py.core.decision import RULES, TUNING, Profile

GOALS = ("behaviour", "knowledge", "preference", "reasoning", "retrieval", "cheaper")
ROWS = (0, 10, 49, 50, 400, 999, 1000, 50_000)
PROFILES = [Profile(goal, base, tested, rows, changing, hardware) for goal, base, tested, rows, changing, hardware in
            product(GOALS, ("unknown", "poor", "half", "fine"), (True, False), ROWS, (True, False), ("cpu", "16", "24", "80"))]  # fmt: skip  # noqa: E501


def test_every_rule_fires_for_some_profile_and_every_profile_is_decided():
    fired = {decision.decide(profile).name for profile in PROFILES}
    assert fired == {rule.name for rule in RULES}


def test_names_are_unique_and_each_rule_names_its_evidence():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(len(rule.reason) > 30 and len(rule.evidence) > 10 for rule in RULES)


def test_more_rows_never_argue_against_tuning():
    for few, many in product(ROWS, ROWS):
        if few < many:
            for p in PROFILES[:: len(ROWS)]:
                a, b = (Profile(p.goal, p.base, p.tested, n, p.changing, p.hardware) for n in (few, many))
                assert (decision.decide(a).plan in TUNING) <= (decision.decide(b).plan in TUNING)


def test_a_worse_base_never_argues_against_tuning():
    order = ("fine", "half", "poor")
    for p in PROFILES:
        if p.base in order[:-1]:
            worse = Profile(p.goal, order[order.index(p.base) + 1], p.tested, p.rows, p.changing, p.hardware)
            assert (decision.decide(p).plan in TUNING) <= (decision.decide(worse).plan in TUNING)


@pytest.mark.parametrize(
    "profile, plan",
    [
        (Profile("behaviour", "poor", True, 500, False, "cpu"), "sft"),
        (Profile("behaviour", "fine", True, 50_000, False, "80"), "prompt"),
        (Profile("knowledge", "poor", True, 50_000, True, "80"), "rag"),
        (Profile("reasoning", "poor", True, 5000, False, "80"), "sft"),
        (Profile("reasoning", "half", True, 5000, False, "80"), "grpo"),
        (Profile("cheaper", "fine", True, 5000, False, "24"), "distillation"),
        (Profile("preference", "half", False, 5000, False, "24"), "test"),
    ],
)
def test_plans_that_a_practitioner_would_sign(profile, plan):
    assert decision.decide(profile).plan == plan
