"""The table decides every profile once, each rule can fire, more rows never argue against tuning."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from labs_py.core import decision
from labs_py.core.decision import RULES, TUNING, Profile

GOALS = ("behaviour", "knowledge", "preference", "reasoning", "retrieval", "cheaper")
BASES = ("unknown", "poor", "half", "fine")
BOTH, ROWS, USES = (True, False), (0, 10, 49, 50, 400, 999, 1000, 50_000), (1, 99_999, 100_000)
PROFILES = [Profile(*answers) for answers in
            product(GOALS, BASES, BOTH, ROWS, BOTH, ("cpu", "80"), USES, BOTH, BOTH)]  # fmt: skip


def test_every_rule_fires_for_some_profile_and_every_profile_is_decided():
    fired = {decision.decide(profile).name for profile in PROFILES}
    assert fired == {rule.name for rule in RULES}


def test_names_are_unique_and_each_rule_names_its_evidence():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(len(rule.reason) > 30 and len(rule.evidence) > 10 for rule in RULES)


def test_more_rows_never_argue_against_tuning():
    assert more_rows_argue_for_tuning(decision.decide)


def more_rows_argue_for_tuning(decide) -> bool:
    neighbours = dict(zip(ROWS, ROWS[1:], strict=False))
    return all((decide(p).plan in TUNING) <= (decide(replace(p, rows=neighbours[p.rows])).plan in TUNING)
               for p in PROFILES if p.rows in neighbours)  # fmt: skip


def test_a_table_that_punishes_rows_is_found_out(monkeypatch):
    spoilt = decision.Rule("spoilt", lambda p: p.rows >= 1000, "prompt", "x" * 31, "y" * 11)
    monkeypatch.setattr(decision, "RULES", (spoilt, *RULES))
    assert not more_rows_argue_for_tuning(decision.decide)


def test_privacy_never_changes_the_plan_and_more_use_or_haste_never_argues_against_tuning():
    for p in PROFILES:
        tuned = decision.decide(p).plan in TUNING
        assert decision.decide(replace(p, private=not p.private)) is decision.decide(p)
        assert tuned <= (decision.decide(replace(p, hurry=True)).plan in TUNING)
        assert tuned <= (decision.decide(replace(p, requests=10**7)).plan in TUNING)


def test_a_worse_base_never_argues_against_tuning():
    order = ("fine", "half", "poor")
    for p in PROFILES:
        if p.base in order[:-1]:
            worse = replace(p, base=order[order.index(p.base) + 1])
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
        (Profile("behaviour", "fine", True, 5000, False, "24", requests=2_000_000), "distillation"),
        (Profile("behaviour", "fine", True, 20, False, "24", requests=2_000_000), "prompt"),
        (Profile("behaviour", "fine", True, 5000, False, "24", hurry=True), "distillation"),
        (Profile("knowledge", "fine", True, 5000, False, "24", requests=2_000_000), "prompt"),
        (Profile("knowledge", "half", True, 5000, False, "80", private=True), "sft+rag"),
        (Profile("knowledge", "poor", True, 200, False, "80"), "rag"),
        (Profile("knowledge", "half", True, 0, True, "cpu", requests=10**6, hurry=True), "rag"),
        (Profile("retrieval", "poor", True, 2000, True, "16"), "embedding"),
        (Profile("retrieval", "fine", True, 2000, True, "16"), "prompt"),
        (Profile("retrieval", "half", True, 30, False, "cpu"), "collect"),
        (Profile("preference", "poor", True, 800, False, "80"), "sft"),
        (Profile("preference", "half", True, 800, False, "80", private=True), "dpo"),
        (Profile("preference", "half", True, 12, False, "80"), "collect"),
        (Profile("reasoning", "fine", True, 800, False, "80"), "prompt"),
        (Profile("reasoning", "half", True, 49, False, "80"), "collect"),
        (Profile("cheaper", "fine", True, 10, False, "24", requests=10**6), "collect"),
        (Profile("cheaper", "unknown", True, 9000, False, "24"), "probe"),
        (Profile("behaviour", "unknown", False, 9000, False, "24"), "test"),
    ],
)
def test_plans_that_a_practitioner_would_sign(profile, plan):
    assert decision.decide(profile).plan == plan
