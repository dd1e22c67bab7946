"""The estimate of a CPU process against the recorded runs: the table is the record, each point left out once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from labs_py.core import measured_runs, run_cost
from labs_py.core.measured_runs import POINTS
from labs_py.core.model_table import MODELS
from training.commands import memory_benchmark
from training.methods.memory_estimate import estimate

FILES = sorted(Path("docs/data/runs").glob("estimate-points*.json"), key=lambda file: file.stem)
RECORDED = [point for file in FILES for point in json.loads(file.read_text(encoding="utf-8"))["points"]]


def test_the_table_is_the_records():
    assert [point.name for point in POINTS] == [point["name"] for point in RECORDED]
    for point, recorded in zip(POINTS, RECORDED, strict=True):
        assert (point.peak, point.seconds) == (recorded["peak_bytes"], recorded["step_cpu_seconds"])
        assert (point.run.tokens, point.model) == (recorded["tokens"], recorded.get("shape", measured_runs.MODEL))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda p: p["name"])
def test_settings_of_the_table_are_those_of_the_configuration(recorded):
    point = next(point for point in POINTS if point.name == recorded["name"])
    made = {p.name: p for p in memory_benchmark.points(point.model)}[recorded["name"]]
    found = estimate(memory_benchmark.configuration(made), made.tokens)
    assert found["trainable_parameters"] == recorded["trained"]
    predicted = run_cost.process_bytes(MODELS[point.model], point.run)
    assert found["process_on_a_cpu_bytes"] == pytest.approx(predicted, rel=0.005)  # a third of a row, rounded or not


def test_left_out_configurations_are_within_a_tenth_and_never_far_below():
    memory, _ = measured_runs.errors()
    assert len(memory) >= 20 and np.abs(memory).max() <= 0.10 and memory.min() >= -0.05


def test_the_shipped_numbers_are_the_fit_to_all_points():
    fitted, shipped = measured_runs.fit(POINTS), run_cost.CPU
    for name in run_cost.Process.__dataclass_fields__:
        assert getattr(shipped, name) == pytest.approx(getattr(fitted, name), rel=0.02)


def test_a_point_has_no_say_in_its_own_prediction():
    from dataclasses import replace

    changed = [replace(POINTS[3], peak=POINTS[3].peak * 2) if i == 3 else p for i, p in enumerate(POINTS)]
    assert measured_runs.left_out(changed)[3] == pytest.approx(measured_runs.left_out(POINTS)[3])
    assert measured_runs.left_out(changed)[4] != pytest.approx(measured_runs.left_out(POINTS)[4], rel=1e-6)


def test_seconds_of_a_left_out_configuration_are_predicted_by_the_kinds_of_work():
    _, seconds = measured_runs.errors()
    assert np.median(np.abs(seconds)) <= 0.06 and np.abs(seconds).max() <= 0.25


def test_seconds_of_invented_machines_are_found_again():
    """Where seconds are exactly a sum of the kinds of work, the rates are those, and a left-out point is exact."""
    from dataclasses import replace

    rates = np.array([1e-11, 3e-11, 2e-11, 1e-11, 2e-11, 3e-4, 4e-9, 0.2])
    made = [replace(p, seconds=float(np.array(list(measured_runs.work(p).values())) @ rates)) for p in POINTS]
    assert measured_runs.seconds_per_unit(made) == pytest.approx(rates, rel=1e-6)
    assert measured_runs.left_out_seconds(made) == pytest.approx([p.seconds for p in made], rel=1e-6)


def test_the_maps_work_is_six_operations_a_weight_and_token_when_all_weights_are_trained():
    point = next(p for p in POINTS if p.name == "full-4x256")
    assert measured_runs.work(point)["maps"] == 6 * 1024 * MODELS[measured_runs.MODEL].linear_parameters
