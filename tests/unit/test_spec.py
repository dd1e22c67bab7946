"""Parameters from anywhere become legal ones, with a sentence for each repair."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py import api
from labs_py.spec import CHART_KINDS, KINDS, validate
from tests.unit import lab_fixture

SPEC = lab_fixture.SPEC
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
known_names = st.sampled_from([p.name for p in SPEC.params])
raw_params = st.dictionaries(known_names | st.text(max_size=50), anything, max_size=8)


def is_legal(name: str, value: object, params: dict) -> bool:
    p = SPEC.param(name)
    if p.kind == "range":
        high = params[p.max_from] if p.max_from else p.max
        return math.isfinite(value) and p.min <= value <= high
    if p.kind == "seed":
        return isinstance(value, int) and 0 <= value < 2**31
    if p.kind == "choice":
        return value in [v for v, _ in p.choices]
    if p.kind == "switch":
        return isinstance(value, bool)
    return p.kind == "picks" or (isinstance(value, str) and len(value) <= p.max_length)


@given(raw_params)
def test_whatever_comes_in_legal_parameters_come_out(raw):
    params, errors = validate(SPEC, raw)
    assert list(params) == [p.name for p in SPEC.params]
    for name, value in params.items():
        assert is_legal(name, value, params), (name, value)
    for error in errors:
        assert error["message"].endswith("."), error
        label = next((p.label for p in SPEC.params if p.name == error["param"]), error["param"])
        assert label in error["message"], error


@given(raw_params)
def test_legal_parameters_are_left_alone(raw):
    params, _ = validate(SPEC, raw)
    again, errors = validate(SPEC, params)
    assert again == params or params != params
    assert errors == []


@pytest.mark.parametrize("raw", [None, {}, [], "rank=3", 7])
def test_what_is_no_mapping_gives_the_defaults(raw):
    params, errors = validate(SPEC, raw)
    assert params == SPEC.defaults()
    assert bool(errors) == (raw not in (None, {}))


@pytest.mark.parametrize(
    ("given_value", "expected", "words"),
    [(-3, 1, "below the smallest"), (99999, 8, "above the largest"), ("abc", 2, "not a number"), (2.4, 2, "between")],
)
def test_a_hostile_rank_is_repaired_in_words(given_value, expected, words):
    params, errors = validate(SPEC, {"rank": given_value})
    assert params["rank"] == expected
    assert words in errors[0]["message"] and errors[0]["message"].startswith("Rank")


def test_one_parameter_bounds_another_only_audibly_when_both_were_asked_for():
    params, errors = validate(SPEC, {"size": 4, "rank": 6})
    assert params["rank"] == 4 and "Size" in errors[0]["message"]
    params, errors = validate(SPEC, {"size": 4, "rank": 3})
    assert params["rank"] == 3 and errors == []


def test_a_rank_above_everything_names_the_value_that_is_used():
    params, errors = validate(api.spec("lora"), {"size": 64, "rank": 999})
    assert params["rank"] == 64 and len(errors) == 1
    assert "64" in errors[0]["message"] and "256" not in errors[0]["message"]


@pytest.mark.parametrize("slug", api.list_labs())
def test_each_lab_declares_itself_consistently(slug):
    spec = api.spec(slug)
    assert spec.slug == slug
    assert json.loads(json.dumps(spec.to_json())) == spec.to_json()
    params, errors = validate(spec, spec.defaults())
    assert errors == [] and params == spec.defaults()
    assert {p.kind for p in spec.params} <= set(KINDS) and {c.kind for c in spec.charts} <= set(CHART_KINDS)
    titles = {section.title for section in spec.sections} | {""}
    for item in (*spec.params, *spec.outputs, *spec.charts):
        assert item.section in titles, f"{slug}: {item.name} stands in a section that does not exist"
    for item in (*spec.presets, *spec.predictions):
        _, errors = validate(spec, item.params)
        assert errors == [], f"{slug}: {item.name}: {errors}"
    outputs = {output.name for output in spec.outputs}
    assert {prediction.reveal for prediction in spec.predictions} <= outputs
    if spec.run_label:
        assert spec.param("train").kind == "switch"
    for name in spec.code:
        assert api.source(name).strip()


@pytest.mark.parametrize("slug", api.list_labs())
def test_a_histogram_is_drawn_as_one(slug):
    for chart in api.spec(slug).charts:
        if chart.kind == "histogram":
            assert "bars" in [series.role for series in chart.series], f"{slug}: {chart.name} would be a line"
