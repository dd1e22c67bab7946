"""The numbers that the articles on deciding and on supervised fine-tuning print."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labs_py.core import evidence, run_cost
from labs_py.core.facts import FACTS
from labs_py.core.model_table import MODELS


def test_wilson_half_width_and_wilson_bound_at_half_of_a_hundred():
    assert FACTS["wilson_half_width"](50, 100) == pytest.approx(0.0962, abs=1e-4)
    assert FACTS["wilson_bound"](50, 100, "low") == pytest.approx(0.4038, abs=1e-4)
    assert FACTS["wilson_bound"](50, 100, "high") == pytest.approx(0.5962, abs=1e-4)
    with pytest.raises(KeyError):
        FACTS["wilson_bound"](50, 100, "middle")


def test_rows_for_gain_is_where_the_bootstrap_interval_meets_zero():
    gain, disagree = 0.03, 0.15
    n = FACTS["rows_for_gain"](gain, disagree)
    assert n == 637
    wins, losses = round(n * (disagree + gain) / 2), round(n * (disagree - gain) / 2)
    after = np.r_[np.ones(wins), np.zeros(n - wins)]
    before = np.r_[np.zeros(wins), np.ones(losses), np.zeros(n - wins - losses)]
    _, low, _ = evidence.paired_difference(after, before, draws=4000)
    assert abs(low) < 0.004


def test_sign_test_of_nine_against_six_by_hand():
    by_hand = 2 * sum(math.comb(15, k) for k in range(7)) / 2**15
    assert FACTS["sign_test"](9, 6) == FACTS["sign_test"](6, 9) == pytest.approx(by_hand)
    assert FACTS["sign_test"](5, 5) == 1.0


def test_routed_saving_is_capped_by_what_is_not_routed():
    assert FACTS["routed_saving"](0.8, 0.0) == pytest.approx(5.0)
    assert FACTS["routed_saving"](0.92, 0.1) == pytest.approx(1 / (0.08 + 0.092))
    assert FACTS["routed_saving"](0.0, 0.1) == 1.0


def test_handed_on_saving_pays_the_cheap_model_for_every_request():
    assert FACTS["handed_on_saving"](1.0, 0.1) == pytest.approx(10.0)
    assert FACTS["handed_on_saving"](0.8, 0.1) == pytest.approx(1 / 0.3)
    assert FACTS["handed_on_saving"](0.0, 0.1) < 1  # a router that hands everything on costs more than none


def test_requests_to_pay_back_rounds_up():
    assert FACTS["requests_to_pay_back"](10, 3) == 4


def test_prompt_share_and_uniform_nats():
    assert FACTS["prompt_share"](94, 45) == pytest.approx(94 / 139)
    assert FACTS["uniform_nats"](49_152) == pytest.approx(10.8027, abs=1e-4)


def test_token_weight_ratio_is_the_ratio_of_lengths():
    assert FACTS["token_weight_ratio"](10, 490) == pytest.approx(49)


def test_padding_share_falls_from_fixed_to_packed():
    shares = [FACTS["padding_share"](how) for how in ("fixed", "shuffled", "sorted", "packed")]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.7 and shares[3] < 0.02


def test_cpu_process_is_the_allowance_that_the_estimate_uses():
    shape, run = MODELS["SmolLM2-135M"], run_cost.Run(tokens=256, batch=4)
    parts = run_cost.memory(shape, run)
    tensors = parts["weights"] + parts["adapter"] + parts["gradients"] + parts["optimiser"]
    factor = FACTS["cpu_process"]("activations") + FACTS["cpu_process"]("adapters")
    by_hand = (FACTS["cpu_process"]("base") + tensors + factor * parts["activations"]
               + FACTS["cpu_process"]("scores") * parts["scores"])  # fmt: skip
    assert run_cost.process_bytes(shape, run) == pytest.approx(run_cost.MARGIN * by_hand)
