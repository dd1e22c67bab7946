"""The measured points: every configuration loads, differs, and trains on rows of exactly the length it says."""

from __future__ import annotations

from collections import Counter

import pytest

from training import cli
from training.commands import memory_benchmark
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


def test_an_unknown_point_and_a_partial_record_are_refused(capsys):
    assert cli.main(["measure", "--point", "nothing"]) == 2
    assert cli.main(["measure", "--only", "lora", "--record"]) == 2
    assert capsys.readouterr().err.count("error: measure") == 2
