"""The RLHF Lab's prompts with two answers each, read from ``answer_pairs.json``, and the answers' features."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

import numpy as np

from labs_py import data
from labs_py.core import text_features

FILE = "labs/rlhf/answer_pairs.json"
TRUTHS = {"right": 1.0, "wrong": -1.0, "open": 0.0}


@dataclass(frozen=True)
class Pair:
    """One prompt and two answers to it.

    Attributes:
        topic: house, science, computing, work or care.
        held_out: True where no label is ever shown to the reward model.
        prompt: the question.
        answers: answer A and answer B.
        truth: what the writer declares of A and of B (see ``TRUTHS``).
    """

    topic: str
    held_out: bool
    prompt: str
    answers: tuple[str, str]
    truth: tuple[str, str]


@functools.lru_cache(maxsize=1)
def load() -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The training pairs and the held-out pairs; a pair's index is its place in its own list."""
    pairs = [_pair(row) for row in json.loads(data.read_packaged(FILE))["pairs"]]
    return tuple(p for p in pairs if not p.held_out), tuple(p for p in pairs if p.held_out)


def _pair(row: dict) -> Pair:
    a, b = row["answers"]
    return Pair(row["topic"], row["held_out"], row["prompt"], (a["text"], b["text"]), (a["truth"], b["truth"]))


def describe(pairs: tuple[Pair, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Raw features of the A answers and of the B answers, each (n, features)."""
    sides = [np.array([text_features.describe(p.answers[s], TRUTHS[p.truth[s]]) for p in pairs]) for s in (0, 1)]
    return sides[0], sides[1]
