"""Updates, measures, gradients and training behind the LoRA Lab."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import lora, svd
from tests.effort import examples


def _decomposed(update):
    left, values, right = np.linalg.svd(update)
    return left, values, right


# Updates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "rank"), [(32, 1), (33, 32), (64, 8), (100, 40), (256, 256)])
def test_planted_update_without_noise_has_exactly_that_rank(size, rank):
    update = lora.planted_update(size, rank, 0.0, seed=4)
    assert np.linalg.matrix_rank(update) == rank
    if rank < size:
        assert np.linalg.svd(update, compute_uv=False)[rank] < 1e-13


@pytest.mark.parametrize(
    "update",
    [
        lora.planted_update(64, 8, 0.0, 0),
        lora.planted_update(256, 256, 0.0, 1),
        lora.planted_update(77, 5, 0.7, 2),
        lora.power_law_update(50, 1.5, 3),
        lora.noise_update(40, 4),
    ],
)
def test_every_entry_survives_the_trip_as_float32(update):
    assert (update == update.astype(np.float32)).all()


def test_noise_is_measured_against_the_planted_values():
    planted = np.linalg.svd(lora.planted_update(128, 4, 0.0, 5), compute_uv=False)
    noisy = np.linalg.svd(lora.planted_update(128, 4, 0.5, 5), compute_uv=False)
    assert 0.5 < planted[3] and planted[0] < 2
    assert 0.4 < noisy[4] < 0.55


def test_power_law_has_the_spectrum_it_names():
    values = np.linalg.svd(lora.power_law_update(64, 1.25, 6), compute_uv=False)
    assert np.allclose(values, np.arange(1, 65.0) ** -1.25, atol=1e-7)


def test_same_seed_same_update_other_seed_another():
    assert (lora.noise_update(32, 1) == lora.noise_update(32, 1)).all()
    assert (lora.noise_update(32, 1) != lora.noise_update(32, 2)).any()


# Measures --------------------------------------------------------------------------------------------


@examples(25, 500)
@given(size=st.integers(2, 24), rank=st.integers(1, 24), seed=st.integers(0, 999))
def test_truncation_meets_the_eckart_young_bound_and_nothing_random_beats_it(size, rank, seed):
    rank = min(rank, size)
    update = np.random.default_rng(seed).standard_normal((size, size))
    left, values, right = _decomposed(update)
    bound = lora.eckart_young_bounds(values)[rank]
    assert lora.relative_error(update, lora.truncate(left, values, right, rank)) == pytest.approx(bound, abs=1e-12)
    rng = np.random.default_rng(seed + 1)
    # The best B for a random A is its projection; no such product may beat the bound.
    a = rng.standard_normal((rank, size))
    b = update @ np.linalg.pinv(a)
    assert lora.relative_error(update, b @ a) >= bound - 1e-12


def test_small_tails_are_summed_without_cancellation():
    values = np.array([1.0, 1e-9, 1e-10])
    bounds = lora.eckart_young_bounds(values)
    assert bounds[1] == pytest.approx(np.hypot(1e-9, 1e-10), rel=1e-12)
    assert bounds[2] == pytest.approx(1e-10, rel=1e-12)
    # The naive form loses it all: 1 minus the kept share rounds to zero.
    assert np.sqrt(1 - lora.energy_kept(values)[1]) != pytest.approx(np.hypot(1e-9, 1e-10), rel=0.1)


def test_energy_bound_and_stable_rank_belong_together():
    values = np.array([2.0, 1.0, 1.0])
    assert lora.energy_kept(values).tolist() == [0, 4 / 6, 5 / 6, 1]
    assert np.allclose(lora.eckart_young_bounds(values) ** 2 + lora.energy_kept(values), 1)
    assert lora.stable_rank(values) == 1.5


def test_zero_update_has_zero_error_and_no_rank():
    values = np.zeros(4)
    assert lora.eckart_young_bounds(values).tolist() == [0] * 5
    assert lora.energy_kept(values).tolist() == [1] * 5
    assert lora.stable_rank(values) == 0
    assert lora.relative_error(np.zeros((2, 2)), np.zeros((2, 2))) == 0


@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_the_scale_is_absorbed_by_the_factors(scale):
    found = svd.decompose(lora.power_law_update(32, 1.0, 0))
    b, a = lora.factors(found.left, found.values, found.right, 5, scale)
    assert b.shape == (32, 5) and a.shape == (5, 32)
    assert np.allclose(scale * b @ a, lora.truncate(found.left, found.values, found.right, 5))


def test_scaling_rules():
    assert lora.scaling_factor(16, 64, "lora") == 0.25
    assert lora.scaling_factor(16, 64, "rslora") == 2.0


# Training --------------------------------------------------------------------------------------------


def test_gradients_against_central_differences():
    rng = np.random.default_rng(0)
    b, a, update = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal((5, 4))
    _, gradient_b, gradient_a = lora.loss_and_gradients(b, a, update, 1.7)
    for array, gradient in ((b, gradient_b), (a, gradient_a)):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + 1e-6
            above = lora.loss_and_gradients(b, a, update, 1.7)[0]
            array[index] = kept - 1e-6
            below = lora.loss_and_gradients(b, a, update, 1.7)[0]
            array[index] = kept
            assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-7)


def test_start_is_the_base_model_and_can_move():
    b, a = lora.lora_start(12, 100, 4, seed=3)
    assert b.shape == (12, 4) and a.shape == (4, 100)
    assert not b.any() and np.abs(a).max() <= 0.1 and np.abs(a).max() > 0.09
    _, gradient_b, gradient_a = lora.loss_and_gradients(b, a, np.ones((12, 100)), 1.0)
    assert np.abs(gradient_b).max() > 0 and not gradient_a.any()
    # Both zero would be a saddle that nothing leaves.
    _, gradient_b, gradient_a = lora.loss_and_gradients(b, 0 * a, np.ones((12, 100)), 1.0)
    assert not gradient_b.any() and not gradient_a.any()


def test_adam_takes_first_steps_of_the_learning_rate():
    array = np.zeros(3)
    adam = lora.Adam.like(array)
    gradient = np.array([1e-3, -5.0, 200.0])
    adam.update(array, gradient, 0.01)
    assert np.allclose(array, [-0.01, 0.01, -0.01], rtol=1e-4)
    adam.update(array, gradient, 0.01)
    assert np.allclose(array, [-0.02, 0.02, -0.02], rtol=1e-4)


@pytest.mark.parametrize("rule", ["lora", "rslora"])
def test_training_reaches_the_floor_and_never_passes_it(rule):
    update = lora.planted_update(32, 4, 0.3, 0)
    floor = lora.eckart_young_bounds(np.linalg.svd(update, compute_uv=False))[4]
    states = list(lora.train(update, 4, lora.scaling_factor(8, 4, rule), 0.005, 400, seed=0))
    errors = states[-1].errors
    assert errors[0] == 1 and len(errors) == 401 and not states[-1].diverged
    assert errors.min() >= floor - 1e-12
    assert errors[-1] <= floor * 1.005
    assert lora.relative_error(update, states[-1].product) == pytest.approx(errors[-1], rel=1e-9)
    assert [s.step for s in states[:3]] == [10, 20, 30] and states[-1].step == 400


@pytest.mark.parametrize("learning_rate", [1.0, 1e3, 1e200])
def test_a_diverging_rate_is_noticed_and_stopped(learning_rate):
    with np.errstate(over="ignore", invalid="ignore"):
        last = list(lora.train(lora.noise_update(32, 0), 4, 2.0, learning_rate, 300, seed=0))[-1]
    assert last.diverged and last.step < 300
    assert not last.errors[-1] <= lora.DIVERGED_AT


@pytest.mark.torch
def test_start_has_the_law_that_peft_draws():
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    model = torch.nn.Sequential(torch.nn.Linear(400, 50, bias=False))
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=16, lora_alpha=32, target_modules=["0"]))
    layer = adapted.base_model.model[0]
    theirs = layer.lora_A["default"].weight.detach().numpy()
    b, ours = lora.lora_start(50, 400, 16, seed=0)
    assert theirs.shape == ours.shape and layer.lora_B["default"].weight.shape == b.shape
    assert not layer.lora_B["default"].weight.detach().numpy().any()
    assert np.abs(theirs).max() <= 400**-0.5 and abs(theirs.std() / ours.std() - 1) < 0.05
    assert layer.scaling["default"] == lora.scaling_factor(32, 16, "lora")
