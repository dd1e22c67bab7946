"""What the articles on LoRA and on preference tuning print: sums that can be done by hand, shapes of curves."""

import numpy as np
import pytest

from labs_py import api
from labs_py.core import method_facts
from labs_py.core.facts import FACTS


def test_memory_of_full_tuning_is_sixteen_bytes_a_parameter():
    assert FACTS["tuning_bytes"]("llama-7b", "full") == pytest.approx(16 * FACTS["model_parameters"]("llama-7b"))
    assert FACTS["tuning_bytes"]("llama-7b", "full") == pytest.approx(FACTS["full_tuning_bytes"](6_738_415_616))


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_parts_of_the_memory_add_up(method: str):
    parts = ("weights", "adapter", "gradients", "optimiser")
    summed = sum(FACTS["tuning_bytes"]("qwen2.5-7b", method, part) for part in parts)
    assert summed == pytest.approx(FACTS["tuning_bytes"]("qwen2.5-7b", method))


def test_qlora_saves_on_the_weights_only():
    lora, qlora = (FACTS["tuning_bytes"]("llama-7b", m, "optimiser") for m in ("lora", "qlora"))
    assert lora == qlora == 8 * FACTS["adapter_parameters"]("llama-7b", "all", 16)
    # linear layers at 4.127 bits, embedding, head and norms at 16
    linear, other = 6_476_005_376, 262_410_240
    assert FACTS["tuning_bytes"]("llama-7b", "qlora", "weights") == pytest.approx(linear * 4.126953125 / 8 + 2 * other)


def test_a_run_by_hand_is_what_the_estimator_says():
    adapter = FACTS["adapter_parameters"]("llama-7b", "all", 16)
    by_hand = {
        "weights": FACTS["tuning_bytes"]("llama-7b", "qlora", "weights"),
        "adapter and gradients": 2 * 4 * adapter,
        "optimiser": 2 * adapter,
        "inputs": 32 * 4096 * 2 * 2048,
        "layer at work": (2 * (4 * 11008 + 6 * 4096 + 7 * 16) + 2 * 4 * 4096) * 2048,
        "scores": 10 * 32000 * 2048,
    }
    for part, size in by_hand.items():
        assert FACTS["run_bytes"](part, 2048) == pytest.approx(size, rel=1e-4), part
    assert FACTS["run_bytes"]("sum", 2048) == pytest.approx(sum(by_hand.values()), rel=1e-4)
    for method in ("qlora", "lora"):
        settings = {"model": "Llama-2-7B", "method": method, "tokens": 1024, "batch": 2}
        total = api.last_frame("estimate", settings)["scalars"]["total"]["value"]
        assert FACTS["run_bytes"]("total", 2048, method) == pytest.approx(total)
    assert 16e9 < FACTS["run_bytes"]("total", 2048, "lora") < 24e9  # the two cards that the page names


def test_scale_bits_are_those_of_the_paper():
    assert FACTS["scale_bits"](64, False) == pytest.approx(32 / 64)
    assert FACTS["scale_bits"](64, True) == pytest.approx(8 / 64 + 32 / (64 * 256))


def test_a_low_rank_step_costs_two_thirds_and_a_little():
    assert FACTS["step_operations"](4096, 0) == pytest.approx(2 / 3)
    assert 2 / 3 < FACTS["step_operations"](4096, 16) < 0.68
    assert FACTS["step_operations"](100, 100) > 2


def test_quantising_a_merged_matrix_again_swallows_a_small_update():
    assert FACTS["lost_in_remerge"](0.01) > 0.95
    losses = [FACTS["lost_in_remerge"](size) for size in (0.05, 0.1, 0.2, 0.4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.4


def test_steps_of_even_grids():
    assert FACTS["grid_ratio"](4, 8) == 17
    assert FACTS["grid_ratio"](2, 4) == 5


def test_memory_of_several_models():
    assert FACTS["models_bytes"](7e9, trained=1, frozen=0) == FACTS["full_tuning_bytes"](7e9)
    assert FACTS["models_bytes"](1, trained=2, frozen=2) == 36


def test_the_margin_that_dpo_needs_falls_with_beta():
    assert FACTS["margin_needed"](0.5, 0.1) == 0
    margin = FACTS["margin_needed"](0.9, 0.1)
    assert 1 / (1 + np.exp(-0.1 * margin)) == pytest.approx(0.9)
    assert FACTS["margin_needed"](0.9, 1.0) == pytest.approx(margin / 10)


def test_beta_per_token_and_per_answer():
    assert FACTS["beta_of_sum"](5, 200) == pytest.approx(0.025)


def test_group_advantages_by_hand():
    # one right of four: mean 1/4, sample deviation 1/2
    assert FACTS["group_advantage"](1, 4) == pytest.approx(1.5, abs=1e-3)
    assert FACTS["group_advantage"](1, 4, good=False) == pytest.approx(-0.5, abs=1e-3)
    assert FACTS["group_advantage"](8, 8) == 0 == FACTS["group_advantage"](0, 8, good=False)


def test_division_by_the_spread_favours_the_extremes():
    assert FACTS["difficulty_weight"](0.5) == 1
    assert FACTS["difficulty_weight"](0.1) == pytest.approx(5 / 3)
    assert FACTS["difficulty_weight"](0.9) == pytest.approx(5 / 3)


def test_the_fitted_reward_rises_for_ever_and_the_true_one_turns():
    betas = [10, 3, 1, 0.5, 0.3, 0.2, 0.1]
    kl, fitted, true = ([FACTS["chased"](what, beta) for beta in betas] for what in ("kl", "fitted", "true"))
    assert kl == sorted(kl)
    assert fitted == sorted(fitted)
    best = int(np.argmax(true))
    assert 0 < best < len(betas) - 1
    assert true[0] > 0 > true[-1]
    assert method_facts.TRUE_REWARD[6] < method_facts.TRUE_REWARD[0]
