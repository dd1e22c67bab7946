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


def test_three_points_on_a_hundred_are_not_shown_and_on_fourteen_hundred_are():
    assert scalar("power_now") == pytest.approx(0.0759, abs=5e-4) and scalar("low") < 0 < scalar("high")
    assert scalar("power_now", n=1400) > 0.8 > scalar("power_now", n=1300)
    assert scalar("needed_items") < scalar("needed_separate")
    assert scalar("power_now", disagreement=4.0, n=370) > 0.8


def pasted(gained, lost, alike):
    return "\n".join(["0 1"] * gained + ["1 0"] * lost + ["1 1"] * alike)


@pytest.mark.parametrize(
    "gained, lost, alike, says",
    [(1, 0, 0, "Too few"), (4, 0, 4, "Too few"), (0, 3, 30, "Too few"), (31, 17, 200, "may be nothing"),
     (17, 31, 200, "may be nothing"), (9, 6, 85, "may be nothing"), (40, 17, 200, "A gain."), (8, 0, 0, "A gain."),
     (17, 40, 3, "A loss."), (0, 0, 9, "Too few")],
)  # fmt: skip
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
def test_the_verdict_is_the_stated_test_at_the_stated_level(gained, lost, alike, says, alpha):
    shown = frame(results=pasted(gained, lost, alike), alpha=alpha)
    p = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    said = shown["texts"]["summary:bootstrap"]
    low, high = (shown["scalars"][name]["value"] for name in ("low", "high"))
    assert ("A gain." in said or "A loss." in said) == (p <= alpha) == (not low <= 0 <= high), said
    assert f"{1 - alpha:.0%} interval" in said
    if alpha == 0.05:
        assert says in said


def test_scores_in_between_get_a_verdict_on_their_mean_not_on_their_signs():
    rows = ["0.5 0.51"] * 30 + ["1 0"] * 5  # 30 gained a little, 5 lost everything
    assert "A gain." not in frame(results="\n".join(rows))["texts"]["summary:bootstrap"]


@pytest.mark.parametrize(
    "results", [pasted(9, 6, 85), pasted(1, 0, 0), "0 0.25\n1 0.5\n0.5 0.5", pasted(300, 200, 500)]
)
def test_every_bin_of_the_histogram_holds_as_many_possible_gains(results):
    shown = frame(results=results)
    edges, counts = (shown["arrays"][f"bootstrap_{name}"]["data"].astype(float) for name in ("edges", "counts"))
    n, parts = shown["scalars"]["items"]["value"], 4 if "." in results else 1
    steps = edges * n * parts / 100  # in the smallest step that a mean can make
    assert steps - steps[0] == pytest.approx((steps[1] - steps[0]) * range(len(steps)), abs=1e-3)
    assert (steps[1] - steps[0]) == pytest.approx(round(steps[1] - steps[0]), abs=1e-4)
    assert steps[0] % 1 == pytest.approx(0.5, abs=1e-3) and counts.sum() == 2000 and len(counts) <= 32


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
