"""The estimate tool: equal to core and to hand arithmetic, advice that fits, presets that hold, challenges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labs_py import api
from labs_py.core import run_cost
from labs_py.core.model_table import MODELS
from labs_py.labs.estimate import lab, tasks


def scalars(**params) -> dict[str, float]:
    return {k: v["value"] for k, v in api.last_frame("estimate", params)["scalars"].items()}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_finite_estimate_and_what_does_not_fit_has_no_price(name):
    frame = api.last_frame("estimate", {"model": name})
    shown = {k: v["value"] for k, v in frame["scalars"].items()}
    assert shown["weights"] == 2 * MODELS[name].published and shown["operations"] > 0
    fits = shown["total"] <= shown["room"]
    assert (0 < shown["hours_low"] < shown["hours_high"]) == (0 < shown["cost_low"]) == fits
    assert ("$" in frame["texts"]["status"]) == fits


def test_hours_by_hand():
    # 1000 rows of 512 tokens, 3 epochs; operations: 6 a frozen weight when recomputing, 4 in the head, 8 an adapter's.
    shape = MODELS["Qwen2.5-7B"]
    adapter = 16 * 28 * (3584 * 2 + 2 * (3584 + 512) + 3584 * 2 + 3 * (3584 + 18_944))
    work = 1_536_000 * (6 * shape.linear_parameters + 4 * 152_064 * 3584 + 8 * adapter)
    shown = scalars()
    assert shown["trainable"] == adapter and shown["operations"] == pytest.approx(work)
    assert shown["hours_low"] == pytest.approx(work / (0.4 * 312e12) / 3600)
    assert shown["cost_high"] == pytest.approx(2 * work / (0.15 * 312e12) / 3600)


def test_presets_do_what_they_say():
    assert scalars(method="qlora", hardware="l4", batch=2)["total"] < 24e9
    full = scalars(method="full")
    assert full["weights"] + full["gradients"] + full["optimiser"] == 16 * 7_615_616_512
    assert full["total"] > full["room"] and full["largest_batch"] == 0
    small = scalars(model="Llama-3.2-1B", batch=32, tokens=1024)
    assert small["scores"] > 10 * small["weights"]


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "Qwen2.5-14B", "SmolLM2-1.7B"])
@pytest.mark.parametrize("room", [8e9, 24e9, 48e9])
def test_the_advice_makes_it_fit(name, room):
    shape, run = MODELS[name], run_cost.Run(batch=64, tokens=2048, checkpointing=False)
    said = lab.change(shape, run, room)
    best = replace(run, nf4=True, optimizer="paged_adamw_8bit", batch=1, checkpointing=True)
    fits = sum(run_cost.memory(shape, best).values()) <= room
    assert said.startswith("No single card") != fits


@pytest.mark.parametrize("seed", range(8))
def test_challenges_know_right_from_wrong(seed):
    count = MODELS[tasks._full_of(seed)].parameters / 1e9
    assert api.check("estimate", "full", seed, {}, 16 * count).result == "right"
    assert "moments" in api.check("estimate", "full", seed, {}, 8 * count).message
    name, rank = tasks._adapter_of(seed)
    shape = MODELS[name]
    truth = run_cost.adapter_parameters(shape, "query-value", rank)
    assert api.check("estimate", "adapter", seed, {}, truth).result == "right"
    assert api.check("estimate", "adapter", seed, {}, 3 * truth).result == "wrong"
