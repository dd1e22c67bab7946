"""Does a run survive shipping? Each station's tokens against those of adapter on base, and what is to blame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from training.data.tasks.base import Row, Task
from training.models import chat_template
from training.models.guards import IGNORED
from training.serving import diagnosis, stations
from training.serving.stations import NEAR_TIE, Answers, Station


def compare(first: Station, others: Iterable[Station], rows: list[Row], task: Task, limit: int) -> dict[str, Any]:
    """Ask every station the same and compare.

    Args:
        first: the reference.
        others: the stations, opened one after the other.
        rows: held-out rows.
        task: of the rows.
        limit: longest answer, in tokens.

    Returns:
        {"stations": [{"name", "equal_tokens", "n", "first_difference", "score", "near_ties", "lossless", "culprit",
        "why"}], "culprit"}: equal_tokens counts answers that are equal token by token.
    """
    truth = stations.ask(first, rows, task, limit)
    needed = taught_stops(first, rows)
    known = diagnosis.expected(first)
    found = [entry(first.name, len(rows), truth.score)]
    for station in others:
        answers = stations.ask(station, rows, task, limit)
        found.append(judged(station, first, truth, answers, known, needed))
    blamed = next((one["culprit"] for one in found if one["culprit"]), None)
    return {"stations": found, "culprit": blamed}


def entry(name: str, n: int, score: float, **more: Any) -> dict[str, Any]:
    """A station's line where nothing differs, with what is said otherwise in ``more``."""
    return {"name": name, "equal_tokens": n, "n": n, "first_difference": None, "score": round(score, 6),
            "near_ties": 0, "lossless": True, "culprit": None, "why": None, **more}  # fmt: skip


def judged(station: Station, first: Station, truth: Answers, found: Answers, known: diagnosis.Expected,
           needed: set[int]) -> dict[str, Any]:  # fmt: skip
    """A station's line; arguments as in ``diagnosis.culprit``."""
    partings = [parting(at, truth, found, first) for at in range(len(truth.tokens))]
    apart = [one for one in partings if one is not None]
    near = [one for one in apart if station.lossless and one["gap"] is not None and abs(one["gap"]) < NEAR_TIE]
    real = [one for one in apart if one not in near]
    line = entry(station.name, len(partings), found.score, near_ties=len(near), lossless=station.lossless)
    line.update(equal_tokens=len(partings) - len(apart), first_difference=(real or near or [None])[0])
    if real or truth.prompts != found.prompts or needed - set(station.stops):
        word, why = diagnosis.culprit(truth, found, station, first, known, needed)
        line.update(culprit=word, why=why)
    return line


def parting(at: int, truth: Answers, found: Answers, first: Station) -> dict[str, Any] | None:
    """Where the prompt or the answer of one question parts from the reference's; None where they are equal.

    Returns:
        {"row", "in": "prompt" or "answer", "token": place from 0, "expected", "got": ids or None, "gap"}: ``gap`` is by
        how much the reference's logit of the expected token is above that of the other, None in a prompt or at an end.
    """
    for where, ours, theirs in (("prompt", truth.prompts[at], found.prompts[at]),
                                ("answer", truth.tokens[at], found.tokens[at])):  # fmt: skip
        if ours == theirs:
            continue
        ends = min(len(ours), len(theirs))
        shared = next((i for i in range(ends) if ours[i] != theirs[i]), ends)
        expected = ours[shared] if shared < len(ours) else None
        got = theirs[shared] if shared < len(theirs) else None
        both = where == "answer" and expected is not None and got is not None
        apart = stations.gap(first, truth.prompts[at] + ours[:shared], expected, got) if both else None
        return {"row": at, "in": where, "token": shared, "expected": expected, "got": got, "gap": apart}
    return None


def taught_stops(first: Station, rows: list[Row]) -> set[int]:
    """The tokens at which training taught answers to end, found by encoding the rows as training does."""
    ends: set[int] = set()
    for row in rows:
        encoded = chat_template.encode(first.tokenizer, row, max_length=1 << 20)
        ends.add([token for token, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORED][-1])
    return ends
