"""The Distillation Lab's teachers: recorded next-word logits, seen through 64 words or through the whole vocabulary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_py import data
from labs_py.core import distill, numerics
from labs_py.spec import DataFile

FILES = {"gpt2": "gpt2_next_token_logits.json", "smollm2": "smollm2_next_token_logits.json"}
DATA_FILES = (
    DataFile("gpt2_next_token_logits.json", "01ac7d0573de49757209512d44f493ab2f4157f1239433d2e7f0e68c4776b15c", 11125),
    DataFile(
        "smollm2_next_token_logits.json", "b9e4461545532cd9e046e9995f912162e8db8b1dd304c8e70dfa09cc12b3b823", 146787
    ),
)
PROMPTS = (
    "Data visualization empowers users to",
    "Artificial Intelligence is transforming the",
    "As the spaceship was approaching the",
    "On the deserted planet they discovered a",
    "IEEE VIS conference highlights the",
    "The capital of France is",
    "She opened the door and saw a",
    "To bake bread you need flour, water and",
    "The parcel arrived late, so the customer asked for a",
    "My favourite season of the year is",
    "The opposite of hot is",
    "He plays the guitar and she plays the",
)
FEW = 64
"""Words of the small vocabulary."""
FRAMES, SUBJECTS = 8, 12
"""The grid of shared prompts: every frame with every subject."""

_tables: dict[str, dict[str, Any]] = {}
_few: dict[tuple[str, int], np.ndarray] = {}
_rest: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}


def ending(prompt: str, most: int = 40) -> str:
    """A prompt as a list of choices shows it whole: of a long one its end, which is what the next word hangs on."""
    if len(prompt) <= most:
        return prompt
    return "…" + prompt[-most:].split(" ", 1)[1]


def forget() -> None:
    """Drop the parsed tables and what was made of them."""
    for kept in (_tables, _few, _rest):
        kept.clear()


def table(teacher: str) -> dict[str, Any]:
    """The recorded table of a teacher.

    Raises:
        LookupError: it cannot be loaded; the message is a sentence for the reader.
    """
    if teacher not in _tables:
        _tables[teacher] = json.loads(data.load(FILES[teacher]))
    return _tables[teacher]


@dataclass(frozen=True)
class View:
    """What a student sees of the teacher at one temperature.

    Attributes:
        words: (V,) strings; the last is the bin of the rest in the full view.
        log_teacher: (B, V) log-probabilities at ``temperature``.
        labels: (B,) index of the teacher's top word.
        log_counts: (V,) log of how many words an entry stands for.
        shown: which of the B prompts is drawn.
        temperature: the one that was used.
        within: (3,) lower bound, estimate and upper bound of the entropy in nats among the words of the rest's bin.
        rest: the recorded mass of all words beyond the first 64 at this temperature (NaN off the file's grid).
    """

    words: list[str]
    log_teacher: np.ndarray
    labels: np.ndarray
    log_counts: np.ndarray
    shown: int
    temperature: float
    rest: float
    within: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def teacher_entropies(self) -> tuple[float, float, float]:
        """Entropy of the shown prompt over all words: lower bound, estimate, upper bound; equal where it is exact."""
        row, bins = self.log_teacher[self.shown], (self.log_counts > 0).astype(float)
        low, middle, high = (float(distill.binned_entropy(row, nats * bins)) for nats in self.within)
        return low, middle, high

    def floor(self) -> float:
        """Forward KL that stays however well the entries are matched: a student is even among the rest's words."""
        rest = np.exp(self.log_teacher[self.shown, -1])
        return float(rest * (self.log_counts[-1] - self.within[1])) if self.log_counts[-1] else 0.0


def nearest_recorded(temperatures: list[float], wanted: float) -> int:
    """Index of the recorded temperature that is nearest to the wanted one."""
    return int(np.abs(np.array(temperatures) - wanted).argmin())


def few_words(teacher: str, prompt: int, temperature: float) -> View:
    """The 64 likeliest words alone, renormalised: temperature shows what it does, the rest is left out."""
    top = table(teacher)["prompts"][prompt]["top"]
    log_teacher = distill.soften(few_logits(teacher, prompt)[None], temperature)
    return View(top["tokens"][:FEW], log_teacher, np.array([0]), np.zeros(FEW), 0, temperature,
                rest_mass(teacher, prompt, temperature))  # fmt: skip


def few_logits(teacher: str, prompt: int) -> np.ndarray:
    """(64,) logits of the likeliest words."""
    if (teacher, prompt) not in _few:
        _few[teacher, prompt] = np.array(table(teacher)["prompts"][prompt]["top"]["logits"][:FEW])
    return _few[teacher, prompt]


def rest_masses(teacher: str, prompt: int) -> tuple[np.ndarray, np.ndarray]:
    """The recorded temperatures (K,), and the mass of all words beyond the first 64 at each (K,)."""
    if (teacher, prompt) not in _rest:
        recorded, entry = table(teacher), table(teacher)["prompts"][prompt]
        temperatures = np.array(recorded["temperatures"], dtype=float)
        listed = few_logits(teacher, prompt) / temperatures[:, None] - np.array(entry["logsumexp"])[:, None]
        _rest[teacher, prompt] = temperatures, np.maximum(0.0, 1.0 - np.exp(listed).sum(axis=1))
    return _rest[teacher, prompt]


def rest_mass(teacher: str, prompt: int, temperature: float) -> float:
    """Mass of all words beyond the first 64 at a recorded temperature; NaN at others."""
    temperatures, rest = rest_masses(teacher, prompt)
    at = int(np.abs(temperatures - temperature).argmin())
    return float(rest[at]) if temperatures[at] == temperature else float("nan")


def full_vocabulary(teacher: str, prompt: int, wanted: float) -> View:
    """All listed words, and one bin for the rest of the vocabulary, its mass exact at the recorded temperatures."""
    recorded = table(teacher)
    at = nearest_recorded(recorded["temperatures"], wanted)
    temperature, entry = recorded["temperatures"][at], recorded["prompts"][prompt]
    listed = np.array(entry["top"]["logits"]) / temperature - entry["logsumexp"][at]
    log_rest = np.log(max(1e-12, 1.0 - np.exp(listed).sum()))
    log_teacher = numerics.log_softmax(np.append(listed, log_rest)[None])
    n_rest = recorded["vocabulary_size"] - listed.size
    log_counts = np.append(np.zeros(listed.size), np.log(n_rest))
    words = [*entry["top"]["tokens"], f"(all {n_rest:,} others)"]
    return View(words, log_teacher, np.array([0]), log_counts, 0, float(temperature),
                rest_mass(teacher, prompt, float(temperature)), within_rest(teacher, prompt, at))  # fmt: skip


def within_rest(teacher: str, prompt: int, at: int) -> tuple[float, float, float]:
    """Entropy among the unlisted words at a recorded temperature: lower bound, estimate, upper bound.

    Exact, all three alike, where the whole entropy was recorded (at T = 1).
    """
    recorded = table(teacher)
    temperatures, entry = np.array(recorded["temperatures"], dtype=float), recorded["prompts"][prompt]
    logits, sums = np.array(entry["top"]["logits"]), np.array(entry["logsumexp"])
    listed = np.exp(logits / temperatures[:, None] - sums[:, None])
    rest = np.maximum(1e-12, 1.0 - listed.sum(axis=1))
    count = recorded["vocabulary_size"] - logits.size
    if temperatures[at] == 1 and "entropy_nats" in entry and rest[at] > 1e-9:
        entries = np.append(listed[at], rest[at])
        exact = float((entry["entropy_nats"] + entries @ np.log(entries)) / rest[at])
        return exact, exact, exact
    return distill.rest_entropy(1 / temperatures, np.log(rest) + sums, at, count, float(logits.min()))


def all_prompts(teacher: str, prompt: int, temperature: float) -> View:
    """Every prompt of the teacher over the union of their 64 words; words outside a prompt's own 64 have no mass."""
    entries = table(teacher)["prompts"]
    tops = [entry["top"] for entry in entries]
    ids = sorted({i for top in tops for i in top["ids"][:FEW]})
    place = {token_id: k for k, token_id in enumerate(ids)}
    words = [""] * len(ids)
    logits = np.full((len(tops), len(ids)), -np.inf)
    for row, top in enumerate(tops):
        for token_id, word, logit in zip(top["ids"][:FEW], top["tokens"][:FEW], top["logits"][:FEW], strict=True):
            logits[row, place[token_id]] = logit
            words[place[token_id]] = word
    log_teacher = distill.soften(logits, temperature)
    return View(words, log_teacher, log_teacher.argmax(axis=1), np.zeros(len(ids)), prompt, temperature,
                rest_mass(teacher, prompt, temperature))  # fmt: skip


def token_ids(teacher: str, prompt: int, n_words: int) -> np.ndarray:
    """Vocabulary ids of a prompt's listed words: in GPT-2's way of building it, roughly their rank by frequency."""
    return np.array(table(teacher)["prompts"][prompt]["top"]["ids"][:n_words])


@dataclass(frozen=True)
class Grid:
    """The shared prompts: (96, 64) log-probabilities at T = 1, (96, 20) features, and which cells are held out."""

    log_teacher: np.ndarray
    features: np.ndarray
    held_out: np.ndarray


def shared_grid() -> Grid:
    """SmolLM2 on frames x subjects; a student knows a prompt by its frame and its subject only."""
    log_teacher = numerics.log_softmax(np.array(table("smollm2")["shared"]["logits"]))
    frame, subject = np.divmod(np.arange(FRAMES * SUBJECTS), SUBJECTS)
    features = np.zeros((frame.size, FRAMES + SUBJECTS))
    features[np.arange(frame.size), frame] = 1.0
    features[np.arange(frame.size), FRAMES + subject] = 1.0
    return Grid(log_teacher, features, (frame + subject) % 4 == 0)
