"""Rows that the training tests share."""

from __future__ import annotations


def make_rows(n: int = 12) -> list[dict]:
    """Rows with one system prompt and answers of different lengths."""
    return [
        {"messages": [
            {"role": "system", "content": "Answer with the number that stands in the message."},
            {"role": "user", "content": f"Number {i}" + ", please" * (i % 4)},
            {"role": "assistant", "content": "value " + "x" * (i % 5) + str(i)},
        ]}
        for i in range(n)
    ]  # fmt: skip
