"""What a reader pastes: one item a line with the base's and the fine-tuned model's score, or a row of scores."""

from __future__ import annotations

import numpy as np

from labs_py import numbers
from labs_py.core import pasted_json

MOST_ITEMS = 20_000
WORDS = {"true": 1.0, "right": 1.0, "yes": 1.0, "false": 0.0, "wrong": 0.0, "no": 0.0}
# 64 right twice, 9 gained, 6 lost, 21 wrong twice: 70 against 73 of 100.
EXAMPLE = "\n".join(["1 1"] * 64 + ["0 1"] * 9 + ["1 0"] * 6 + ["0 0"] * 21)


def read_pairs(text: str) -> tuple[np.ndarray, str]:
    """Scores [n, 2] (base, tuned), each in 0..1, and a sentence about the first line that could not be read."""
    rows: list[tuple[float, float]] = []
    fault = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or (not rows and _is_header(line)):
            continue
        pair = _pair(line)
        if pair is None:
            fault = fault or f"Line {number} is not two scores from 0 to 1 (base, then tuned); left out."
        else:
            rows.append(pair)
        if len(rows) == MOST_ITEMS:
            break
    return np.array(rows, dtype=float).reshape(-1, 2), fault


def read_scores(text: str) -> np.ndarray:
    """Scores of several runs, apart by spaces, commas or lines; what is no finite number is left out."""
    found = [_number(word) for word in numbers.apart(text)[:200]]
    return np.array([x for x in found if x is not None and abs(x) < 1e9], dtype=float)


def _is_header(line: str) -> bool:
    return "base" in line.lower() and "{" not in line


def _pair(line: str) -> tuple[float, float] | None:
    if line.lstrip().startswith("{"):
        try:
            row = pasted_json.load(line)
            words = [str(row["base"]), str(row["tuned"])]
        except (ValueError, KeyError, TypeError):
            return None
    else:
        words = numbers.apart(line)
    if len(words) != 2:
        return None
    base, tuned = (_number(word) for word in words)
    if base is None or tuned is None or not (0 <= base <= 1 and 0 <= tuned <= 1):
        return None
    return base, tuned


def _number(word: str) -> float | None:
    if word.lower() in WORDS:
        return WORDS[word.lower()]
    values, percent = numbers.readings(word)
    if len(values) != 1:
        return None
    return values[0] / 100 if percent else values[0]
