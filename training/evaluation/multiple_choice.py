"""A general multiple-choice test of our own, scored by log-likelihood: does a fine-tuned model still know what it knew?

Every fact is asked in three wordings; the interval resamples facts, not items, since wordings of one fact go together.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.evaluation.general_facts import TABLES
from training.models import chat_template
from training.models.generate import compact_head
from training.models.structure.halving import in_batches

OPTIONS = 4
SEED = 5


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        fact: number of the fact it asks about.
        prompt: text up to the answer.
        options: continuations with their leading space; the right one first.
    """

    fact: int
    prompt: str
    options: tuple[str, ...]


def items() -> list[Item]:
    """All items, the same on every machine."""
    rng = random.Random(SEED)
    made, fact = [], 0
    for wordings, pairs in TABLES.values():
        answers = sorted({answer for _, answer in pairs})
        accepted: dict[str, set[str]] = {}
        for subject, answer in pairs:
            accepted.setdefault(subject, set()).add(answer)
        for subject, answer in pairs:
            wrong = [other for other in answers if other not in accepted[subject] and other != subject]
            for wording in wordings:
                chosen = rng.sample(wrong, OPTIONS - 1)
                prompt = wording.format(subject)
                prompt = prompt[0].upper() + prompt[1:]
                made.append(Item(fact, prompt, tuple(f" {option}" for option in (answer, *chosen))))
            fact += 1
    return made


def option_scores(model: Any, tokenizer: Any, chosen: list[Item], batch_size: int = 64) -> np.ndarray:
    """Log-likelihood of each option after its prompt.

    Where all four options are one token each, one pass over the prompt scores all of them.

    Args:
        model: causal language model.
        tokenizer: its tokenizer.
        chosen: items.
        batch_size: rows run together.

    Returns:
        [items, 4] summed log-probabilities in nats.
    """
    rows: list[tuple[int, int | None, list[int], list[list[int]]]] = []
    for number, item in enumerate(chosen):
        asked = chat_template.text_ids(tokenizer, item.prompt)
        answers = [tokenizer(option, add_special_tokens=False)["input_ids"] for option in item.options]
        if all(len(answer) == 1 for answer in answers):
            rows.append((number, None, asked, answers))
        else:
            rows += [(number, place, asked, [answer]) for place, answer in enumerate(answers)]
    scores = np.zeros((len(chosen), OPTIONS))
    rows.sort(key=lambda row: len(row[2]) + len(row[3][0]))
    with compact_head(model):
        for _ in in_batches(rows, batch_size, lambda part: [_score_rows(model, part, scores)], "the general facts"):
            pass  # each part writes its own scores
    return scores


def _score_rows(model: Any, rows: list, scores: np.ndarray) -> None:
    """Fill ``scores`` for rows of (item, option or None for all, prompt ids, answers)."""
    import torch

    device = next(model.parameters()).device
    sequences = [asked + (answers[0][:-1] if option is not None else []) for _, option, asked, answers in rows]
    width = max(map(len, sequences))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, width - len(sequence) :] = torch.tensor(sequence)
        mask[row, width - len(sequence) :] = 1
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    tail = max(len(answers[0]) for *_, answers in rows)
    with torch.inference_mode():
        output = model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            position_ids=positions.to(device),
            use_cache=False,
            logits_to_keep=tail,
        )
        logs = output.logits.float().log_softmax(-1).cpu()
    for row, (number, option, _, answers) in enumerate(rows):
        if option is None:
            scores[number] = [float(logs[row, -1, answer[0]]) for answer in answers]
        else:
            answer = answers[0]
            places = range(tail - len(answer), tail)
            scores[number, option] = sum(float(logs[row, p, t]) for p, t in zip(places, answer, strict=True))


def by_fact(scores: np.ndarray, chosen: list[Item]) -> np.ndarray:
    """[facts] share of a fact's wordings that were answered right."""
    right = (scores.argmax(1) == 0).astype(float)
    facts = np.array([item.fact for item in chosen])
    return np.array([right[facts == fact].mean() for fact in np.unique(facts)])
