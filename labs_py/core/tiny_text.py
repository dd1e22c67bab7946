"""A small byte-pair vocabulary: pairs that stand side by side most often become one token, again and again.

Words are merged apart from each other (a token never crosses a space), and the line end is always its own token:
it is the stop token. Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz.,?:"
STOP = 0
WORD = re.compile(r"\n| ?[^ \n]+| ")


def learn(lines: list[str], merges: int) -> list[tuple[str, str]]:
    """The ``merges`` most frequent pairs, each counted after those before it were merged; ties go alphabetically."""
    words: dict[tuple[str, ...], int] = {
        tuple(w): n for w, n in Counter(w for line in lines for w in WORD.findall(line)).items()
    }
    learned: list[tuple[str, str]] = []
    while len(learned) < merges:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(word):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        learned.append(best)
        words = {tuple(_merge(list(word), best)): count for word, count in words.items()}
    return learned


def _merge(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for piece in pieces:
        if merged and (merged[-1], piece) == pair:
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


class Vocabulary:
    """Text to token numbers and back."""

    def __init__(self, merges: list[tuple[str, str]]):
        self.merges = [(first, second) for first, second in merges]
        self.tokens = list(ALPHABET) + [a + b for a, b in self.merges]
        self._number = {token: i for i, token in enumerate(self.tokens)}
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Token numbers; characters outside the alphabet are left out."""
        clean = "".join(c for c in text if c in ALPHABET)
        return [i for word in WORD.findall(clean) for i in self._word(word)]

    def _word(self, word: str) -> list[int]:
        if word not in self._known:
            pieces = list(word)
            for pair in self.merges:
                pieces = _merge(pieces, pair)
            self._known[word] = [self._number[p] for p in pieces]
        return self._known[word]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of token numbers."""
        return "".join(self.tokens[int(i)] for i in numbers)
