"""The model table adds up to published checkpoints; memory, work and the largest batch by hand arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labs_py.core import model_table, run_cost
from labs_py.core.model_table import MODELS
from labs_py.core.run_cost import Run


@pytest.mark.parametrize("name", MODELS)
def test_a_shape_adds_up_to_its_checkpoint(name):
    assert MODELS[name].parameters == MODELS[name].published


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_shape_does_not_add_up(name):
    shape = MODELS[name]
    others = set(model_table.EXTRAS) - {shape.extras}
    wrong = [replace(shape, tied=not shape.tied), replace(shape, key_value=2 * shape.key_value),
             replace(shape, inner=shape.inner + 1), *(replace(shape, extras=other) for other in others)]  # fmt: skip
    same = name.startswith("OLMo")  # there two wide norms are as wide as two more norms of the stream
    assert sum(other.parameters == shape.published for other in wrong) == same


def test_there_are_at_least_25_models_with_tied_and_grouped_ones():
    assert len(MODELS) >= 25 and len({m.repository for m in MODELS.values()}) == len(MODELS)
    assert sum(m.tied for m in MODELS.values()) >= 5 and sum(m.key_value < m.query for m in MODELS.values()) >= 15


def test_static_parts_by_hand():
    # Llama 2 7B: rank 8 on q and v of 32 blocks of width 4096: 32 * 2 * 8 * 8192 numbers.
    parts = run_cost.memory(MODELS["Llama-2-7B"], Run(rank=8, targets="query-value"))
    trained = 4_194_304
    assert parts["weights"] == 2 * 6_738_415_616
    assert (parts["adapter"], parts["gradients"], parts["optimiser"]) == (4 * trained, 4 * trained, 8 * trained)
    full = run_cost.memory(MODELS["Llama-2-7B"], Run(rank=0))
    assert full["weights"] == full["gradients"] == full["optimiser"] // 2 == 4 * 6_738_415_616 and not full["adapter"]


def test_activations_by_hand_as_autograd_keeps_them():
    # SmolLM2-135M, 1,024 tokens: the tensors that torch's saved_tensors_hooks counted in a step, layer by layer.
    shape = MODELS["SmolLM2-135M"]
    lora = run_cost.memory(shape, Run(rank=8, tokens=128, batch=8, checkpointing=False))["activations"]
    layer = 2 * (4 * 1536 + 2 * 576 + 2 * 576 + 2 * 192 + 7 * 8) + 2 * 4 * 576
    assert lora == 30 * 1024 * layer and abs(lora - 690.8e6) < 5e6
    full = run_cost.memory(shape, Run(rank=0, tokens=256, batch=4, checkpointing=False))
    assert full["activations"] == 30 * 1024 * (2 * (4 * 1536 + 5 * 576 + 2 * 576 + 2 * 192) + 4 * 4 * 576)
    assert full["copies"] == 2 * 134_515_008
    again = run_cost.memory(shape, Run(rank=8, tokens=128, batch=8, checkpointing=True))["activations"]
    assert again == 30 * 1024 * 2 * 576 + 1024 * layer


def test_qlora_shrinks_the_linear_maps_only():
    shape = MODELS["Qwen2.5-7B"]
    parts = run_cost.memory(shape, Run(nf4=True, optimizer="paged_adamw_8bit"))
    linear = 28 * (2 * 3584 * 3584 + 2 * 3584 * 512 + 3 * 3584 * 18_944)
    assert parts["weights"] == int(2 * (7_615_616_512 - linear) + linear * 4.127 / 8)
    assert parts["optimiser"] == parts["gradients"] // 2


def test_work_is_six_or_four_operations_a_weight_and_token():
    shape = MODELS["Llama-2-7B"]
    weights = shape.linear_parameters + 32_000 * 4096
    assert run_cost.operations(shape, Run(rank=0, checkpointing=False), 1e6) == pytest.approx(6e6 * weights)
    lora = run_cost.operations(shape, Run(rank=8, checkpointing=False), 1e6)
    assert 4e6 * weights < lora < 4.03e6 * weights


@pytest.mark.parametrize("name", ["SmolLM2-135M", "Llama-3.1-8B", "Gemma-2-9B"])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_the_largest_batch_fits_and_one_more_does_not(name, checkpointing):
    shape, room = MODELS[name], 30e9
    batch = run_cost.largest_batch(shape, Run(checkpointing=checkpointing), room)
    assert batch >= 1
    fits = [sum(run_cost.memory(shape, Run(batch=b, checkpointing=checkpointing)).values()) for b in (batch, batch + 1)]
    assert fits[0] <= room + 8 and (fits[1] > room or batch == 4096)
    assert run_cost.largest_batch(shape, Run(), 1e6) == 0


def test_hours_shrink_with_the_share_of_the_peak():
    assert run_cost.hours(3.6e18, 1e15, 0.25, 0.5) == (2.0, 4.0)
