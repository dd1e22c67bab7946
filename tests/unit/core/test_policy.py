"""The leash, best of n and group advantages, against closed forms, sampling and optimisation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from labs_py.core import policy
from tests.effort import examples


def setting(seed, candidates=30):
    rng = np.random.default_rng(seed)
    return np.log(rng.dirichlet(np.ones(candidates))), rng.normal(size=candidates) * 2


@given(st.integers(0, 10_000), st.floats(-9, 9))
@examples(40, 1000)
def test_tilt_is_reference_times_exp_reward_over_beta(seed, log_beta):
    log_reference, reward = setting(seed)
    beta = np.exp(log_beta)
    mine = policy.tilt(log_reference, reward, beta)
    assert np.isclose(np.exp(mine).sum(), 1.0)
    assert np.allclose((mine - mine[0]) - (log_reference - log_reference[0]), (reward - reward[0]) / beta, rtol=1e-9)


@pytest.mark.parametrize("beta", [0.2, 1.0, 5.0])
def test_tilt_wins_the_penalised_objective(beta):
    log_reference, reward = setting(1, 6)

    def lost(logits):
        p = logits - policy.log_sum_exp(logits)
        return -(policy.expected(p, reward) - beta * policy.kl(p, log_reference))

    best = minimize(lost, np.zeros(6), tol=1e-14)
    assert np.allclose(
        np.exp(best.x - policy.log_sum_exp(best.x)), np.exp(policy.tilt(log_reference, reward, beta)), atol=1e-4
    )


def test_extreme_betas_are_finite_where_the_naive_form_overflows():
    log_reference, reward = setting(2)
    with np.errstate(over="ignore", invalid="ignore"):
        naive = np.exp(log_reference + reward / 1e-6)
        assert not np.isfinite(naive / naive.sum()).all()
    greedy = policy.tilt(log_reference, reward, 1e-300)
    assert np.argmax(greedy) == np.argmax(reward) and np.exp(greedy).max() == 1.0
    assert policy.kl(greedy, log_reference) == pytest.approx(-log_reference[np.argmax(reward)])
    assert np.allclose(policy.tilt(log_reference, reward, 1e300), log_reference)
    assert policy.kl(log_reference, log_reference) == 0.0


def test_many_betas_at_once_equal_one_by_one():
    log_reference, reward = setting(3)
    betas = np.array([0.1, 1.0, 10.0])
    together = policy.tilt(log_reference, reward, betas)
    for row, beta in zip(together, betas, strict=True):
        assert np.allclose(row, policy.tilt(log_reference, reward, beta))


def test_best_of_n_against_sampling():
    log_reference, reward = setting(4, 8)
    reward[3] = reward[5]
    rng = np.random.default_rng(0)
    drawn = rng.choice(8, size=(200_000, 4), p=np.exp(log_reference))
    kept = drawn[np.arange(len(drawn)), np.argmax(reward[drawn], axis=1)]
    seen = np.bincount(kept, minlength=8) / len(kept)
    assert np.allclose(np.exp(policy.best_of_n(log_reference, reward, 4)), seen, atol=5e-3)


def test_best_of_n_costs_log_n_less_its_share_when_nothing_ties():
    candidates = 20_000
    log_reference = np.full(candidates, -np.log(candidates))
    reward = np.random.default_rng(1).normal(size=candidates)
    for n in (2, 16, 64):
        cost = policy.kl(policy.best_of_n(log_reference, reward, n), log_reference)
        assert cost == pytest.approx(policy.best_of_n_kl_bound(n), rel=2e-3)
    assert policy.kl(policy.best_of_n(log_reference, reward, 1), log_reference) == pytest.approx(0.0, abs=1e-12)


def test_best_of_a_huge_n_keeps_the_best_answer():
    log_reference, reward = setting(5)
    kept = np.exp(policy.best_of_n(log_reference, reward, 1e12))
    assert kept[np.argmax(reward)] == pytest.approx(1.0)


def test_equal_rewards_give_exactly_no_gradient():
    log_policy, _ = setting(6, 10)
    for value in (0.0, 1.0, 0.1, 1e9, -3.7):
        advantages = policy.group_advantages(np.full(7, value))
        assert not advantages.any()
        assert not policy.policy_gradient(log_policy, np.arange(7), advantages).any()


def test_advantages_are_those_of_trl():
    rewards = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    mean, spread = rewards.mean(), rewards.std(ddof=1)
    assert np.allclose(policy.group_advantages(rewards), (rewards - mean) / (spread + 1e-4))
    assert np.allclose(policy.group_advantages(rewards, False), rewards - mean)


def test_groups_stay_apart():
    rewards = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    advantages = policy.group_advantages(rewards)
    assert advantages[0].any() and not advantages[1].any()
    assert np.allclose(advantages.sum(axis=1), 0.0)


def test_policy_gradient_is_the_slope_of_the_weighted_log_probabilities():
    rng = np.random.default_rng(7)
    logits = rng.normal(size=9)
    drawn, advantages = rng.integers(9, size=5), rng.normal(size=5)

    def value(z):
        return np.mean(advantages * (z - policy.log_sum_exp(z))[drawn])

    slope = policy.policy_gradient(logits - policy.log_sum_exp(logits), drawn, advantages)
    for i, unit in enumerate(np.eye(9) * 1e-6):
        assert slope[i] == pytest.approx((value(logits + unit) - value(logits - unit)) / 2e-6, abs=1e-7)
