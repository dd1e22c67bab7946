"""The rows of supervised fine-tuning: loaded, and encoded with their loss mask."""

from __future__ import annotations

from typing import Any

from training.data import splits
from training.models.chat_template import Encoded, encode, reading
from training.run import machine
from training.run.settings import Config

load_rows = splits.load
LEFT_OUT = {
    "keys": "keys of turns that no chat template reads are left out",
    "columns": "columns that are no part of the chat are left out",
    "turns": "answers with weight 0 are read and not learnt",
    "thoughts": "answers' thoughts are left out, by the chat template or by data.thoughts=strip",
    "texts": "answers' texts are left out or changed by the chat template",
    "truncated_tokens": "tokens of plain text are cut off at train.max_length, the texts' ends with them",
}


def encode_rows(tokenizer: Any, rows: list[dict], config: Config) -> list[Encoded]:
    """All rows encoded; the first bad one stops the run, named by its place or its ``id``."""
    how = reading(config)
    encoded = [encode(tokenizer, row, config.train.max_length, f"training row {row.get('id', i + 1)}", how)
               for i, row in enumerate(rows)]  # fmt: skip
    machine.say(*left_out(encoded))
    return encoded


def left_out(encoded: list[Encoded]) -> list[str]:
    """What is not trained on, a line for each kind: how much, and in how many rows."""
    lines = []
    for kind, meaning in LEFT_OUT.items():
        counts = [row.left_out[kind] for row in encoded if row.left_out.get(kind)]
        if counts:
            lines.append(f"  {sum(counts)} {meaning} (in {len(counts)} of {len(encoded)} rows)")
    return lines
