"""What the training tests share: tiny rows, a tiny model, no network."""

from __future__ import annotations

import os

import pytest

from tests.training.sample_rows import make_rows

os.environ["STAGE10_OFFLINE"] = "1"
os.environ.setdefault("STAGE10_DEVICE", "cpu")
pytest.importorskip("torch", reason="the training tests need torch (make test sets it up)")


@pytest.fixture
def rows() -> list[dict]:
    """Twelve rows of messages."""
    return make_rows()
