"""Printed numbers keep their meaning: units, groups, signs, and no digit that is not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

from number_format import interval, show, significant  # noqa: E402

S = "\u202f"


@pytest.mark.parametrize(
    ("value", "style", "digits", "text"),
    [
        (8_388_608, None, 3, "8,388,608"),
        (16_777_216, "bytes", 3, f"16.8{S}MB"),
        (999, "bytes", 3, f"999{S}bytes"),
        (112e9, "bytes", 3, f"112{S}GB"),
        (0.5, "percent", 3, f"50.0{S}%"),
        (0.00390625, "percent", 2, f"0.39{S}%"),
        (1378.4, "seconds", 3, f"1,378{S}s"),
        (0.6733, "points", 3, f"+67.3{S}points"),
        (-0.0002, "points", 3, f"0.0{S}points"),
        (-0.0062, "points", 3, f"\u22120.6{S}points"),
        (803.2, "ratio", 3, f"803{S}×"),
        (-0.25, None, 3, "\u22120.250"),
        (1234.5, ".1f", 3, "1234.5"),
        ("eight", None, 3, "eight"),
        (0.0, None, 3, "0"),
        (7, "count", 3, "7"),
        (1.5e9, None, 3, "1,500,000,000"),
    ],
)
def test_a_number_reads_as_it_should(value, style, digits: int, text: str):
    assert show(value, style, digits) == text


@given(st.floats(min_value=1e-4, max_value=9.9e6), st.integers(min_value=2, max_value=6))
def test_rounding_stays_within_half_a_unit_of_the_last_digit(value: float, digits: int):
    shown = float(significant(value, digits).replace(",", ""))
    assert abs(shown - value) <= 0.5000001 * 10 ** -(digits - 1) * 10 ** len(str(int(value))) * 1.0


def test_an_interval_prints_both_bounds_in_one_style():
    assert interval(0.41, 0.59, "percent") == f"41.0{S}% to 59.0{S}%"
    assert interval(-0.018, 0.232, "points") == f"\u22121.8 to +23.2{S}points"
