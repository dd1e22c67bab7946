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


@pytest.mark.parametrize("n, gained, lost", [(400, 0.09, 0.05), (1306, 0.09, 0.06), (300, 0.2, 0.1)])
def test_paired_power_is_how_often_the_test_rejects(n, gained, lost):
    rng = np.random.default_rng(3)
    split = rng.multinomial(n, [gained, lost, 1 - gained - lost], 40_000)
    z = (split[:, 0] - split[:, 1]) / np.sqrt(split[:, 0] + split[:, 1])
    assert power.paired_power(n, gained, lost) == pytest.approx(np.mean(z > stats.norm.ppf(0.975)), abs=0.02)


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
