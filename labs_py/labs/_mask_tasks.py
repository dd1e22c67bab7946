"""The challenges of the mask inspector."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from labs_py.core import chat_template
from labs_py.labs import _mask_spec
from labs_py.spec import Challenge, Task, Verdict

_ANSWERS = ("Eight.", "It has six legs.", "Blue, on most days.", "In the afternoon.", "Nobody knows for certain.")
_WITH_STOP = [(value, label) for value, label in _mask_spec.TEMPLATES if value != "plain"]


def _count_of(seed: int) -> tuple[str, str, str, int]:
    """Template, its label, an answer, and the characters trained on."""
    rng = np.random.default_rng(seed)
    template, label = _WITH_STOP[int(rng.integers(len(_WITH_STOP)))]
    answer = _ANSWERS[int(rng.integers(len(_ANSWERS)))]
    turns = [{"role": "user", "content": "Well?"}, {"role": "assistant", "content": answer}]
    written = chat_template.pieces(template, turns)
    counts = chat_template.trained(written)
    return template, label, answer, sum(len(p.text) for p, c in zip(written, counts, strict=True) if c)


def _draw_count(seed: int) -> Task:
    _, label, answer, _ = _count_of(seed)
    return Task(f'Under the template of {label}, the answer is "{answer}". How many characters are trained on, the '
                "stop token counted as it is written?")  # fmt: skip


def _check_count(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    _, _, words, truth = _count_of(seed)
    if answer == truth:
        return Verdict("right", f"Yes: {len(words)} of the answer and {truth - len(words)} of the stop token.")
    if answer == len(words):
        return Verdict("wrong", "That leaves the stop token out: this model would be taught to go on for ever.")
    return Verdict("wrong", "Count the answer's characters and those of the one token that ends it. The role's name "
                   "and the line break after the turn are not trained on.")  # fmt: skip


def _draw_cut(seed: int) -> Task:
    return Task("Find the smallest cut that keeps every stop token of the example chat under this template, and leave "
                "the lab there. (Trained on: every answer.)", {"template": _cut_of(seed)[0], "limit": 100})  # fmt: skip


def _cut_of(seed: int) -> tuple[str, int]:
    """Template and the place where its last stop ends."""
    template = ("smollm2", "llama3", "qwen2_5", "phi3")[seed % 4]
    written = chat_template.pieces(template, _chat())
    last = max(i for i, piece in enumerate(written) if piece.part == "stop")
    return template, sum(len(piece.text) for piece in written[: last + 1])


def _chat() -> list[dict[str, str]]:
    return json.loads(_mask_spec.CHAT)


def _check_cut(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    template, place = _cut_of(seed)
    if (params["template"], params["rule"], params["chat"]) != (template, "answers", _mask_spec.CHAT):
        return Verdict("wrong", "Go back to the example chat, the task's template, and every answer with its stop.")
    if params["limit"] == place:
        return Verdict("right", f"Yes: {place}. One character less, and the last answer has no end.")
    if params["limit"] < place:
        return Verdict("wrong", "The last stop token is cut: 2 answers, but fewer than 2 stops are trained.")
    return Verdict("wrong", "Both stops are there, and you can still cut more: only what follows the last stop may go.")


def _draw_refused(seed: int) -> Task:
    return Task("A training file has system turns. Which of these templates refuses it outright?")


def _check_refused(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    if answer == "gemma":
        return Verdict("right", "Yes: its template raises an error. Gemma 3 puts its words before the question.")
    return Verdict("wrong", "Set the template and look: it writes the system turn, in its own way.")


CHALLENGES = (
    Challenge("count", "Count what is learnt", "number", _draw_count, _check_count,
              "Paste the chat: user: Well? and, below it, the answer.", "characters"),
    Challenge("cut", "Cut as much as you dare", "params", _draw_cut, _check_cut,
              "Watch the number of answers whose stop token is trained."),
    Challenge("refused", "Who refuses?", "choice", _draw_refused, _check_refused, "Try them on the example.",
              choices=(("smollm2", "SmolLM2"), ("llama3", "Llama 3"), ("gemma", "Gemma"), ("gemma3", "Gemma 3"))),
)  # fmt: skip
