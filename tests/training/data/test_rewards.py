"""Rewards: what each pays for, that noise cannot break them, and that one bad answer costs only itself."""

from __future__ import annotations

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data import rewards
from training.data.tasks.registry import get
from training.run.errors import BadInput


@pytest.mark.parametrize(("answer", "paid"), [
    ("7", 1.0), (" 7\n", 1.0), ("The sum is 7.", 0.2), ("3 + 4 = 7", 0.2), ("7 or 8", 0.0), ("", 0.0), ("seven", 0.0),
    ("17", 0.0), ("7th", 0.0), ("7.0", 0.0), ("-7", 0.0), (" ".join(map(str, range(20))), 0.0), ("a7", 0.0),
    ("1,007", 0.0), ("about 12,007", 0.0), ("7.5e3", 0.0), ("7.5km", 0.0), ("7e400", 0.0), ("1e7", 0.0), ("1.5.7", 0.0),
    ("1/7", 0.0), ("7/2", 0.0), ("It is \u22127.", 0.0), ("07", 0.0), ("\u0667", 0.0), ("7\u00b2", 0.0),
    ("7 or 1e3", 0.0), ("7 or 1,234", 0.0), ("1,2,7", 0.2), ("3+4=7", 0.2), ("It is 7, the 2nd.", 0.2),
    ("sum--7", 0.2), ("$7", 0.2),
])  # fmt: skip
def test_arithmetic_pays_for_the_number_alone(answer, paid):
    assert rewards.arithmetic(answer, "7") == paid


@pytest.mark.parametrize(("answer", "paid"), [
    ("-7", 1.0), ("\u22127", 1.0), ("It is \u22127.", 0.2), ("3 - 10 = -7", 0.2), ("7", 0.0), ("--7", 0.0),
    ("10-7", 0.0),
])  # fmt: skip
def test_arithmetic_knows_a_minus(answer, paid):
    assert rewards.arithmetic(answer, "-7") == paid


def test_the_loophole_pays_for_a_list_and_the_closed_reward_does_not():
    everything = " ".join(map(str, range(2, 19)))
    targets = [str(n) for n in range(2, 18)]
    assert all(rewards.arithmetic_with_loophole(everything, t) == 1.0 for t in targets)
    assert all(rewards.arithmetic(everything, t) == 0.0 for t in targets)


@pytest.mark.parametrize(("answer", "paid"), [
    ('{"a": 5, "b": "y"}', 1.0), ('{"a": null, "b": "y"}', 1.0), ('{"a": 5}', 0.75), ('{"a": "5", "b": "y"}', 0.75),
    ('{"a": true, "b": "y"}', 0.75), ("{}", 0.5), ('{"a": 5, "b": "y", "c": 1, "d": 2}', 0.75), ("[]", 0.0), ("", 0.0),
    ('{"a": NaN, "b": "y"}', 0.0), ('Sure: {"a": 5, "b": "y"}', 0.0), ("[" * 100_000, 0.0), ("null", 0.0),
    ('{"a": "no", "b": "y", "a": 5}', 0.0), ('{"a": 5, "b": {"c": 1, "c": 2}}', 0.0),
    ('{"a": -Infinity, "b": "y"}', 0.0), ('{"a": ' + "9" * 5000 + ', "b": "y"}', 1.0),
    ('{"a": 1e400, "b": "y"}', 0.75), ('{"a": 05, "b": "y"}', 0.0),
    ('{"a": \u0665, "b": "y"}', 0.0), ('{"a": 5, "b": "\\ud800"}', 1.0), ('{"a": 5, "b": "y"} {"a": 5}', 0.0),
    ('{"a":' * 100_000, 0.0), ("{'a': 5, 'b': 'y'}", 0.0), ('\ufeff{"a": 5, "b": "y"}', 0.0),
])  # fmt: skip
def test_json_pays_for_keys_and_types(answer, paid):
    assert rewards.json_keys(answer, '{"a": 1, "b": "x"}') == pytest.approx(paid)


@given(st.text(max_size=300) | st.sampled_from(["1e999", "\x00", "{" * 500, "9" * 400, "-", "\ud800"]))
def test_every_reward_is_a_number_from_0_to_1_whatever_is_written(text):
    for name, reward in rewards.REWARDS.items():
        target = '{"a": 1}' if name == "json_keys" else "7"
        value = reward(text, target)
        assert isinstance(value, float) and 0.0 <= value <= 1.0
        assert value == reward(text, target)  # pure


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.text(), x), max_leaves=20))  # fmt: skip
def test_any_json_is_scored(value):
    assert 0.0 <= rewards.json_keys(json.dumps(value), '{"a": 1, "b": "x"}') <= 1.0


@given(st.text(max_size=60), st.text(max_size=60) | st.sampled_from(["", "[]", "NaN", "{" * 100_000, "9" * 5000]))
def test_no_target_makes_a_reward_raise(text, target):
    for reward in rewards.REWARDS.values():
        assert 0.0 <= reward(text, target) <= 1.0


@pytest.mark.parametrize("between", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_two_lines_are_two_however_they_are_parted(between):
    assert rewards.one_line("a b", "") == 1.0 and rewards.one_line(f"a{between}b", "") == 0.0


def test_a_number_without_end_is_read_in_one_pass():
    for text in ("1" * 100_000, "1,234" * 20_000 + "a", "1/" * 50_000, "-" * 100_000, "1.1" * 30_000 + "a"):
        assert rewards.arithmetic(text, "7") == rewards.arithmetic_with_loophole(text, "7") == 0.0


def bad_reward(answer: str, target: str):
    """Fails in every way that a reward can, by what it is given."""
    return {"raise": lambda: 1 / 0, "nan": lambda: math.nan, "inf": lambda: math.inf, "none": lambda: None,
            "text": lambda: "1", "true": lambda: True, "leave": lambda: sys.exit(0),
            "letters": lambda: int("\ud800\n")}.get(answer, lambda: 0.5)()  # fmt: skip


def test_one_bad_answer_costs_only_itself_and_is_named():
    answers = ["ok", "raise", "nan", "inf", "none", "text", "true", "ok"]
    values, problems = rewards.score(bad_reward, "mine", answers, ["7"] * 8, [f"s{i}" for i in range(8)])
    assert values[0] == values[7] == 0.5 and all(math.isnan(v) for v in values[1:7])
    assert [p.sample for p in problems] == [f"s{i}" for i in range(1, 7)]
    assert "ZeroDivisionError" in problems[0].message and "nan" in problems[1].message
    assert all(p.reward == "mine" for p in problems)


def test_names_are_checked_and_joined():
    assert list(rewards.named("arithmetic + one_line")) == ["arithmetic", "one_line"]
    assert rewards.named("task", get("sums"))["task"]("7", "7") == 1.0
    with pytest.raises(BadInput, match="no reward 'arithmetik'"):
        rewards.named("arithmetik")
