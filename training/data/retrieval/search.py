"""Full-text search over the passages with SQLite's FTS5, and how sure a finding is."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.data.retrieval.pages import Passage

STOP = frozenset(
    """a about after all am an and any are as at be because been being but by can could did do does
doing for from get give gives had has have how i if in into is it its just let like make makes
many may me more most much must my no not of off on one only or other our out over should site
so some such tell than that the their them then there these they this those to too up use used
using was we were what when where which while who whom whose why will with would you your page
pages say says please there's whats""".split()
)

MAX_TERMS = 64


@dataclass(frozen=True)
class Hit:
    """A passage, how far up it ranked, and which share of the question's weight it holds (0 to 1)."""

    passage: Passage
    rank: float
    coverage: float


def stem(word: str) -> str:
    """A crude English stem: enough that singular and plural, or a verb's forms, meet."""
    for ending, least in (("ations", 4), ("ation", 4), ("ings", 4), ("ing", 4), ("edly", 4), ("ies", 3), ("ed", 4),
                          ("es", 4), ("ly", 4), ("s", 3), ("e", 4)):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            return word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls" else word
    return word


def terms(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    words = re.findall(r"[a-z0-9]+(?:[.'][a-z0-9]+)*", text.lower())
    return [stem(re.sub(r"[.']", "", word)) for word in words if word not in STOP and (len(word) > 1 or word.isdigit())]


class Index:
    """Passages in an FTS5 table in memory; safe to ask from several threads."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = tuple(passages)
        self.bags = [frozenset(terms(f"{p.title} {p.heading} {p.text}")) for p in self.passages]
        self.count = Counter(term for bag in self.bags for term in bag)
        self._lock = threading.Lock()
        self._table = sqlite3.connect(":memory:", check_same_thread=False)
        self._table.execute("CREATE VIRTUAL TABLE passage USING fts5(title, heading, text, tokenize='unicode61')")
        self._table.executemany(
            "INSERT INTO passage(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [(i, *(" ".join(terms(x)) for x in (p.title, p.heading, p.text))) for i, p in enumerate(self.passages)],
        )

    def weight(self, term: str) -> float:
        """Rare words weigh more; a word that no page holds weighs most."""
        return math.log(1 + len(self.passages) / (1 + self.count[term]))

    def coverage(self, asked: Sequence[str], held: frozenset[str] | set[str]) -> float:
        """Which share of the question's weight these terms hold."""
        total = sum(self.weight(term) for term in set(asked))
        return sum(self.weight(term) for term in set(asked) & held) / total if total else 0.0

    def search(self, question: str, limit: int = 4) -> list[Hit]:
        """The best passages by BM25, most telling first; words are data here, never query syntax."""
        asked = list(dict.fromkeys(terms(question)))[:MAX_TERMS]
        if not asked:
            return []
        query = " OR ".join(f'"{term}"' for term in asked)
        with self._lock:
            rows = self._table.execute(
                "SELECT rowid, bm25(passage, 1.5, 2.0, 1.0) AS score FROM passage WHERE passage MATCH ? "
                "ORDER BY score, rowid LIMIT ?", (query, limit)).fetchall()  # fmt: skip
        return [Hit(self.passages[i], -score, self.coverage(asked, self.bags[i])) for i, score in rows]
