"""The measured points: every configuration loads, differs, and trains on rows of exactly the length it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from labs_py.core.model_table import MODELS
from labs_py.core.run_cost import adapter_parameters
from training import cli
from training.commands import memory_benchmark
from training.methods.memory_estimate import estimate
from training.models.guards import IGNORED
from training.run.machine import device


@pytest.mark.parametrize("point", memory_benchmark.points(), ids=lambda p: p.name)
def test_a_point_loads_and_says_what_it_is(point):
    config = memory_benchmark.configuration(point)
    assert config.train.per_device_train_batch_size == point.batch and config.method == point.method
    assert config.train.gradient_checkpointing == ("checkpointing" in point.name)
    assert (config.lora is None) == point.name.startswith("full")
    rows = memory_benchmark.rows_of(point, 49_152)
    assert len(rows) == point.batch * memory_benchmark.STEPS
    for ids, labels in rows:
        assert len(ids) == len(labels) == point.tokens
        assert sum(label != IGNORED for label in labels) == round(point.tokens / 3)


def test_points_differ_in_rank_length_batch_and_method():
    found = memory_benchmark.points()
    assert len({p.name for p in found}) == len(found) >= 20
    configs = [memory_benchmark.configuration(p) for p in found]
    assert len({c.lora.r for c in configs if c.lora}) >= 4
    assert len({p.tokens for p in found}) >= 4 and len({p.batch for p in found}) >= 4
    assert Counter(p.method for p in found)["dpo"] >= 3 and any(c.lora is None for c in configs)


@pytest.mark.skipif(device() != "cpu", reason="resident memory is what a CPU run is measured by")
def test_a_peak_is_seen_and_forgotten():
    import numpy as np

    memory_benchmark.forget_peak()
    before = memory_benchmark.resident_bytes(peak=True)
    block = np.ones(40_000_000)  # 320 MB
    assert memory_benchmark.resident_bytes(peak=True) - before > 0.9 * block.nbytes
    del block
    memory_benchmark.forget_peak()
    assert memory_benchmark.resident_bytes(peak=True) - before < 100e6


@pytest.mark.parametrize("point", memory_benchmark.points("Qwen2.5-7B"), ids=lambda p: p.name)
def test_a_step_of_a_7b_is_a_row_with_an_adapter_on_every_linear_layer(point):
    config = memory_benchmark.configuration(point)
    assert (config.lora.r, config.lora.target_modules, config.train.per_device_train_batch_size) == (
        16,
        "all-linear",
        1,
    )
    assert config.train.gradient_checkpointing and config.train.max_length == point.tokens
    assert config.train.gradient_accumulation_steps == 1 and config.lora.layers_to_transform is None
    predicted = estimate(config, point.tokens)
    assert (predicted["parameters"], predicted["trainable_parameters"]) == (7_615_616_512, 40_370_176)


def test_a_machine_that_is_too_small_is_told_before_the_weights_are_made(capsys, monkeypatch):
    monkeypatch.setenv("STAGE10_MEMORY_LIMIT_GB", "4")
    assert cli.main(["measure", "--shape", "Qwen2.5-7B", "--point", "qwen2.5-7b-1x128"]) == 3
    assert "qwen2.5-7b-1x128 needs about" in capsys.readouterr().err


def test_a_model_of_random_weights_takes_steps_and_its_peak_stands_beside_the_estimate():
    found = memory_benchmark.measure(replace(memory_benchmark.points("Qwen2.5-0.5B")[0], tokens=16))
    assert found["trained"] == adapter_parameters(MODELS["Qwen2.5-0.5B"], "all-linear", 16)
    assert 494_032_768 * 2 < found["loaded_bytes"] <= found["peak_bytes"] and found["estimate_bytes"] > 1e9
    line = memory_benchmark.line_of({**found, "peak_bytes": 17_000_000_000, "estimate_bytes": 17_170_000_000})
    assert "peak  17.00 GB, estimate  17.17 GB (+1.0%)" in line


def test_an_unknown_point_and_a_partial_record_are_refused(capsys):
    assert cli.main(["measure", "--point", "nothing"]) == 2
    assert cli.main(["measure", "--only", "lora", "--record"]) == 2
    assert cli.main(["measure", "--only", "zebra"]) == 2
    assert cli.main(["measure", "--shape", "Qwen2.5-7B", "--only", "lora"]) == 2
    assert capsys.readouterr().err.count("error: measure") == 4
