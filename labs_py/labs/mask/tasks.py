"""The challenges of the mask inspector: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from labs_py.core import chat_template
from labs_py.labs.mask import examples, tokens
from labs_py.spec import Challenge, Task, Verdict

_ANSWERS = ("Eight.", "It has six legs.", "Blue, on most days.", "In the afternoon.", "Nobody knows for certain.")
_NO_TOKENIZER = Verdict("wrong", "The tokenizer has not been loaded yet: move a setting, and check once more.")


def _written(template: str, answer: str) -> list[chat_template.Piece]:
    turns = [{"role": "user", "content": "Well?"}, {"role": "assistant", "content": answer}]
    return chat_template.pieces(template, turns)


def _answer_of(seed: int) -> str:
    return _ANSWERS[int(np.random.default_rng(seed).integers(len(_ANSWERS)))]


def _count_of(seed: int) -> int:
    """Tokens of the drawn answer that are in the loss; LookupError without the tokenizer."""
    written = _written("smollm2", _answer_of(seed))
    return int(tokens.cut(written, chat_template.trained(written), 10**6).in_loss.sum())


def _draw_count(seed: int) -> Task:
    return Task(f'Under ChatML as in SmolLM2, the answer is "{_answer_of(seed)}". How many tokens are in the loss?',
                {"template": "smollm2", "rule": "answers"})  # fmt: skip


def _check_count(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    words = _answer_of(seed)
    try:
        truth = _count_of(seed)
    except LookupError:
        return _NO_TOKENIZER
    if answer == truth:
        return Verdict("right", f"Yes: {truth - 1} for the answer's words and signs, and one for the stop token.")
    if answer == truth - 1:
        return Verdict("wrong", "That leaves the stop token out: this model would be taught to go on for ever.")
    if answer in (len(words), len(words) + len("<|im_end|>")):
        return Verdict("wrong", "Those are characters. The model reads tokens: most words here are one, with the space "
                       "before them.")  # fmt: skip
    return Verdict("wrong", "Count the answer's tokens, full stop and all, and the one that ends it. The role's name "
                   "and the line break after the turn are not in the loss.")  # fmt: skip


def _draw_cut(seed: int) -> Task:
    return Task("Find the smallest cut that keeps the end of every answer of the example chat under this template, and "
                "leave the lab there. (Trained on: every answer.)",
                {"template": _template_of(seed), "limit": 40})  # fmt: skip


def _template_of(seed: int) -> str:
    return ("smollm2", "llama3", "qwen2_5", "phi3")[seed % 4]


def _cut_of(seed: int) -> int:
    """Tokens up to the end of the last stop; LookupError without the tokenizer."""
    written = chat_template.pieces(_template_of(seed), json.loads(examples.CHAT))
    row = tokens.cut(written, chat_template.trained(written), 10**6)
    return int(row.tokens_in(tokens.stops_of(written)[-1])[-1]) + 1


def _check_cut(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    if (params["template"], params["rule"], params["chat"]) != (_template_of(seed), "answers", examples.CHAT):
        return Verdict("wrong", "Go back to the example chat, the task's template, and every answer with its stop.")
    try:
        place = _cut_of(seed)
    except LookupError:
        return _NO_TOKENIZER
    if params["limit"] == place:
        return Verdict("right", f"Yes: {place}. One token less, and the last answer has no end.")
    if params["limit"] < place:
        return Verdict("wrong", "The last end is cut: 2 answers, but fewer than 2 ends are trained.")
    return Verdict("wrong", "Both ends are there, and you can still cut more: only what follows the last one may go.")


def _draw_refused(seed: int) -> Task:
    return Task("A training file has system turns. Which of these templates refuses it outright?")


def _check_refused(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    if answer == "gemma":
        return Verdict("right", "Yes: its template raises an error. Gemma 3 puts its words before the question.")
    return Verdict("wrong", "Set the template and look: it writes the system turn, in its own way.")


CHALLENGES = (
    Challenge("count", "Count what is learnt", "number", _draw_count, _check_count,
              "Paste the chat: user: Well? and, below it, assistant: with the answer.", "tokens"),
    Challenge("cut", "Cut as much as you dare", "params", _draw_cut, _check_cut,
              "Watch the number of answers whose end is trained."),
    Challenge("refused", "Who refuses?", "choice", _draw_refused, _check_refused, "Try them on the example.",
              choices=(("smollm2", "SmolLM2"), ("llama3", "Llama 3"), ("gemma", "Gemma"), ("gemma3", "Gemma 3"))),
)  # fmt: skip
