"""The decision tool: what it shows is what the table says; presets, configurations, challenges."""

from __future__ import annotations

import json

import pytest

from labs_py import api
from labs_py.core import decision
from labs_py.labs.decide import tasks
from labs_py.labs.decide.plan import PLANS, profile_of


def plan(**params) -> dict:
    return json.loads(api.last_frame("decide", params)["texts"]["plan"])


def test_the_presets_are_good_and_bad_as_they_say():
    assert plan(base="poor", rows=500)["title"].startswith("Tune")
    assert "retrieve" in plan(goal="knowledge", base="poor", rows=50_000, changing=True)["title"]
    assert "prompt" in plan(base="fine", rows=50_000)["title"] and plan()["rule"] == "ask the base"


def test_every_plan_has_a_title_steps_and_a_configuration_only_when_it_tunes():
    for rule in decision.RULES:
        assert PLANS[rule.plan]
    assert plan(base="poor", rows=500)["configuration"] and not plan(base="fine")["configuration"]


def test_fifty_rows_open_the_door_and_nothing_opens_it_without_a_test():
    assert api.last_frame("decide", {"base": "poor"})["scalars"]["rows_to_tune"]["value"] == 50
    assert api.last_frame("decide", {"base": "poor", "tested": False})["scalars"]["rows_to_tune"]["value"] == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_challenge_agrees_with_the_table(seed):
    tuned = decision.decide(profile_of(tasks._drawn(seed))).plan in decision.TUNING
    assert api.check("decide", "sign", seed, {}, "tune" if tuned else "not").result == "right"
    assert api.check("decide", "sign", seed, {}, "not" if tuned else "tune").result == "wrong"
