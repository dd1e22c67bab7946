"""The gate's margins, verdicts and exit codes, and the probe's three answers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from training.evaluation import gate, probe
from training.run.errors import BadInput
from training.run.settings import GateSettings, ProbeSettings, TaskSettings

CONFIG = SimpleNamespace(gate=GateSettings(), task_settings=TaskSettings(name="orders"))


def report(gain=(0.5, 0.4, 0.6), rise=(0.01, 0.005, 0.015), choice=(0.0, -0.01, 0.01), topic=(0.9, 0.9), stopped=1.0):
    return {
        "eval": {
            "shifted": {
                "exact": {
                    "gain": {
                        "metric": "exact",
                        "against": "base_few_shot",
                        "value": gain[0],
                        "ci95": list(gain[1:]),
                        "n": 200,
                    }
                },
                "stopped": {"base": 0.4, "base_few_shot": 1.0, "tuned": stopped},
            }
        },
        "regression": {
            "cross_entropy": {"change": rise[0], "ci95": list(rise[1:]), "n": 21_000, "passages": 140},
            "multiple_choice": {"change": choice[0], "ci95": list(choice[1:]), "n": 377},
            "topicality": {"base": topic[0], "tuned": topic[1], "n": 50},
        },
    }


def test_the_margins_are_the_stated_ones():
    margins = GateSettings()
    assert (margins.cross_entropy_nats, margins.multiple_choice_points, margins.topicality_points) == (0.05, 2.0, 2.0)
    assert ProbeSettings().exact_threshold == 0.9


@pytest.mark.parametrize(
    ("changes", "verdict", "code"),
    [
        ({}, "ship", 0),
        ({"rise": (0.09, 0.08, 0.10)}, "gain with regression", 10),
        ({"choice": (-0.05, -0.07, -0.03)}, "gain with regression", 10),
        ({"topic": (0.9, 0.86)}, "gain with regression", 10),
        ({"stopped": 0.5}, "gain with regression", 10),
        ({"gain": (0.0, 0.0, 0.0)}, "no gain", 11),
        ({"gain": (-0.1, -0.2, 0.05)}, "no gain", 11),
        ({"gain": (0.0, 0.0, 0.0), "rise": (0.5, 0.4, 0.6)}, "no gain", 11),
        ({"gain": (0.02, -0.01, 0.05)}, "inconclusive", 12),
        ({"rise": (0.04, 0.02, 0.06)}, "inconclusive", 12),
        ({"choice": (-0.01, -0.03, 0.01)}, "inconclusive", 12),
        ({"topic": (0.9, 0.88)}, "ship", 0),
        ({"rise": (0.049, 0.048, 0.05)}, "ship", 0),
    ],
)
def test_verdicts_and_exit_codes(changes, verdict, code):
    found = gate.judge(report(**changes), CONFIG)
    assert (found["verdict"], found["exit_code"]) == (verdict, code)
    assert found["sentence"].lower().startswith(verdict[:8])
    assert len(found["reasons"]) == len(found["checks"]) == 5


def test_inconclusive_says_how_many_would_settle_it():
    found = gate.judge(report(gain=(0.02, -0.01, 0.05)), CONFIG)
    assert found["needed_n"] == 450
    assert "450 rows" in found["sentence"]
    found = gate.judge(report(choice=(-0.01, -0.03, 0.01)), CONFIG)
    assert found["needed_n"] > 377


def test_an_unmeasured_regression_never_ships():
    bare = report()
    del bare["regression"]["multiple_choice"]
    found = gate.judge(bare, CONFIG)
    assert found["verdict"] == "inconclusive" and "multiple_choice was not measured" in found["sentence"]
    with pytest.raises(BadInput, match="no scores of a fine-tuned model"):
        gate.judge({"eval": {"shifted": {"exact": {"base": 0.1}}}}, CONFIG)


def scores(exact, content, n=50):
    return {"exact": {"value": exact, "n": n, "ci95": [0, 1]}, "content": {"value": content, "n": n, "ci95": [0, 1]}}


@pytest.mark.parametrize(
    ("base", "few", "verdict", "code"),
    [
        (scores(0, 0), scores(0.4, 0.5), "train", 0),
        (scores(0, 0), scores(0.9, 0.9), "dont-train", 13),
        (scores(0.95, 0.95), scores(0.1, 0.1), "dont-train", 13),
        (scores(0, 0), scores(0.2, 0.92), "fix-the-prompt", 13),
        (scores(0, 0.91), scores(0.2, 0.3), "fix-the-prompt", 13),
    ],
)
def test_the_probe_judges_the_better_prompt(base, few, verdict, code):
    found = probe.decide(base, few, 0.9)
    assert (found["verdict"], found["exit_code"]) == (verdict, code)


def test_the_probes_sentences_say_what_to_do():
    assert probe.decide(scores(0, 0), scores(1, 1), 0.9)["sentence"].startswith("Don't train")
    assert probe.decide(scores(0, 0), scores(0, 1), 0.9)["sentence"].startswith("Fix the prompt first")
    assert "50" in probe.decide(scores(0, 0), scores(0.4, 0.5), 0.9)["sentence"]
