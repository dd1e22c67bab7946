"""BM25, the word search that every embedding has to beat: Robertson and Zaragoza 2009, section 3."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Score documents for a query with BM25. For each word of the query, a document gets the word's weight times
`f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean_length))`, where `f` is how often the word stands in the document.
The weight of a word is `log(1 + (n - m + 0.5) / (m + 0.5))`, for `n` documents of which `m` hold it."""

STARTER = '''import math

def bm25(query, documents, k1=1.2, b=0.75):
    """query a list of words, documents a list of lists of words -> a score for each document."""
    raise NotImplementedError
'''

SOLUTION = """import math

def bm25(query, documents, k1=1.2, b=0.75):
    n = len(documents)
    mean_length = sum(len(words) for words in documents) / n
    scores = []
    for words in documents:
        room = k1 * (1 - b + b * len(words) / mean_length)
        score = 0.0
        for word in query:
            m = sum(word in other for other in documents)
            f = words.count(word)
            score += math.log(1 + (n - m + 0.5) / (m + 0.5)) * f * (k1 + 1) / (f + room)
        scores.append(score)
    return scores
"""

WORDS = "rank alpha gradient loss mask token answer reward policy teacher".split()
Words = list[str]


def scored(query: Words, documents: list[Words], k1: float = 1.2, b: float = 0.75, often: bool = False,
           plain: bool = False, raw: bool = False, flat: bool = False, short: bool = False,
           once: bool = False) -> np.ndarray:  # fmt: skip
    """BM25, or one of its misreadings: by occurrences, without the 1 in the weight, without saturation, without weight,
    without the factor of k1 + 1, each word once."""
    n, lengths = len(documents), np.array([len(words) for words in documents], dtype=float)
    counts = [Counter(words) for words in documents]
    total = np.zeros(n)
    for word in query:
        f = np.array([min(count[word], 1) if once else count[word] for count in counts], dtype=float)
        m = f.sum() if often else (f > 0).sum()
        inside = (n - m + 0.5) / (m + 0.5)
        weight = 1.0 if flat else math.log(inside if plain else 1 + inside)
        room = k1 * (1 - b + b * lengths / lengths.mean())
        total += weight * (f if raw else f * (1 if short else k1 + 1) / (f + room))
    return total


def answer(query: Words, documents: list[Words]) -> np.ndarray:
    """A score for each document."""
    return scored(query, documents)


def cases(rng: np.random.Generator) -> list[Case]:
    """Documents of uneven lengths, words that repeat, a word that most hold, one that none holds."""
    drawn = []
    for count in (4, 6, 8):
        documents = [[str(w) for w in rng.choice(WORDS[2:], int(rng.integers(3, 14)))] for _ in range(count)]
        documents = [[*words, "rank"] if place else words for place, words in enumerate(documents)]
        query = ["rank", str(rng.choice(WORDS[2:])), documents[0][0], "nowhere"]
        drawn.append((list(dict.fromkeys(query)), documents))
    return drawn


TRAPS = (
    Trap("negative-weight", "The one inside the logarithm is missing: a word that most documents hold would count "
         "against them.", lambda q, d: scored(q, d, plain=True)),
    Trap("occurrences", "You count how often a word occurs in all documents. Its weight depends on in how many "
         "documents it stands.", lambda q, d: scored(q, d, often=True)),
    Trap("no-saturation", "A word counts as often as it stands there. The tenth time should add less than the first.",
         lambda q, d: scored(q, d, raw=True)),
    Trap("no-length", "Long documents have an advantage in your code: their length is missing.",
         lambda q, d: scored(q, d, b=0.0)),
    Trap("length-in-full", "Length counts in full in your code. `b` says how much of it counts.",
         lambda q, d: scored(q, d, b=1.0)),
    Trap("no-weight", "All words weigh alike in your code. A word that stands everywhere tells nothing.",
         lambda q, d: scored(q, d, flat=True)),
    Trap("no-factor", "A factor that has `k1` in it is missing above the fraction.",
         lambda q, d: scored(q, d, short=True)),
    Trap("binary", "It makes no difference in your code how often a word stands in a document.",
         lambda q, d: scored(q, d, once=True)),
)  # fmt: skip

EXERCISE = Exercise(
    name="bm25",
    title="BM25",
    task=TASK,
    starter=STARTER,
    function="bm25",
    solution=SOLUTION,
    hints=(
        "First the words' weights: for each word of the query, count the documents that hold it at least once.",
        "Then each document: how often does the word stand in it, and how long is it beside the mean length?",
        "Sum weight times the fraction over the words of the query; a word that is not there adds nothing by itself.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"shape": "A score for each document is asked for, in the order of the documents."},
)
