"""The record of LoRA on the tiny GPT: a short run of it is measured alike, and is never kept."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch (make test sets it up)")

from training.site_records import lora_record  # noqa: E402


def test_a_short_run_learns_and_is_no_record(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(lora_record, "ARMS", {"rank4": (4, 0.005), "all": (0, 0.005)})
    monkeypatch.setattr(lora_record, "SEEDS", (0,))
    monkeypatch.setattr(lora_record, "OLD_LINES", 10)
    report = lora_record.main(["--stories", "12", "--steps", "15", "--out", str(tmp_path)])
    assert report["run"]["status"] in ("smoke", "dirty") and not list(tmp_path.iterdir())
    base, adapter, full = (report["arms"][name] for name in ("base", "rank4", "all"))
    assert base["exact"]["value"] < adapter["exact"]["value"]
    assert base["old_loss"] < adapter["old_loss"] < full["old_loss"]


def test_the_interval_is_over_stories_and_holds_the_mean() -> None:
    right = np.array([[1, 0, 1, 1, 0, 1, 1, 1]] * 3, bool)
    low, high = lora_record.interval(right)
    assert low < right.mean() < high and lora_record.interval(right) == [low, high]


@pytest.mark.parametrize("right", [np.zeros((1, 256), bool), np.zeros((3, 256), bool)])
def test_nothing_right_is_not_a_rate_of_nothing_for_certain(right: np.ndarray) -> None:
    low, high = lora_record.interval(right)
    assert low == 0.0 and 0.01 < high < 0.02
