"""Planning and judging: quantiles, tests and resamples against scipy, formulas against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labs_py.core import power

shares = st.floats(0.001, 0.999)


@given(share=shares, freedom=st.integers(1, 300))
def test_quantiles_equal_scipys(share, freedom):
    assert power.normal_quantile(share) == pytest.approx(stats.norm.ppf(share), rel=1e-9, abs=1e-12)
    assert power.t_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-8, abs=1e-9)


@given(gained=st.integers(0, 400), lost=st.integers(0, 400))
def test_mcnemar_is_the_two_sided_binomial_test(gained, lost):
    truth = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert power.mcnemar(gained, lost) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("n, gained, lost", [(60, 0.3, 0.1), (400, 0.09, 0.05), (1306, 0.09, 0.06), (300, 0.2, 0.1)])
def test_paired_power_is_how_often_the_test_claims_a_difference(n, gained, lost):
    rng = np.random.default_rng(3)
    split = rng.multinomial(n, [gained, lost, 1 - gained - lost], 4000)
    seen = np.mean([power.mcnemar(b, c) <= 0.05 for b, c, _ in split.tolist()])
    assert power.paired_power(n, gained, lost) == pytest.approx(seen, abs=0.025)


@given(n=st.integers(2, 5000), base=shares, tuned=shares, alpha=st.sampled_from([0.01, 0.05, 0.1]))
def test_separate_power_is_the_two_sided_normal_power_of_cohens_h(n, base, tuned, alpha):
    h = 2 * math.asin(math.sqrt(tuned)) - 2 * math.asin(math.sqrt(base))
    shift, bound = abs(h) * math.sqrt(n / 2), stats.norm.ppf(1 - alpha / 2)
    truth = stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift)
    assert power.separate_power(n, base, tuned, alpha) == pytest.approx(truth, abs=1e-9)


@given(gained=st.floats(0.02, 0.4), lost=st.floats(0.0, 0.4), goal=st.sampled_from([0.5, 0.8, 0.95]))
def test_the_planned_items_are_the_fewest_that_reach_the_power(gained, lost, goal):
    n = power.paired_items(gained, lost, 0.05, goal)
    if n < power.MOST_ITEMS and abs(gained - lost) > 1e-3:
        assert power.paired_power(n, gained, lost) >= goal - 1e-9
        if n > 1:
            assert power.paired_power(n - 1, gained, lost) <= goal + 1e-9


def test_separate_items_against_a_published_value():
    # Cohen 1988, Statistical Power Analysis, table 6.4.1: h = 0.20, two-tailed 0.05, power 0.80: 392 in each group.
    tuned = math.sin((2 * math.asin(math.sqrt(0.5)) + 0.2) / 2) ** 2
    assert power.separate_items(0.5, tuned) == pytest.approx(392, abs=1)


def test_counted_resamples_are_plain_resamples():
    differences = np.array([1] * 9 + [-1] * 6 + [0] * 80 + [0.25] * 5)
    quick = power.bootstrap_differences(differences, 20_000, 0)
    plain = stats.bootstrap((differences,), np.mean, n_resamples=20_000, method="percentile", rng=1)
    low, high = np.quantile(quick, [0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(plain.confidence_interval), abs=0.004)
    assert quick.std() == pytest.approx(plain.standard_error, rel=0.03)


def test_interval_of_seeds_is_students():
    scores = [73.0, 71, 76, 74, 70]
    mean, deviation, low, high = power.mean_interval(np.array(scores))
    truth = stats.t.interval(0.95, 4, np.mean(scores), stats.sem(scores))
    assert (low, high) == pytest.approx(truth) and deviation == pytest.approx(np.std(scores, ddof=1))
    assert power.mean_interval(np.array([5.0])) == (5.0, 0.0, 5.0, 5.0) and mean == pytest.approx(72.8)


def test_no_gain_needs_endless_items():
    assert power.paired_items(0.1, 0.1) == power.separate_items(0.5, 0.5) == power.MOST_ITEMS
    assert power.mcnemar(0, 0) == 1.0


@given(n=st.integers(5, 3000), base=shares, tuned=shares, alpha=st.sampled_from([0.01, 0.05, 0.1]))
def test_power_of_two_rates_equals_scipys_where_both_say_the_same(n, base, tuned, alpha):
    # a chi-square of one degree is a squared normal, so scipy's noncentral one gives both tails at once
    h = power.effect_size(tuned, base)
    truth = stats.ncx2.sf(stats.chi2.isf(alpha, 1), 1, max(n * h * h / 2, 1e-12))
    assert power.separate_power(n, base, tuned, alpha) == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_power_of_two_rates_is_how_often_two_samples_differ(seed):
    rng = np.random.default_rng(seed)
    n, base = int(rng.integers(80, 900)), rng.uniform(0.3, 0.7)
    tuned = base + rng.uniform(0.05, 0.2)
    right = rng.binomial(n, [base, tuned], (20_000, 2)) / n
    pooled = right.mean(1)
    z = (right[:, 1] - right[:, 0]) / np.sqrt(2 * pooled * (1 - pooled) / n)
    seen = np.mean(np.abs(z) > stats.norm.ppf(0.975))
    assert power.separate_power(n, base, tuned) == pytest.approx(seen, abs=0.02)


@pytest.mark.parametrize("seed", range(8))
def test_paired_power_equals_the_exact_sum_over_all_splits(seed):
    # no simulation: the number of differing items is binomial, and so is how they split
    rng = np.random.default_rng(seed)
    n, gained, lost = int(rng.integers(5, 1200)), rng.uniform(0.05, 0.2), rng.uniform(0.0, 0.15) * (seed > 0)
    alpha = [0.01, 0.05, 0.1][seed % 3]
    differ = np.arange(n + 1)
    most = stats.binom.ppf(alpha / 2, differ, 0.5)  # the rarer side may be so large, or one less
    most -= 2 * stats.binom.cdf(most, differ, 0.5) > alpha
    share = gained / (gained + lost)
    rejects = stats.binom.sf(differ - most - 1, differ, share) + stats.binom.cdf(most, differ, share)
    truth = stats.binom.pmf(differ, n, gained + lost) @ rejects
    assert power.paired_power(n, gained, lost, alpha) == pytest.approx(truth, abs=1e-9)


def test_the_approximation_for_very_many_items_meets_the_exact_sum():
    n = power.MOST_EXACT * 10
    for gained, lost in ((0.0515, 0.0485), (0.051, 0.049)):
        exact, beyond = (power.paired_power(n, gained, lost), power._normal_power(n, gained, lost, 0.05))
        assert exact == pytest.approx(beyond, abs=0.002)


@pytest.mark.parametrize("seed", range(8))
def test_resamples_of_unseen_scores_equal_scipys_within_simulation(seed):
    rng = np.random.default_rng(seed)
    n, draws = int(rng.integers(30, 400)), 10_000
    base, tuned = rng.integers(0, 5, n) / 4, np.clip(rng.integers(0, 5, n) / 4 + rng.uniform(0, 0.3), 0, 1)
    ours = power.bootstrap_differences(tuned - base, draws, seed)
    theirs = stats.bootstrap((tuned, base), lambda a, b, axis=-1: np.mean(a, axis) - np.mean(b, axis), paired=True,
                             n_resamples=draws, method="percentile", rng=seed + 100)  # fmt: skip
    error = theirs.standard_error
    # a 2.5% quantile of 10,000 draws scatters by sqrt(.025 * .975 / draws) / density = 0.027 standard errors
    assert np.quantile(ours, [0.025, 0.975]) == pytest.approx(tuple(theirs.confidence_interval), abs=0.15 * error)
    assert ours.mean() == pytest.approx(np.mean(tuned - base), abs=0.05 * error)
    assert ours.std(ddof=1) == pytest.approx(error, rel=0.04)
