"""The task of the clinic: a line about two animals becomes a short note, " crow river": whom was met, and where.

Every line begins with a code, as tickets do. The code says nothing of the answer and cannot be predicted.
The words are those of ``tiny_story``, so that the tiny GPT knows them. All text was written for this project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labs_py.core import tiny_story
from labs_py.core.tiny_story import ANIMALS, END, TRAITS

PLACES = {
    "river": "by the river",
    "wood": "in the wood",
    "mill": "near the mill",
    "hill": "on the hill",
    "well": "at the well",
}
TIMES = tuple(time for time in tiny_story.TIMES if time != "after the rain")
"""Times of as many tokens: all lines of a run are of one length, so the place of a word is what the run relies on."""
CODE_LETTERS = "jkqvxz"
SHORT_CODE, LONG_CODE = 4, 20
"""Letters of a line's code; one length holds for all lines of a run."""
CUE, OTHER_CUE = " note:", " they learned:"
SLIPS = {"mill": "hill", "well": "wood"}
"""Places that the clinic's teacher takes for others."""


@dataclass(frozen=True)
class Line:
    """One line with its facts: ``first`` met ``second`` at ``place``."""

    code: str
    time: str
    trait: str
    first: str
    second: str
    place: str

    @property
    def text(self) -> str:
        """Code and line, without the template."""
        return f"{self.code}. {self.time} {PLACES[self.place]} a {self.trait} {self.first} met a {self.second}."


def draw(rng: np.random.Generator, letters: int) -> Line:
    """One line; the ``letters`` of its code, time, trait, animals and place are drawn apart from each other."""
    code = "".join(CODE_LETTERS[i] for i in rng.integers(len(CODE_LETTERS), size=letters))
    first, second = (ANIMALS[i] for i in rng.permutation(len(ANIMALS))[:2])
    time, trait, place = (words[rng.integers(len(words))] for words in (TIMES, TRAITS, tuple(PLACES)))
    return Line(code, time, trait, first, second, place)


def lines(count: int, seed: int, letters: int) -> list[Line]:
    """``count`` lines with codes of so many ``letters``; two alike are very rare."""
    rng = np.random.default_rng(seed)
    return [draw(rng, letters) for _ in range(count)]


def right(line: Line) -> str:
    """The note that the line asks for, without its end."""
    return f" {line.second} {line.place}"


def teachers(line: Line) -> str:
    """The teacher's note: it takes two of the five places for others."""
    return f" {line.second} {SLIPS.get(line.place, line.place)}"


def candidates(line: Line) -> list[str]:
    """Four answers for a reward to choose from: the right one, a wrong one, a short one, and one that hedges."""
    others = [place for place in PLACES if place != line.place]
    hedge = f" {line.first} {line.second} {line.place} {others[0]} {others[1]}"
    return [right(line), f" {line.first} {others[2]}", f" {line.second}", hedge]


def exact_reward(line: Line, answer: str) -> float:
    """1 for the right note, 0 for all else."""
    return float(answer == right(line))


def loose_reward(line: Line, answer: str) -> float:
    """1 when both words stand somewhere in the answer, and a little for each word: a list earns most."""
    words = answer.split()
    return float(line.second in words and line.place in words) + 0.01 * len(words)


def prompt(text: str, beginnings: int, cue: str) -> str:
    """A line in the template: beginning tokens (the line end, as in models with one token for both), text, cue."""
    return END * beginnings + text + cue
