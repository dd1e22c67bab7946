"""The evidence tool: pasted results of several forms, hostile text, claims of the presets, challenges."""

from __future__ import annotations

import pytest
from scipy import stats

from labs_py import api
from labs_py.core import power
from labs_py.labs.evidence import tasks


def frame(**params):
    return api.last_frame("evidence", params)


def scalar(name, **params):
    return frame(**params)["scalars"][name]["value"]


@pytest.mark.parametrize(
    "text",
    ["1 1\n0 1\n1 0\n0 1", "base,tuned\n1,1\n0,1\n1,0\n0,1", '{"base": true, "tuned": 1}\n0 1\nright wrong\n0;1\n'],
)
def test_pasted_forms_read_alike(text):
    shown = frame(results=text)
    assert not shown["errors"] and "error:results" not in shown["texts"]
    assert [shown["scalars"][k]["value"] for k in ("items", "gained", "lost", "difference")] == [4, 2, 1, 25.0]
    assert shown["scalars"]["p_value"]["value"] == pytest.approx(stats.binomtest(2, 3).pvalue)


@pytest.mark.parametrize(
    "text", ["", "\x00", "nan nan", "1e999 0", "{" * 5000, '{"base":' * 5000, "1 2 3\n" * 500, '{"base": [1]}', "7 1"]
)
def test_hostile_text_is_a_sentence(text):
    shown = frame(results=text, seed_scores=text)
    said = shown["texts"].get("error:results", "") + " ".join(e["message"] for e in shown["errors"])
    assert said and shown["scalars"]["items"]["value"] == 100


def test_a_bad_line_is_named_and_the_rest_is_used():
    shown = frame(results="1 1\n0 1\n1 x\n1 0")
    said = shown["texts"].get("error:results", "") + str(shown["errors"])
    assert "Line 3" in said and shown["scalars"]["items"]["value"] == 3


def test_three_points_on_a_hundred_are_not_shown_and_on_thirteen_hundred_are():
    assert 0.1 < scalar("power_now") < 0.14 and scalar("low") < 0 < scalar("high")
    assert scalar("power_now", n=1300) == pytest.approx(0.8, abs=0.005)
    assert scalar("needed_items") < scalar("needed_separate")
    assert scalar("power_now", disagreement=4.0, n=350) > 0.8


def test_a_gain_that_the_base_leaves_no_room_for_is_cut_with_a_sentence():
    shown = frame(base_rate=0.99, gain=10, disagreement=10)
    assert "cannot gain" in str(shown["texts"]) + str(shown["errors"])
    assert shown["scalars"]["needed_items"]["value"] > 0


@pytest.mark.parametrize("seed", range(8))
def test_challenges_know_right_from_wrong(seed):
    gain, differing = tasks._plan_of(seed)
    right = power.paired_items((differing + gain) / 2, (differing - gain) / 2)
    gained, lost = tasks._split_of(seed)
    p = stats.binomtest(gained, gained + lost).pvalue
    factor = tasks._seeds_of(seed)[1]
    for name, good, bad in (("plan", right, right / 2), ("split", p, p / 2), ("seeds", factor**2, factor)):
        assert api.check("evidence", name, seed, {}, good).result == "right"
        verdict = api.check("evidence", name, seed, {}, bad)
        assert verdict.result == "wrong" and len(verdict.message) > 20
