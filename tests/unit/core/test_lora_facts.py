"""The numbers about adapters that pages print."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py import api
from labs_py.core.facts import FACTS


@pytest.mark.parametrize(
    ("model", "targets", "times"), [("llama-7b", "qkvo", 803), ("llama-7b", "qv", 1607), ("llama-7b", "all", 337)]
)
def test_adapter_times_fewer_depends_on_the_layers(model, targets, times):
    assert round(FACTS["adapter_times_fewer"](model, targets, 8)) == times


def test_gpt2_adapter_parameters_share_and_bytes():
    assert FACTS["adapter_parameters"]("gpt2", "all", 8) == 1_327_104
    assert FACTS["adapter_parameters"]("gpt2", "all", 8, fused=True) == 1_179_648
    assert FACTS["adapter_bytes"]("gpt2", "all", 8) == 2_654_208
    assert FACTS["adapter_share"]("gpt2", "all", 8) == pytest.approx(0.010665, rel=1e-4)
    assert FACTS["model_parameters"]("gpt2") == 124_439_808


def test_power_law_error_and_power_law_energy_against_plain_sums():
    squares = [i**-2.0 for i in range(1, 65)]
    assert FACTS["power_law_energy"](64, 1.0, 8) == pytest.approx(sum(squares[:8]) / sum(squares))
    assert FACTS["power_law_error"](64, 1.0, 8) == pytest.approx(np.sqrt(sum(squares[8:]) / sum(squares)))


def test_planted_error_and_noise_energy_are_the_labs_own():
    lab = {k: v["value"] for k, v in api.last_frame("lora")["scalars"].items()}
    assert FACTS["planted_error"](64, 8, 0.3, 0, 8) == pytest.approx(lab["relative_error"], rel=1e-9)
    noise = api.last_frame("lora", {"source": "noise"})["scalars"]["energy_kept"]["value"]
    assert FACTS["noise_energy"](64, 0, 8) == pytest.approx(noise, rel=1e-9)
