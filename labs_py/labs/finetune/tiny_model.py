"""The tiny GPT of the fine-tuning lab: its file, its stories, and what is measured on them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from labs_py import data
from labs_py.core import tiny_base, tiny_gpt, tiny_story, tiny_text
from labs_py.spec import DataFile

FILE = DataFile(*tiny_base.FILE)
ROWS, BATCH, ASKED, SHOWN, OLD_LINES, CHUNK = 50, 10, 64, 5, 40, 8
"""Rows to train on, of a step, held-out stories asked, answers shown, old lines, rows of a measuring step."""

Rows = list[tuple[list[int], list[int]]]


@dataclass(frozen=True)
class Base:
    """The shipped model with everything that does not change.

    Attributes:
        unseen: (story and question, moral) of held-out stories, as tokens.
        old: held-out lines of the corpus that it was trained on, all but the first token to be predicted.
    """

    shape: tiny_gpt.Shape
    weights: tiny_gpt.Tensors
    vocabulary: tiny_text.Vocabulary
    unseen: Rows
    old: Rows

    def tokens(self, examples: list[tuple[str, str]]) -> Rows:
        """Rows of text as rows of tokens."""
        return [(self.vocabulary.encode(p), self.vocabulary.encode(a)) for p, a in examples]


@dataclass(frozen=True)
class Marks:
    """What a model is worth, on held-out text only.

    Attributes:
        exact: share of stories whose moral it would write word for word and then stop.
        words: the same without asking whether it stops.
        old_loss: mean cross-entropy a token on the corpus, nats: the measure of forgetting.
    """

    exact: float
    words: float
    old_loss: float


def load() -> Base:
    """The base from its file.

    Raises:
        LookupError: it cannot be had, or is damaged; the message is a sentence for the reader.
    """
    read = tiny_base.read(data.load(FILE.name))
    shape, weights, vocabulary = read.shape, read.weights, read.vocabulary
    bare = Base(shape, weights, vocabulary, [], [])
    unseen = bare.tokens(tiny_story.examples(ASKED, 1, held_out=True))
    lines = [vocabulary.encode(line) for line in tiny_story.corpus(OLD_LINES, 100, held_out=True)]
    return Base(shape, weights, vocabulary, unseen, [(line[:1], line[1:]) for line in lines])


def training_rows(base: Base, seed: int) -> Rows:
    """The fifty rows of the new task."""
    return base.tokens(tiny_story.examples(ROWS, seed))


def measure(base: Base, weights: tiny_gpt.Tensors) -> Generator[None, None, Marks]:
    """Yields nothing, after every few rows, and returns ``Marks``.

    Reading the likeliest next token at every place of the wanted answer says whether greedy writing gives that
    answer: as long as all places before were right, both see the same text. So one pass does for twelve.
    """
    exact: list[bool] = []
    words: list[bool] = []
    old: list[tuple[float, int]] = []
    for start in range(0, len(base.unseen), CHUNK):
        right = _right(base, weights, base.unseen[start : start + CHUNK])
        exact += [bool(r.all()) for r in right]
        words += [bool(r[:-1].all()) for r in right]
        yield
    for start in range(0, len(base.old), CHUNK):
        part = base.old[start : start + CHUNK]
        tokens, targets = tiny_gpt.batch(part, mask_prompt=True, with_stop=True)
        loss, _ = tiny_gpt.loss_and_gradient(_scores(base, weights, tokens), targets)
        old.append((loss, int((targets != tiny_gpt.IGNORED).sum())))
        yield
    counted = sum(n for _, n in old)
    return Marks(float(np.mean(exact)), float(np.mean(words)), sum(loss * n for loss, n in old) / counted)


def _scores(base: Base, weights: tiny_gpt.Tensors, tokens: np.ndarray) -> np.ndarray:
    return tiny_gpt.forward(tiny_gpt.Pass(base.shape, weights, None, 1.0, False), tokens)


def _right(base: Base, weights: tiny_gpt.Tensors, rows: Rows) -> list[np.ndarray]:
    """For each row, at each place of its answer: is the wanted token the likeliest?"""
    tokens, targets = tiny_gpt.batch(rows, mask_prompt=True, with_stop=True)
    best = _scores(base, weights, tokens).argmax(-1).reshape(targets.shape)
    return [b[t != tiny_gpt.IGNORED] == t[t != tiny_gpt.IGNORED] for b, t in zip(best, targets, strict=True)]


def answers(base: Base, weights: tiny_gpt.Tensors) -> list[str]:
    """What the model writes for the shown stories, its stop as a sign."""
    found = tiny_gpt.answer(base.shape, weights, [prompt for prompt, _ in base.unseen[:SHOWN]])
    return [base.vocabulary.decode(f).replace(tiny_story.END, " ■").strip() for f in found]


def finish(work: Generator[None, None, Marks]) -> Marks:
    """Run a generator of ``measure`` to its end: the marks that it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
