"""The RLHF Lab's pairs of answers, read from the five text modules beside this one, and their features."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np

from labs_py.core import text_features
from labs_py.labs import _rlhf_pairs_care, _rlhf_pairs_computing, _rlhf_pairs_home, _rlhf_pairs_science
from labs_py.labs import _rlhf_pairs_work as _work

TRUTHS = {"right": 1.0, "wrong": -1.0, "open": 0.0}
TOPICS = {
    "house": _rlhf_pairs_home,
    "science": _rlhf_pairs_science,
    "computing": _rlhf_pairs_computing,
    "work": _work,
    "care": _rlhf_pairs_care,
}
ANSWER_HEAD = re.compile(r"^\[([AB]) (right|wrong|open)\]$")


@dataclass(frozen=True)
class Pair:
    """One prompt and two answers to it; ``truth`` is what the writer declares (see ``TRUTHS``)."""

    topic: str
    held_out: bool
    prompt: str
    answers: tuple[str, str]
    truth: tuple[str, str]


def parse(topic: str, text: str) -> list[Pair]:
    """Pairs of one text module: lines of a paragraph are joined, list items keep their own line."""
    pairs = []
    for block in re.split(r"^\?", text, flags=re.MULTILINE)[1:]:
        head, *lines = block.strip("\n").splitlines()
        answers: dict[str, list[str]] = {}
        truths: dict[str, str] = {}
        side = ""
        for line in lines:
            found = ANSWER_HEAD.match(line)
            if found:
                side, truths[found[1]] = found[1], found[2]
                answers[side] = []
            elif line:
                answers[side].append(line)
        prompt = head.removeprefix("*").strip()
        pairs.append(
            Pair(
                topic,
                head.startswith("*"),
                prompt,
                (join_lines(answers["A"]), join_lines(answers["B"])),
                (truths["A"], truths["B"]),
            )
        )
    return pairs


def join_lines(lines: list[str]) -> str:
    """Join wrapped lines into paragraphs; a list item starts a line and takes the lines that continue it."""
    text = ""
    in_list = False
    for line in lines:
        item = bool(text_features.LIST_ITEM.match(line))
        # A capital letter after a finished list item opens a new paragraph.
        new_line = item or (in_list and text[-1] in ".?!" and line[0].isupper())
        text += ("\n" if new_line else " ") + line if text else line
        in_list = item or (in_list and not new_line)
    return text


@functools.lru_cache(maxsize=1)
def load() -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The training pairs and the held-out pairs; a pair's index is its place in its own list."""
    pairs = [pair for topic, module in TOPICS.items() for pair in parse(topic, module.TEXT)]
    return tuple(p for p in pairs if not p.held_out), tuple(p for p in pairs if p.held_out)


def describe(pairs: tuple[Pair, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Raw features of the A answers and of the B answers, each (n, features)."""
    sides = [np.array([text_features.describe(p.answers[s], TRUTHS[p.truth[s]]) for p in pairs]) for s in (0, 1)]
    return sides[0], sides[1]
