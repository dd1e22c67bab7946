"""A reader's own picks in the RLHF Lab: read from whatever arrives, queued, and predicted before each one."""

from __future__ import annotations

import functools
import itertools
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_py.core import preference, text_features
from labs_py.labs.rlhf import annotators, answer_pairs

SIDES = {"a": "A", "b": "B", "skip": "skip"}
MOST_CHARACTERS = 20_000
QUEUE_SEED = 10

Pick = tuple[int, str]


def read(raw: Any) -> tuple[tuple[Pick, ...], str]:
    """Legal picks in their order and one sentence on what could not be used ("" when all is well).

    Args:
        raw: a list of [pair index, "A" | "B" | "skip"], or the same as JSON text. A pair that comes up again
            keeps its latest pick.
    """
    entries = raw
    if isinstance(raw, str):
        if not raw.strip():
            return (), ""
        if len(raw) > MOST_CHARACTERS:
            return (
                (),
                f"The picks are {len(raw):,} characters long; at most {MOST_CHARACTERS:,} are read. None was used.",
            )
        # In WebAssembly deep nesting ends the stack, and with it the worker, before Python can raise.
        if _depth(raw) > 2:
            return (), 'The picks are nested too deeply. Expected a list such as [[0, "A"], [3, "skip"]].'
        try:
            entries = json.loads(raw)
        except (ValueError, RecursionError):
            return (), 'The picks are not valid JSON. Expected a list such as [[0, "A"], [3, "skip"]].'
    if not isinstance(entries, (list, tuple)):
        return (), 'The picks must be a list such as [[0, "A"], [3, "skip"]].'
    pairs = len(answer_pairs.load()[0])
    found: dict[int, str] = {}
    bad, again = 0, 0
    for entry in entries:
        pick = _read_one(entry, pairs)
        if pick is None:
            bad += 1
            continue
        again += found.pop(pick[0], None) is not None
        found[pick[0]] = pick[1]
    sentences = []
    if bad:
        sentences.append(
            f"{bad} of {len(entries)} picks could not be read and were left out: each must be [pair from 0 to "
            f'{pairs - 1}, "A", "B" or "skip"].'
        )
    if again:
        sentences.append(f"More than one pick for the same pair ({again} times): the latest one counts.")
    return tuple(found.items()), " ".join(sentences)


def _depth(text: str) -> int:
    """Deepest nesting of brackets and braces in a text."""
    return max(itertools.accumulate((c in "[{") - (c in "]}") for c in text))


def _read_one(entry: Any, pairs: int) -> Pick | None:
    if not isinstance(entry, (list, tuple)) or len(entry) != 2:
        return None
    index, side = entry
    if isinstance(index, bool) or not isinstance(index, (int, float)) or not math.isfinite(index):
        return None
    if index != int(index) or not 0 <= index < pairs or not isinstance(side, str):
        return None
    side = SIDES.get(side.strip().lower(), "")
    return (int(index), side) if side else None


def counts(picks: tuple[Pick, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How often A and B were picked in each training pair; skipped pairs count nowhere."""
    pairs = len(answer_pairs.load()[0])
    for_a, for_b = np.zeros(pairs), np.zeros(pairs)
    for index, side in picks:
        for_a[index] += side == "A"
        for_b[index] += side == "B"
    return for_a, for_b


@dataclass(frozen=True)
class Sealed:
    """The model's chance of A for each pick, from the picks before it alone, and for the next pair.

    Attributes:
        chances: (k,) chance of A before pick k was made; 0.5 while nothing had been learnt.
        hits: (k,) 1 where the likelier side was picked, 0.5 where the model had no idea, 0 where it erred, NaN
            for a skipped pair.
        next_weights: (F,) weights after the last pick.
    """

    chances: np.ndarray
    hits: np.ndarray
    next_weights: np.ndarray


def sealed(picks: tuple[Pick, ...], differences: np.ndarray, l2: float) -> Sealed:
    """What the model said before each pick. Never fitted on the pick it predicts, nor on a later one."""
    steps = len(picks) + 1
    for_a, for_b = np.zeros((steps, len(differences))), np.zeros((steps, len(differences)))
    for k, (index, side) in enumerate(picks):
        for_a[k + 1 :, index] = side == "A"
        for_b[k + 1 :, index] = side == "B"
    weights = preference.fit_many(differences, for_a, for_b, l2)
    shown = np.array([index for index, _ in picks], dtype=int)
    margins = np.sum(weights[:-1] * differences[shown], axis=1)
    chances = preference.sigmoid(margins)
    agreed = {"A": margins > 0, "B": margins < 0}
    hits = np.array(
        [
            np.nan if side == "skip" else 0.5 if margins[k] == 0 else float(agreed[side][k])
            for k, (_, side) in enumerate(picks)
        ]
    )
    return Sealed(chances, hits, weights[-1])


def next_index(picks: tuple[Pick, ...]) -> int | None:
    """The pair to show next: the first of a fixed shuffled queue that has no pick; None when all have one."""
    done = {index for index, _ in picks}
    queue = np.random.default_rng(QUEUE_SEED).permutation(len(answer_pairs.load()[0]))
    return next((int(i) for i in queue if int(i) not in done), None)


def card(picks: tuple[Pick, ...], seal: Sealed, differences: np.ndarray) -> dict[str, Any]:
    """What the pair-picking view shows: the next pair with its features, and how the last prediction did."""
    train, _ = answer_pairs.load()
    labelled = [h for h in seal.hits if not math.isnan(h)]
    data: dict[str, Any] = {
        "number": min(len(picks) + 1, len(train)),
        "of": len(train),
        "labelled": len(labelled),
        "right": sum(labelled),
        "picks": [list(pick) for pick in picks],
    }
    if picks:
        last, side = picks[-1]
        data["last"] = {
            "prompt": train[last].prompt,
            "side": side,
            "chance": round(float(seal.chances[-1]), 4),
            "hit": None if math.isnan(seal.hits[-1]) else float(seal.hits[-1]),
        }
    index = next_index(picks)
    if index is not None:
        pair = train[index]
        data |= {
            "index": index,
            "prompt": pair.prompt,
            "answers": list(pair.answers),
            "features": feature_rows(pair),
            "chance": round(float(preference.sigmoid(differences[index] @ seal.next_weights)), 4),
        }
    return data


@functools.lru_cache(maxsize=64)
def feature_rows(pair: answer_pairs.Pair) -> list[list[str]]:
    """(label, value of A, value of B) in units that a reader can check against the text."""
    a, b = (text_features.count(answer) for answer in pair.answers)
    truth = {"right": "right", "wrong": "wrong", "open": "no truth to match"}
    return [
        ["Words", str(a.words), str(b.words)],
        ["Hedges", str(a.hedges), str(b.hedges)],
        ["Courtesies", str(a.courtesies), str(b.courtesies)],
        ["List items", str(a.list_items), str(b.list_items)],
        ["Words before the point", str(a.detour), str(b.detour)],
        ["Refuses", "yes" if a.refusal else "no", "yes" if b.refusal else "no"],
        ["Numbers", str(a.numbers), str(b.numbers)],
        ["Correct (declared)", truth[pair.truth[0]], truth[pair.truth[1]]],
    ]


def scaled_differences(see_truth: bool) -> np.ndarray:
    """Training differences (n, F); without ``see_truth`` the declared truth is a column of zeros."""
    a, b, _, _ = annotators.scaled_pairs()
    differences = a - b
    if not see_truth:
        differences = differences.copy()
        differences[:, text_features.NAMES.index("correct")] = 0.0
    return differences
