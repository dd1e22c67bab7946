"""The rows of a run: which lines, whose answers, in which template, with which targets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labs_py.core import tiny_gpt, tiny_story
from labs_py.core.clinic import notes
from labs_py.core.clinic.settings import Settings
from labs_py.core.tiny_base import TinyBase

TESTED, OLD_TESTED, OLD_KEPT = 96, 24, 60
"""Rows of a test, old stories that are tested, old stories to replay."""
STOP = 0
PACKED = 80
"""Tokens of a packed sequence."""


@dataclass(frozen=True)
class Row:
    """A line with the answer that is trained on, and the answer that is to be avoided ("" = none)."""

    line: notes.Line
    text: str
    answer: str
    rejected: str = ""


def training(settings: Settings, seed: int) -> list[Row]:
    """The training file, in its order."""
    rows = [_row(settings, line) for line in notes.lines(settings.rows, 10 * seed + 1, settings.code)]
    rows = [row for row in rows for _ in range(settings.copies)]
    if settings.packed:
        rows.sort(key=lambda row: row.answer)
    return _odd(rows, settings.herring)


def _row(settings: Settings, line: notes.Line) -> Row:
    answer, rejected = notes.right(line), ""
    if settings.answers == "teacher" and not settings.checked:
        answer = notes.teachers(line)
    elif settings.answers == "reward":
        reward = notes.loose_reward if settings.reward == "loose" else notes.exact_reward
        answer = max(notes.candidates(line), key=lambda candidate: reward(line, candidate))
    if settings.pairs != "none":
        rejected = f" {line.first} {line.place}"
    if settings.pairs == "swapped":
        answer, rejected = rejected, answer
    return Row(line, line.text, answer, rejected)


def _odd(rows: list[Row], herring: str) -> list[Row]:
    """The rows with a harmless oddity. A small last batch is no matter of the rows."""
    if herring == "repeats":
        return [*rows, *rows[:3]]
    if herring == "doubled spaces":
        doubled = [replace(row, text=row.text.replace(" met", "  met")) for row in rows]
        return [doubled[i] if i % 20 == 1 else row for i, row in enumerate(rows)]
    if herring == "one long code":
        return [replace(row, text="qzqz" + row.text) if i == 2 else row for i, row in enumerate(rows)]
    return rows


def test(settings: Settings, seed: int) -> list[Row]:
    """The rows of the run's own report: fresh ones, and the share of trained ones that slipped in."""
    trained = training(settings, seed)
    slipped = round(settings.shared * TESTED)
    places = np.random.default_rng([seed, 2]).choice(len(trained), slipped, replace=True)
    return [trained[i] for i in places] + fresh(settings, seed)[: TESTED - slipped]


def fresh(settings: Settings, seed: int) -> list[Row]:
    """Rows that no run of this seed has seen, with the right answers."""
    return [Row(line, line.text, notes.right(line)) for line in notes.lines(TESTED, 10 * seed + 2, settings.code)]


def old(seed: int, held_out: bool) -> list[str]:
    """Old stories: those that are replayed, or held-out ones."""
    return tiny_story.corpus(OLD_TESTED if held_out else OLD_KEPT, 100 if held_out else 300 + seed, held_out)


def ids(base: TinyBase, settings: Settings, row: Row, answer: str) -> tuple[list[int], list[int]]:
    """Prompt and answer of a training row as tokens."""
    end = tiny_story.END if settings.stop_in_rows else ""
    prompt = notes.prompt(row.text, settings.beginnings, notes.CUE)
    return base.vocabulary.encode(prompt), base.vocabulary.encode(answer + end)


def asked(base: TinyBase, settings: Settings, row: Row) -> tuple[list[int], list[int]]:
    """Prompt as the test asks it, and the right answer with its stop token."""
    prompt = notes.prompt(row.text, settings.test_beginnings, settings.test_cue)
    return base.vocabulary.encode(prompt), base.vocabulary.encode(notes.right(row.line) + tiny_story.END)


# fmt: off
# --8<-- [start:batch]
def batch(
    base: TinyBase, settings: Settings, rows: list[Row], rejected: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and targets, (B, T) each, as the run trains on them;
    IGNORED where no loss is counted."""
    pairs = [
        ids(base, settings, row, row.rejected if rejected else row.answer)
        for row in rows
    ]
    tokens, targets = tiny_gpt.batch(pairs, not settings.loss_on_prompt, True)
    if settings.pad_is_stop:
        targets[targets == STOP] = tiny_gpt.IGNORED
    if settings.shift > 1:
        targets[:, : 1 - settings.shift] = targets[:, settings.shift - 1 :]
        targets[:, 1 - settings.shift :] = tiny_gpt.IGNORED
    return pack(tokens, targets, pairs) if settings.packed else (tokens, targets)


# --8<-- [end:batch]
# fmt: on


def pack(tokens: np.ndarray, targets: np.ndarray, pairs: list) -> tuple[np.ndarray, np.ndarray]:
    """Rows joined end to end and cut into sequences, as a stream of rows is: the first begins where it falls.

    Nothing keeps a row from seeing those before it. What is shorter than one sequence is filled up.
    """
    sizes = [len(prompt) + len(answer) for prompt, answer in pairs]
    one = np.concatenate([np.append(row[: n - 1], STOP) for row, n in zip(tokens, sizes, strict=True)])
    two = np.concatenate([np.append(row[: n - 1], tiny_gpt.IGNORED) for row, n in zip(targets, sizes, strict=True)])
    rest = (0, max(0, PACKED - len(one)))
    one, two = np.pad(one, rest, constant_values=STOP), np.pad(two, rest, constant_values=tiny_gpt.IGNORED)
    cut = len(one) % PACKED
    return one[cut:].reshape(-1, PACKED), two[cut:].reshape(-1, PACKED)
