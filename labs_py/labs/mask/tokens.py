"""A written chat as the tokenizer cuts it: ids, labels, what falls off the end, and the tokens to be shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py import data
from labs_py.core import byte_pairs
from labs_py.core.chat_template import Piece
from labs_py.spec import DataFile

FILE = DataFile(
    "smollm2-tokenizer.safetensors", "290794f1b8cab20a7441878594f9bd010c06e77207dd1a7b456de32964f9e20f", 196822, True
)
IGNORED = -100  # the label of a token that is not in the loss, as torch's cross-entropy takes it
HEAD, TAIL = 600, 200  # tokens drawn of a long row; the end is where the stop token stands
_SEEN_AS = {" ": "·", "\n": "↵", "\t": "⇥"}


@dataclass(frozen=True)
class Row:
    """A row of T tokens.

    Attributes:
        ids: token ids, (T,).
        in_loss: whether a token counts in the loss, (T,): a byte of a trained piece is in it.
        pieces: (T, 2): the pieces in which a token's first and last byte stand.
        spans: (T, 2): its bytes in the text, from, up to.
        limit: tokens that are kept.
    """

    ids: np.ndarray
    in_loss: np.ndarray
    pieces: np.ndarray
    spans: np.ndarray
    limit: int

    def tokens_in(self, piece: int) -> np.ndarray:
        """Places of the tokens that have a byte in a piece."""
        return np.flatnonzero((self.pieces[:, 0] <= piece) & (piece <= self.pieces[:, 1]))

    @property
    def kept(self) -> int:
        """Tokens that are left after the cut."""
        return min(self.limit, len(self.ids))

    @property
    def labels(self) -> np.ndarray:
        """Labels of the tokens that are left, ``IGNORED`` where a token is not in the loss."""
        return np.where(self.in_loss, self.ids, IGNORED)[: self.kept]


@lru_cache(maxsize=1)
def tokenizer() -> byte_pairs.Tokenizer:
    """The shipped tokenizer.

    Raises:
        LookupError: its file cannot be had.
    """
    return byte_pairs.load(data.load(FILE.name))


@lru_cache(maxsize=4)
def _encoded(text: str) -> tuple[byte_pairs.Token, ...]:
    return tuple(byte_pairs.encode(tokenizer(), text))


def forget() -> None:
    """Drop what was worked out, so that edited code takes effect."""
    tokenizer.cache_clear()
    _encoded.cache_clear()


def cut(written: list[Piece], counts: list[bool], limit: int) -> Row:
    """The tokens of a written chat, those in the loss, and the cut.

    Args:
        written: pieces of the template.
        counts: for each piece whether it is trained on.
        limit: most tokens that are kept.

    Raises:
        LookupError: the tokenizer's file cannot be had.
    """
    found = _encoded("".join(piece.text for piece in written))
    spans = np.array([(token.start, token.stop) for token in found], dtype=int).reshape(-1, 2)
    ends = np.cumsum([len(piece.text.encode()) for piece in written])
    pieces = np.searchsorted(ends, spans - [0, 1], side="right")
    trained = np.concatenate([[0], np.cumsum(counts)])
    in_loss = trained[pieces[:, 1] + 1] > trained[pieces[:, 0]]
    return Row(np.array([token.id for token in found], dtype=int), in_loss, pieces, spans, limit)


def characters_kept(written: list[Piece], row: Row) -> list[int]:
    """Characters of each piece that stand whole before the cut."""
    if row.kept == len(row.ids):
        return [len(piece.text) for piece in written]
    left, kept = int(row.spans[row.kept - 1, 1]), []
    for piece in written:
        spelt = piece.text.encode()
        kept.append(len(spelt[: max(left, 0)].decode(errors="ignore")))
        left -= len(spelt)
    return kept


def stops_of(written: list[Piece]) -> list[int]:
    """Places of the pieces that end an answer."""
    return [i for i, piece in enumerate(written) if piece.part == "stop" and piece.role == "assistant"]


def summary(written: list[Piece], row: Row) -> tuple[dict[str, float], str]:
    """Counts of a row by output name, and a sentence on them."""
    kept, total = row.kept, len(row.ids)
    trained, stops = int(row.in_loss[:kept].sum()), stops_of(written)
    whole = [row.tokens_in(i) for i in stops]
    learnt = sum(bool(len(places) and places[-1] < kept and row.in_loss[places].all()) for places in whole)
    answers = len({piece.turn for piece in written if piece.role == "assistant" and piece.turn >= 0})
    fallen = int(row.in_loss[kept:].sum())
    scalars = {
        "tokens": kept,
        "trained_tokens": trained,
        "trained_share": trained / max(kept, 1),
        "tokens_per_stop": max(map(len, whole), default=0),
        "stops_trained": learnt,
        "lost_tokens": total - kept,
        "lost_trained_tokens": fallen,
    }
    said = f"{trained:,} of {kept:,} tokens are in the loss; {learnt} of {answers} answers have their end there."
    if total > kept:
        said += f" {total - kept:,} tokens fell off the end, {fallen:,} of them from the loss."
    if not trained:
        said += " No label is left: this row teaches nothing."
    return scalars, said


def stop_sentence(written: list[Piece], row: Row) -> str:
    """Whether what ends an answer is a token of its own for this tokenizer."""
    name, stops = tokenizer().about["name"], stops_of(written)
    if not stops:
        return "Nothing that this template writes ends an answer: there is no stop token to learn."
    text, places = written[stops[-1]].text, row.tokens_in(stops[-1])
    if text in tokenizer().special:
        return f"What ends an answer, {text}, is one token of {name}'s tokenizer, number {tokenizer().special[text]}."
    return (f"{name}'s tokenizer does not know {text}: it is cut into {len(places)} ordinary tokens, so this template "
            "belongs with another tokenizer, in which it is one.")  # fmt: skip


def shown(written: list[Piece], row: Row) -> str:
    """JSON of the tokens to draw: ``listed`` (place, id, text, special, role, turn, in loss, kept), ``left_out``."""
    text = "".join(piece.text for piece in written).encode()
    total, special = len(row.ids), set(tokenizer().special.values())
    places = range(total) if total <= HEAD + TAIL else [*range(HEAD), *range(total - TAIL, total)]
    listed: list[list[Any]] = []
    for place in places:
        (start, stop), piece = row.spans[place], written[row.pieces[place, 1]]
        token = int(row.ids[place])
        listed.append([place, token, visible(text[start:stop]), token in special, piece.role, piece.turn,
                       bool(row.in_loss[place]), place < row.kept])  # fmt: skip
    return json.dumps({"listed": listed, "left_out": total - len(listed)}, ensure_ascii=False)


def visible(spelt: bytes) -> str:
    """A token's bytes as signs that can be seen; a part of a character as its bytes."""
    try:
        text = spelt.decode()
    except UnicodeDecodeError:
        return " ".join(f"0x{byte:02X}" for byte in spelt)
    return "".join(_SEEN_AS.get(c) or (c if c.isprintable() else f"U+{ord(c):04X}") for c in text)


def named(state: str) -> str:
    """The tokenizer by name and bytes, and whether it is here: "loaded", "coming" or "missing"."""
    size = f"{FILE.size:,} bytes"
    if state == "coming":
        return (f"SmolLM2's tokenizer ({size}) is on its way. Until it is here nothing is cut off, and no token "
                "is counted.")  # fmt: skip
    if state == "missing":
        return (f"No tokenizer: SmolLM2's ({size}) could not be loaded, so nothing is cut off and no token is counted. "
                "Change a setting to try again.")  # fmt: skip
    return f"Cut by {tokenizer().about['name']}'s tokenizer: {tokenizer().size:,} tokens, {size}, in this tab."
