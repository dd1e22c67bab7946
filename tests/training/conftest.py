"""What the training tests share: tiny rows, a tiny model, no network."""

from __future__ import annotations

import gc
import os

import pytest

from tests.training.sample_rows import make_rows

os.environ["STAGE10_OFFLINE"] = "1"
os.environ.setdefault("STAGE10_DEVICE", "cpu")
os.environ["OMP_NUM_THREADS"] = "1"  # tiny models: a second thread only waits
pytest.importorskip("torch", reason="the training tests need torch (make test sets it up)").set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def loaded_once() -> None:
    """The libraries that the runs load: with them a walk of the garbage collector takes a quarter of a second, and a
    run asks for several. Here they are kept out of it."""
    pytest.importorskip("peft")
    trl = pytest.importorskip("trl")
    assert trl.SFTTrainer and trl.DPOTrainer and trl.GRPOTrainer and trl.RewardTrainer  # loaded when they are named
    gc.collect()
    gc.freeze()


@pytest.fixture
def rows() -> list[dict]:
    """Twelve rows of messages."""
    return make_rows()
