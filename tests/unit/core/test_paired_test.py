"""The paired test and its interval: against scipy, against each other, and how often the interval holds the truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from labs_py.core import binomial, paired_test


def split(gained, lost, n, size=1.0):
    return np.array([size] * gained + [-size] * lost + [0.0] * (n - gained - lost))


@given(gained=st.integers(0, 90), lost=st.integers(0, 90), alike=st.integers(0, 300),
       alpha=st.sampled_from([0.01, 0.05, 0.1]))  # fmt: skip
def test_the_interval_holds_zero_just_where_the_test_claims_nothing(gained, lost, alike, alpha):
    n = gained + lost + alike
    if n:
        p, low, high = paired_test.paired_test(split(gained, lost, n), alpha)
        assert (low <= 0 <= high) == (p > alpha)
        assert -1 <= low <= (gained - lost) / n <= high <= 1
        differing = gained + lost
        assert p == pytest.approx(stats.binomtest(gained, differing).pvalue if differing else 1.0)


@given(scores=st.lists(st.sampled_from([0, 0.1, -0.1, 0.25, -0.25, 0.5, -0.5, 1]), min_size=1, max_size=60),
       alpha=st.sampled_from([0.01, 0.05, 0.1]))  # fmt: skip
def test_scores_in_between_agree_with_their_interval_too(scores, alpha):
    p, low, high = paired_test.paired_test(np.array(scores), alpha)
    assert (low <= 0 <= high) == (p > alpha) and low <= np.mean(scores) <= high


@pytest.mark.parametrize("seed", range(4))
def test_scores_in_between_are_tested_by_all_signs(seed):
    differences = np.round(np.random.default_rng(seed).normal(0.2, 0.4, 12), 2)
    sums = np.array(list(itertools.product((-1, 1), repeat=12))) @ np.abs(differences)
    truth = np.mean(np.abs(sums) >= abs(differences.sum()) - 1e-9)
    assert paired_test.paired_test(differences, 0.05)[0] == pytest.approx(truth, abs=0.02)


def test_very_many_sizes_are_as_good_as_normal():
    differences = np.random.default_rng(0).normal(0.02, 0.3, 900)
    p, low, high = paired_test.paired_test(differences, 0.05)
    assert p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=0.02)
    truth = stats.t.interval(0.95, 899, differences.mean(), stats.sem(differences))
    assert (low, high) == pytest.approx(truth, abs=1e-3)


@pytest.mark.parametrize("n, gained, lost", [(10, 0.5, 0.1), (40, 0.2, 0.02), (150, 0.1, 0.07)])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(n, gained, lost):
    drawn = np.random.default_rng(1).multinomial(n, [gained, lost, 1 - gained - lost], 1500).tolist()
    held = 0
    for b, c, _ in drawn:
        low, high = paired_test.exact_interval(b, c, n, 0.05)
        held += low <= gained - lost <= high
    assert held / len(drawn) >= 0.94


def test_the_score_interval_against_a_published_value():
    # Tango's interval of Cavo et al. 2012 (6 and 16 of 161 differ): Fagerland, Lydersen and Laake 2017, Statistical
    # Analysis of Contingency Tables, chapter 8, as their R package contingencytables prints it in its own tests.
    assert paired_test.score_interval(6, 16, 161, 1.959964) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


@pytest.mark.parametrize("gained, lost, n", [(12, 2, 50), (3, 9, 20), (5, 0, 12), (40, 31, 400)])
def test_at_its_ends_the_score_interval_is_as_many_errors_away_as_it_says(gained, lost, n):
    # the error at a gain comes from the likeliest shares with that gain, found here by search instead of a formula
    for gain in paired_test.score_interval(gained, lost, n, 1.96):

        def unlikely(share, gain=gain):
            counts, chances = (gained, lost, n - gained - lost), (share + gain, share, 1 - 2 * share - gain)
            return -sum(k * np.log(max(chance, 1e-300)) for k, chance in zip(counts, chances, strict=True) if k)

        share = optimize.minimize_scalar(unlikely, bounds=(max(0, -gain), (1 - gain) / 2), method="bounded",
                                         options={"xatol": 1e-10}).x  # fmt: skip
        error = np.sqrt((2 * share + gain - gain**2) / n)
        assert abs((gained - lost) / n - gain) / error == pytest.approx(1.96, rel=1e-4)


def test_the_count_that_a_claim_takes_is_the_smallest_with_such_a_p():
    for alpha in (0.01, 0.05, 0.1):
        for m, fewest in enumerate(binomial.fewest_to_claim(256, alpha)[:257]):
            if fewest <= m:
                assert stats.binomtest(int(fewest), m).pvalue <= alpha
            if m and 2 * (fewest - 1) > m:
                assert stats.binomtest(int(fewest) - 1, m).pvalue > alpha
