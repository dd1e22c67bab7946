"""A byte-level byte-pair tokenizer: text in, token ids and the bytes that each covers out.

Sources: Sennrich, Haddow and Birch 2016, section 3.2 (merging pairs); Radford et al. 2019, section 2.2 (bytes in place
of characters). ``tests/parity/test_byte_pairs.py`` holds it against transformers, id by id.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from labs_py.core import tensor_file

_WHITE = frozenset(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                             0x205F, 0x3000]))  # fmt: skip
# GPT-2's pattern over the characters' kinds: Python's re has no \p{L} and \p{N}.
_WORD = re.compile(r"'(?:[dmst]|ll|re|ve)| ?[Ldelmrstv]+| ?N+| ?['O]+|[ _]+(?![^ _])|[ _]+")


class _Kinds(dict):
    """A character's kind, worked out once: letter, number, white space, other, or one that the pattern names."""

    def __missing__(self, char: str) -> str:
        kind = char if char in "'delmrstv " else "_" if char in _WHITE else "L" if char.isalpha() else "N"
        self[char] = kind if kind != "N" or char.isnumeric() else "O"
        return self[char]


_KINDS = _Kinds()


class Token(NamedTuple):
    """One token: its id, and the bytes of the text (in UTF-8) that it covers, from ``start`` up to ``stop``."""

    id: int
    start: int
    stop: int


@dataclass(frozen=True)
class Tokenizer:
    """What a tokenizer has learnt.

    Attributes:
        special: text of each token that is never merged -> its id.
        byte_ids: byte -> id; a byte without one is dropped, as the tokenizers library drops it.
        merges: (id, id) -> id of the two merged; the smaller that id, the earlier the merge.
        about: where it is from and under which licence.
    """

    special: dict[str, int]
    byte_ids: dict[int, int]
    merges: dict[tuple[int, int], int]
    about: dict[str, str]

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self.special) + len(self.byte_ids) + len(self.merges)


def pack(special: list[str], byte_values: list[int], merges: list[tuple[int, int]], about: dict[str, str]) -> bytes:
    """A tokenizer as a safetensors file; ids count through the special tokens, then the bytes, then the merges."""
    tensors = {"merges": np.array(merges), "bytes": np.array(byte_values)}
    return tensor_file.write(tensors, {**about, "special": json.dumps(special)}, dtype="U16")


def load(content: bytes) -> Tokenizer:
    """A tokenizer from what ``pack`` wrote.

    Raises:
        ValueError: the bytes are no such file.
    """
    tensors, about = tensor_file.read(content)
    try:
        special, values = json.loads(about.pop("special")), tensors["bytes"].astype(int).tolist()
        pairs = map(tuple, tensors["merges"].astype(int).tolist())
    except KeyError as error:
        raise ValueError(f"not a tokenizer file: {error} is missing") from error
    first = len(special) + len(values)
    ids = {text: place for place, text in enumerate(special)}
    byte_ids = {value: place for place, value in enumerate(values, len(special))}
    return Tokenizer(ids, byte_ids, {pair: place for place, pair in enumerate(pairs, first)}, about)


def words(text: str) -> Iterator[str]:
    """Cut a text into the stretches within which merges happen: a word with the space before it, a number, ..."""
    for found in _WORD.finditer("".join(map(_KINDS.__getitem__, text))):
        yield text[found.start() : found.end()]


def merge(ids: list[int], merges: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    """Merge neighbours, the pair that was learnt first before all others, until no known pair is left.

    Args:
        ids: one id for each byte of a word.
        merges: from ``Tokenizer``.

    Returns:
        (id, place of its first byte in ``ids``) of each token.
    """
    ids, n = list(ids), len(ids)
    before, after = list(range(-1, n - 1)), list(range(1, n + 1))
    heap = [(merges[pair], i, pair) for i, pair in enumerate(zip(ids, ids[1:])) if pair in merges]  # noqa: B905
    heapq.heapify(heap)
    while heap:
        new, i, (left, right) = heapq.heappop(heap)
        j = after[i]
        if j >= n or ids[i] != left or ids[j] != right:
            continue  # one of the two has become part of another token meanwhile
        ids[i], ids[j], after[i] = new, -1, after[j]
        if after[i] < n:
            before[after[i]] = i
        for a in (before[i], i):
            b = after[a] if a >= 0 else n
            if b < n and (ids[a], ids[b]) in merges:
                heapq.heappush(heap, (merges[ids[a], ids[b]], a, (ids[a], ids[b])))
    return [(token, i) for i, token in enumerate(ids) if token >= 0]


def encode(tokenizer: Tokenizer, text: str) -> list[Token]:
    """The tokens of a text, special ones wherever their text stands; nothing is added at its ends."""
    found: list[Token] = []
    start = 0
    marks = sorted(tokenizer.special, key=len, reverse=True)
    for part in re.split(f"({'|'.join(map(re.escape, marks))})", text) if marks else [text]:
        if part in tokenizer.special:
            found.append(Token(tokenizer.special[part], start, start := start + len(part.encode())))
            continue
        for word in words(part):
            spelt = word.encode()
            known = [(tokenizer.byte_ids[b], i) for i, b in enumerate(spelt) if b in tokenizer.byte_ids]
            made = merge([token for token, _ in known], tokenizer.merges)
            for (token, first), (_, end) in pairwise([*made, (-1, len(known))]):
                found.append(Token(token, start + known[first][1], start + known[end - 1][1] + 1))
            start += len(spelt)
    return found


def spellings(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of every token, by its id: special tokens as their text, bytes as themselves, merges as both halves."""
    found = [b""] * tokenizer.size
    for text, token in tokenizer.special.items():
        found[token] = text.encode()
    for byte, token in tokenizer.byte_ids.items():
        found[token] = bytes([byte])
    for (left, right), token in tokenizer.merges.items():
        found[token] = found[left] + found[right]
    return found
