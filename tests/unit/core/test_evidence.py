"""Intervals: they cover as often as they say, pairing helps, and the needed n is enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labs_py.core import evidence


@given(n=st.integers(1, 500), data=st.data())
def test_wilson_holds_the_rate_and_stays_within_0_and_1(n, data):
    successes = data.draw(st.integers(0, n))
    low, high = evidence.wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1


def test_wilson_against_published_values_and_edges():
    # Newcombe 1998, Statistics in Medicine 17, Table I, method 3 (score without continuity correction).
    assert evidence.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert evidence.wilson(0, 20)[0] == 0.0 and evidence.wilson(0, 20)[1] == pytest.approx(0.1611, abs=1e-4)
    assert evidence.wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=1e-4)
    assert evidence.wilson(0, 0) == (0.0, 1.0)


@given(n=st.integers(1, 3000), data=st.data(), level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_equals_scipys(n, data, level):
    successes = data.draw(st.integers(0, n))
    truth = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    ours = evidence.wilson(successes, n, stats.norm.ppf(0.5 + level / 2))
    assert ours == pytest.approx((truth.low, truth.high), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_paired_interval_of_unseen_scores_equals_scipys_within_simulation(seed):
    rng = np.random.default_rng(seed)
    n, draws = int(rng.integers(20, 300)), 10_000
    before = rng.gamma(2.0, 1.0, n)
    after = before + rng.normal(0.1, 0.5, n) * rng.uniform(0.5, 2, n)
    centre, low, high = evidence.paired_difference(after, before, draws=draws, seed=seed)
    theirs = stats.bootstrap((after, before), lambda a, b, axis=-1: np.mean(a, axis) - np.mean(b, axis), paired=True,
                             n_resamples=draws, method="percentile", rng=seed + 100)  # fmt: skip
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.15 * theirs.standard_error)
    assert centre == pytest.approx(np.mean(after) - np.mean(before))


def test_wilson_covers_where_the_naive_interval_does_not():
    rng = np.random.default_rng(0)
    n, rate = 40, 0.97
    hits = rng.binomial(n, rate, 4000)
    covered = np.mean([low <= rate <= high for low, high in (evidence.wilson(k, n) for k in hits)])
    p = hits / n
    half = evidence.Z95 * np.sqrt(p * (1 - p) / n)
    naive = np.mean((p - half <= rate) & (rate <= p + half))
    assert covered > 0.93 and naive < 0.8


def test_pairing_shows_a_change_that_hard_items_would_hide():
    rng = np.random.default_rng(1)
    hardness = rng.normal(3, 1, 80)
    before, after = hardness, hardness + 0.05 + rng.normal(0, 0.02, 80)
    centre, low, high = evidence.paired_difference(after, before)
    assert low > 0.04 and high < 0.06 and low < centre < high
    shuffled = rng.permutation(before)
    _, low, high = evidence.paired_difference(after, shuffled)
    assert low < 0 < high


def test_paired_interval_covers_about_95_percent():
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(200):
        before = rng.normal(0, 1, 60)
        after = before + rng.normal(0.3, 1, 60)
        _, low, high = evidence.paired_difference(after, before, draws=400, seed=trial)
        covered += low <= 0.3 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_weights_count_tokens_not_passages():
    after, before, weights = [1.0, 0.0], [0.0, 0.0], [3, 1]
    assert evidence.paired_difference(after, before, weights=np.array(weights))[0] == pytest.approx(0.75)


def test_unpaired_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        evidence.paired_difference([1, 2], [1])
    with pytest.raises(ValueError, match="same items"):
        evidence.paired_difference([], [])


def test_needed_items_really_settle_it():
    rng = np.random.default_rng(4)
    before = rng.normal(0, 1, 50)
    after = before + rng.normal(0.1, 1, 50)
    centre, low, high = evidence.paired_difference(after, before)
    n = evidence.needed_items((high - low) / 2, 50, 0.1)
    many = rng.normal(0.1, 1, 2 * n)
    _, low, high = evidence.paired_difference(many, np.zeros(2 * n))
    assert n > 50 and (low > 0 or high - low < 0.2)
    assert evidence.needed_items(0.1, 50, 0.0) == 10_000_000


def test_the_interval_over_seeds_is_students():
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for count in range(2, 11):
        values = rng.normal(0.7, 0.05, count)
        low, high = scipy_stats.t.interval(0.95, count - 1, values.mean(), scipy_stats.sem(values))
        assert evidence.over_seeds(values) == pytest.approx((values.mean(), low, high), rel=1e-6)


def test_one_seed_or_eleven_have_no_interval():
    for count in (1, 11):
        with pytest.raises(ValueError, match="2 to 10"):
            evidence.over_seeds([0.5] * count)
