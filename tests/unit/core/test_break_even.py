"""The break-even arithmetic against figures added up by hand, and its identities."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import break_even
from labs_py.core.break_even import Case

PLAIN = Case(
    requests=1_000_000, long_prompt=2000, short_prompt=500, answer=100, price_in=1, price_out=2, tuned_in=1,
    tuned_out=2, hosting=100, build_hours=50, training=200, upkeep_hours=2, hour=50, months=10,
)  # fmt: skip


def test_figures_added_up_by_hand() -> None:
    assert break_even.prompted_request(PLAIN) == pytest.approx(0.0022)
    assert break_even.tuned_request(PLAIN) == pytest.approx(0.0007)
    assert break_even.once(PLAIN) == 2700
    assert break_even.monthly(PLAIN) == pytest.approx(1500 - 100 - 100)
    assert break_even.months_to_break_even(PLAIN) == pytest.approx(2700 / 1300)
    assert break_even.net(PLAIN) == pytest.approx(13_000 - 2700)
    assert break_even.requests_to_break_even(PLAIN) == pytest.approx((270 + 200) / 0.0015)


def test_a_cache_takes_its_share_of_the_prompt_only() -> None:
    cached = replace(PLAIN, cached=0.5, cached_price=0.1)
    assert break_even.prompted_request(cached) == pytest.approx((2000 * 0.55 + 200) / 1e6)


@given(
    st.floats(1e3, 1e7), st.floats(600, 9000), st.floats(0.1, 10), st.floats(0, 500), st.integers(1, 36)
)  # fmt: skip
def test_at_the_break_even_traffic_nothing_is_won_or_lost(requests, prompt, price, hours, months) -> None:
    case = replace(PLAIN, requests=requests, long_prompt=prompt, price_in=price, tuned_in=price, build_hours=hours,
                   months=months)  # fmt: skip
    edge = break_even.requests_to_break_even(case)
    assert break_even.net(replace(case, requests=edge)) == pytest.approx(0, abs=1e-6 * (1 + break_even.once(case)))
    assert (break_even.net(case) > 1e-6) <= (requests > edge)


def test_when_a_request_saves_nothing_no_traffic_is_enough() -> None:
    case = replace(PLAIN, short_prompt=2000)
    assert break_even.requests_to_break_even(case) == break_even.months_to_break_even(case) == math.inf
