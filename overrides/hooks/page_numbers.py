"""The three owners of a number on a page: a recorded run, a tested function, a place in a source."""

from __future__ import annotations

import sys
from pathlib import Path

import number_cards
from number_format import interval, show
from run_records import UnknownNumber, measured

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "build"))

from kept import kept_if_plain  # noqa: E402

from labs_py import fact  # noqa: E402
from labs_py.core.facts import FACTS  # noqa: E402


def is_share(path: str, format: str | None) -> bool:
    """Whether a figure is a part of a whole, and not the difference of two."""
    return format == "percent" and not {"gain", "change"} & set(path.split("."))


WORDS = {
    "base": "the base model", "base_few_shot": "the base model with examples in its prompt", "tuned": "after training",
    "gain": "the gain over the better base prompt", "change": "the change by training", "eval": "held-out rows",
    "train": "the training", "exact": "answers that are exactly right", "regression": "what else was measured",
}  # fmt: skip


def in_words(path: str) -> str:
    """What a place in a record holds, in plain words: ``eval.orders.exact.tuned`` -> held-out rows, orders, ..."""
    return ", ".join(WORDS.get(part, part.replace("_", " ")) for part in path.split("."))


class PageNumbers:
    """The owned numbers and the citations of one page, in the order of the text."""

    def __init__(self, runs: Path, sources: dict[str, dict]) -> None:
        self.runs, self.sources = runs, sources
        self.html: list[str] = []
        self.ledger: list[tuple] = []
        self.told: set[tuple] = set()  # the runs that the page has told of
        self.cited: dict[str, list[tuple[int, str]]] = {}

    def measured(self, run_id: str, path: str, format: str | None = None, digits: int = 3, note: bool = True) -> str:
        """A recorded value with its n and interval; ``note=False`` leaves them to the card (for tables).

        ``measured("NAME-s*", path)`` is the mean over the runs of all seeds, with the interval over seeds.
        """
        found = measured(self.runs, run_id, path)
        alike = len({one.value for one in found.by_run}) == 1  # such as a base model, which no seed changes
        notes = [f"{'the same for ' if alike else ''}{len(found.by_run)} seeds"] if found.by_run else []
        notes += [f"n = {found.n:,}"] if found.n is not None else []
        if found.low is not None and found.high is not None:
            low, high = found.low, found.high
            if found.by_run and is_share(path, format):
                low, high = max(low, 0.0), min(high, 1.0)  # Student's interval does not know that a share ends there
            elif found.by_run and format == "points":
                low, high = max(low, -1.0), min(high, 1.0)
            notes.append(f"95% interval {interval(low, high, format, digits)}")
        rows = (("Meaning", in_words(path)), *((("Spread", ", ".join(notes)),) if notes else ()))
        if found.by_run:
            each = "; ".join(show(one.value, format, digits) for one in found.by_run)
            rows = (*rows, ("Each run", each if alike else f"{each}; the interval is Student's, over seeds"))
        text = show(found.value, format, digits)
        behind = f" ({', '.join(notes)})" if note and notes else ""
        exact = (("Value", f"{found.value!r} at {path}"),)
        return self._number("measured", text, behind, "Measured", (*rows, *found.provenance, *exact))

    def computed(self, name: str, *, format: str | None = None, digits: int = 3, **arguments) -> str:
        """A value of a tested function of ``labs_py.core.facts``."""
        if name not in FACTS:
            raise UnknownNumber(f"no fact '{name}' in labs_py/core/facts.py")
        try:
            value = kept_if_plain(fact.line(name, arguments), lambda: FACTS[name](**arguments))
        except TypeError as error:
            raise UnknownNumber(f"fact '{name}': {error}") from None
        meaning = (FACTS[name].__doc__ or "").strip().split("\n")[0].replace("``", "")
        rows = (("Meaning", meaning), ("Call", fact.line(name, arguments)), ("Value", str(value)))
        return self._number("computed", show(value, format, digits), "", "Computed", rows)

    def cite(self, key: str, place: str) -> str:
        """A numbered reference to a place in a source of ``docs/reference/sources.yml``."""
        if key not in self.sources:
            raise UnknownNumber(f"no source '{key}' in docs/reference/sources.yml")
        if not place.strip():
            raise UnknownNumber(f"source '{key}' is cited without a place")
        index, further = len(self.html), key in self.cited
        self.cited.setdefault(key, []).append((index, place))
        return number_cards.citation(index, list(self.cited).index(key) + 1, key, self.sources[key], place, further)

    def _number(self, kind: str, text: str, note: str, title: str, rows: tuple) -> str:
        self.ledger.append((len(self.html), text, title, rows))
        run = number_cards.run_of(rows)
        further = kind == "measured" and run in self.told
        self.told.add(run)
        return number_cards.number(len(self.html), kind, text, note, title, rows, further)
