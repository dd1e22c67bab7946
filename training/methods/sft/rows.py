"""The rows of supervised fine-tuning: loaded, and encoded with their loss mask."""

from __future__ import annotations

from typing import Any

from training.data import splits
from training.models.chat_template import Encoded, encode
from training.run.settings import Config

load_rows = splits.load


def encode_rows(tokenizer: Any, rows: list[dict], config: Config) -> list[Encoded]:
    """All rows encoded; the first bad one stops the run, named by its place or its ``id``."""
    return [encode(tokenizer, row, config.train.max_length, f"training row {row.get('id', i + 1)}")
            for i, row in enumerate(rows)]  # fmt: skip
