"""Bradley-Terry and DPO against scikit-learn, central differences, TRL's formula and worked arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from labs_py.core import preference
from tests.effort import examples


def problem(seed, n=40, features=6, labels=3):
    rng = np.random.default_rng(seed)
    differences = rng.normal(size=(n, features))
    truth = rng.normal(size=features)
    for_a = rng.binomial(labels, preference.sigmoid(differences @ truth)).astype(float)
    return differences, for_a, labels - for_a


def test_log_sigmoid_keeps_what_the_naive_form_loses():
    with np.errstate(over="ignore", divide="ignore"):
        naive = np.log(1 / (1 + np.exp(800.0)))
    assert np.isneginf(naive)
    assert preference.log_sigmoid(-800.0) == -800.0
    assert preference.log_sigmoid(800.0) == 0.0
    assert preference.sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]


def test_one_label_worked_by_hand():
    # One pair with difference 2, picked A, weight 0.5: margin 1, log sigmoid(1) = -log(1 + 1/e).
    args = (np.array([0.5]), np.array([[2.0]]), np.array([1.0]), np.array([0.0]))
    assert preference.log_likelihood(*args) == pytest.approx(-math.log(1 + math.exp(-1)))
    assert preference.loss(*args, 0.8) == pytest.approx(math.log(1 + math.exp(-1)) + 0.1)


@given(st.integers(0, 10_000), st.floats(0.001, 50))
@examples(25, 1000)
def test_gradient_and_hessian_against_central_differences(seed, l2):
    differences, for_a, for_b = problem(seed)
    weights = np.random.default_rng(seed + 1).normal(size=6)
    step = 1e-5
    for i, unit in enumerate(np.eye(6) * step):
        up = preference.loss(weights + unit, differences, for_a, for_b, l2)
        down = preference.loss(weights - unit, differences, for_a, for_b, l2)
        slope = preference.gradient(weights, differences, for_a, for_b, l2)
        assert slope[i] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-5)
        bend = preference.gradient(weights + unit, differences, for_a, for_b, l2) - preference.gradient(
            weights - unit, differences, for_a, for_b, l2
        )
        curvature = preference.hessian(weights, differences, for_a, for_b, l2)
        assert np.allclose(curvature[i], bend / (2 * step), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("l2", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_fit_equals_logistic_regression_without_intercept(seed, l2):
    differences, for_a, for_b = problem(seed)
    fit = preference.fit_newton(differences, for_a, for_b, l2)
    model = LogisticRegression(C=1 / l2, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=10_000)
    n = len(differences)
    model.fit(
        np.vstack([differences, differences]),
        np.concatenate([np.ones(n), np.zeros(n)]),
        sample_weight=np.concatenate([for_a, for_b]),
    )
    assert fit.converged
    assert np.allclose(fit.weights, model.coef_[0], atol=1e-8)


def test_swapping_the_sides_changes_nothing():
    differences, for_a, for_b = problem(3)
    there = preference.fit_newton(differences, for_a, for_b, 0.5).weights
    back = preference.fit_newton(-differences, for_b, for_a, 0.5).weights
    assert np.allclose(there, back, atol=1e-12)


def test_gradient_descent_reaches_newtons_optimum_and_never_rises():
    differences, for_a, for_b = problem(1)
    size = preference.safe_step(differences, for_a, for_b, 1.0)
    path = list(preference.descend(differences, for_a, for_b, 1.0, 600, size))
    losses = [value for _, value in path]
    assert len(path) == 601
    assert all(b <= a + 1e-12 for a, b in zip(losses, losses[1:], strict=False))
    assert np.allclose(path[-1][0], preference.fit_newton(differences, for_a, for_b, 1.0).weights, atol=1e-6)


def test_separable_labels_have_no_optimum_without_a_ridge():
    differences, _, _ = problem(2)
    for_a = (differences[:, 0] > 0).astype(float)
    free = preference.fit_newton(differences, for_a, 1 - for_a, 0.0)
    assert not free.converged
    assert np.all(np.isfinite(free.weights)) and np.abs(free.weights).max() > 10
    assert preference.fit_newton(differences, for_a, 1 - for_a, 0.01).converged


def test_no_labels_leave_all_at_zero():
    differences, for_a, _ = problem(2)
    none = np.zeros_like(for_a)
    fit = preference.fit_newton(differences, none, none, 1.0)
    assert fit.converged and not fit.weights.any()
    assert np.allclose(preference.standard_errors(fit.weights, differences, none, none, 4.0), 0.5)
    assert np.isinf(preference.standard_errors(fit.weights, differences, none, none, 0.0)).all()


def test_standard_errors_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    differences = rng.normal(size=(60, 3))
    truth = np.array([1.0, -0.5, 0.3])
    inside = 0
    for _ in range(300):
        for_a = rng.binomial(10, preference.sigmoid(differences @ truth)).astype(float)
        weights = preference.fit_newton(differences, for_a, 10 - for_a, 1e-6).weights
        errors = preference.standard_errors(weights, differences, for_a, 10 - for_a, 1e-6)
        inside += np.sum(np.abs(weights - truth) < 1.96 * errors)
    assert 0.92 < inside / 900 < 0.98


def test_fits_of_many_label_sets_equal_the_fits_one_by_one():
    differences, for_a, for_b = problem(5)
    kept = np.tril(np.ones((40, 40)))
    together = preference.fit_many(differences, kept * for_a, kept * for_b, 0.05)
    for row, weights in zip(kept, together, strict=True):
        alone = preference.fit_newton(differences, row * for_a, row * for_b, 0.05).weights
        assert np.allclose(weights, alone, atol=1e-8)


def test_dpo_loss_worked_by_hand():
    # Log ratios +2 and -1, beta 0.1: margin 0.3, loss log(1 + exp(-0.3)) = 0.554355.
    assert preference.dpo_loss(-10.0, -21.0, -12.0, -20.0, 0.1) == pytest.approx(0.5543552444685271)
    assert preference.dpo_loss(-10.0, -10.0, -10.0, -10.0, 0.1) == pytest.approx(math.log(2))
    assert preference.dpo_loss(-1e4, 0.0, 0.0, -1e4, 1.0) == 20_000.0


def test_dpo_gradient_against_central_differences():
    args, step = (-11.0, -9.5, -10.0, -10.0, 0.3), 1e-6
    up = preference.dpo_loss(args[0] + step, *args[1:])
    down = preference.dpo_loss(args[0] - step, *args[1:])
    assert preference.dpo_gradient(*args) == pytest.approx((up - down) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("beta", [0.01, 0.1, 2.0])
def test_dpo_on_a_table_reaches_the_reward_models_optimum(beta):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 50, 5))
    for_a = rng.binomial(3, 0.4, size=50).astype(float)
    log_reference = np.log(rng.dirichlet([2, 3], size=50))
    theta = preference.dpo_fit(a, b, log_reference, for_a, 3 - for_a, beta, 0.3)
    assert np.allclose(theta, preference.fit_newton(a - b, for_a, 3 - for_a, 0.3).weights, atol=1e-8)


@pytest.mark.torch
def test_dpo_loss_equals_the_line_that_trl_runs():
    torch = pytest.importorskip("torch")
    inspect = pytest.importorskip("inspect")
    trainer = pytest.importorskip("trl.trainer.dpo_trainer")
    source = inspect.getsource(trainer)
    assert "delta_score = chosen_scores - rejected_scores" in source
    line = "per_sequence_loss = -F.logsigmoid(self.beta * delta_score)"
    assert line in source
    chosen, rejected, ref_chosen, ref_rejected = torch.randn(4, 30, dtype=torch.float64) * 20
    scope = {
        "F": torch.nn.functional,
        "self": type("Trainer", (), {"beta": 0.1}),
        "delta_score": (chosen - ref_chosen) - (rejected - ref_rejected),
    }
    exec(line, scope)
    ours = preference.dpo_loss(*(x.numpy() for x in (chosen, rejected, ref_chosen, ref_rejected)), 0.1)
    assert np.allclose(ours, scope["per_sequence_loss"].numpy(), atol=1e-12)
