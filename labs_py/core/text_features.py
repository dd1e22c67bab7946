"""Eight numbers that describe an answer, computed from its text with rules a reader can check by eye.

They are crude on purpose: a reward model that a person can read needs features that a person can read. One
of the eight, ``correct``, cannot be computed from a text at all; whoever wrote the answer declares it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

NAMES = ("length", "hedging", "courtesy", "lists", "directness", "refusal", "numbers", "correct")

HEDGES = re.compile(
    r"\b(?:might|may|maybe|perhaps|possibly|probably|could|seems?|seem to|usually|generally|likely|somewhat|i think|"
    r"i believe|not sure|it depends|in some cases|some people)\b"
)
COURTESIES = re.compile(
    r"\b(?:please|thanks?|thank you|sorry|happy to|glad|great question|good question|of course|let me know|feel free|"
    r"good luck|kind regards|i hope|i'm afraid|wonderful|understanding)\b"
)
REFUSALS = re.compile(r"\bi(?:'m| am)? ?(?:can't|cannot|won't|not able to|(?:afraid|sorry).{0,12}can't)\b")
PREAMBLES = re.compile(
    r"\b(?:great question|good question|thank you|thanks|happy to|of course|there are (?:many|several)|"
    r"when it comes to|it is important|in today's|it depends|that depends|that could be|let's|"
    r"before we|i hope|are important|in general)\b"
)
LIST_ITEM = re.compile(r"^(?:[-*]|\d+[.)])\s")
WORD = re.compile(r"[^\W_]+(?:['’.,/^][^\W_]+)*")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n")


@dataclass(frozen=True)
class Counts:
    """What the features are made of; ``detour`` counts the words before the first sentence of substance."""

    words: int
    hedges: int
    courtesies: int
    list_items: int
    detour: int
    refusal: bool
    numbers: int
    says_something: bool


def describe(text: str, correct: float) -> np.ndarray:
    """The features of one answer, in the order of ``NAMES``.

    Args:
        text: the answer; a line that starts with "- " or "1. " is a list item.
        correct: declared by the writer: 1 right, -1 wrong, 0 where there is no truth to match.

    Returns:
        Eight float64 values: log(words), hedges per 100 words, log(1 + courtesies), log(1 + list items),
        -log(1 + words spent before the first sentence that says something), 1 for a refusal,
        log(1 + numbers), and ``correct``. An empty text gives zeros and ``correct``.
    """
    return features(count(text), correct)


def features(counts: Counts, correct: float) -> np.ndarray:
    """``describe`` for counts that are already made."""
    words = max(1, counts.words)
    return np.array(
        [
            math.log(words),
            100 * counts.hedges / words,
            math.log1p(counts.courtesies),
            math.log1p(counts.list_items),
            -math.log1p(counts.detour),
            float(counts.refusal),
            math.log1p(counts.numbers),
            float(correct),
        ]
    )


def count(text: str) -> Counts:
    """Count what the features are made of."""
    lowered = text.lower()
    bare = _without_list_marks(lowered)
    words = len(WORD.findall(bare))
    detour = words_before_substance(lowered)
    return Counts(
        words=words,
        hedges=len(HEDGES.findall(lowered)),
        courtesies=len(COURTESIES.findall(lowered)),
        list_items=sum(bool(LIST_ITEM.match(line)) for line in lowered.splitlines()),
        detour=detour,
        refusal=bool(REFUSALS.search(lowered)),
        numbers=len(NUMBER.findall(bare)),
        says_something=detour < words,
    )


def join(parts: list[Counts]) -> Counts:
    """Counts of a text made of these parts, one paragraph each, without reading it again."""
    detour = 0
    for part in parts:
        detour += part.detour
        if part.says_something:
            break
    return Counts(
        words=sum(p.words for p in parts),
        hedges=sum(p.hedges for p in parts),
        courtesies=sum(p.courtesies for p in parts),
        list_items=sum(p.list_items for p in parts),
        detour=detour,
        refusal=any(p.refusal for p in parts),
        numbers=sum(p.numbers for p in parts),
        says_something=any(p.says_something for p in parts),
    )


def count_words(text: str) -> int:
    """Words of a text; "384,400" and "don't" are one each, list marks are none."""
    return len(WORD.findall(_without_list_marks(text)))


def words_before_substance(text: str) -> int:
    """Words in the opening sentences that greet, thank or circle; all words when every sentence does."""
    spent = 0
    for sentence in SENTENCE_END.split(text.lower()):
        if sentence and not PREAMBLES.search(sentence):
            return spent
        spent += count_words(sentence)
    return spent


def _without_list_marks(text: str) -> str:
    return "\n".join(LIST_ITEM.sub("", line) for line in text.splitlines())


def scaled_differences(
    first: np.ndarray, second: np.ndarray, scale: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Feature differences of pairs, each column divided by its root mean square.

    The mean is not subtracted: a model without an intercept has to say "swap the two answers and the
    preference turns round", and a shifted difference would break that.

    Args:
        first, second: (n, features) arrays of ``describe``.
        scale: divisors from other data (training pairs); None computes them here.

    Returns:
        The (n, features) scaled differences and the (features,) scale. A feature that never differs gets
        scale 1 and stays zero.
    """
    differences = first - second
    if scale is None:
        scale = np.sqrt(np.mean(differences**2, axis=0))
        scale = np.where(scale > 0, scale, 1.0)
    return differences / scale, scale


def condition_number(differences: np.ndarray) -> float:
    """Largest over smallest singular value: how nearly some weighted sum of features repeats another."""
    values = np.linalg.svd(differences, compute_uv=False)
    return float(values[0] / values[-1]) if values[-1] > 0 else math.inf
