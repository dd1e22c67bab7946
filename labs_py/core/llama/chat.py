"""Chats as SmolLM2's own template writes them, rows to learn from them, and whether an answer is right."""

from __future__ import annotations

import json
from typing import Any

from labs_py.core import byte_pairs
from labs_py.core.byte_pairs import Tokenizer
from labs_py.core.llama.learning import Row

STOP = "<|im_end|>"
OWN_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # where a chat has no system turn
REFUSAL, CLOSING, MOST_WORDS = "I can only help with the library.", "See you at the desk!", 30
Turn = dict[str, str]


def ids(texts: Tokenizer, text: str) -> list[int]:
    """Token ids of a text."""
    return [token.id for token in byte_pairs.encode(texts, text)]


def prompt_text(turns: list[Turn]) -> str:
    """A chat up to the answer; without a system turn the template writes one of its own."""
    if turns[0]["role"] != "system":
        turns = [{"role": "system", "content": OWN_SYSTEM}, *turns]
    written = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}{STOP}\n" for turn in turns)
    return f"{written}<|im_start|>assistant\n"


def row(texts: Tokenizer, messages: list[Turn], longest: int) -> Row:
    """A chat as a row of at most ``longest`` tokens: its last answer is learnt, stop token and all.

    Raises:
        ValueError: the row has no answer, or is too long; the message is a sentence for the reader.
    """
    *asked, said = messages
    if not asked or said["role"] != "assistant" or not said["content"].strip():
        raise ValueError("Each row needs a question and an answer.")
    before = ids(texts, prompt_text(asked))
    whole = before + ids(texts, f"{said['content']}{STOP}")
    if len(whole) > longest:
        raise ValueError(f"A row has {len(whole):,} tokens; at most {longest} can be learnt here. Shorten it.")
    return Row(whole, len(before))


def text_row(texts: Tokenizer, text: str, longest: int) -> Row:
    """Plain text as a row, cut to ``longest`` tokens: all of it is learnt."""
    return Row(ids(texts, text)[:longest], 0)


# fmt: off
# --8<-- [start:exact]
def exact(task: str, text: str, target: str) -> bool:
    """Whether an answer to a held-out row is right,
    as the task's own score in ``training`` counts it.

    orders: one JSON object with the very values of the target, each key once.
    library_desk: the fixed refusal where that is the target;
    else one short sentence and the closing words.
    """
    if task == "orders":
        return _form(text) is not None and _form(text) == _form(target)
    text = text.strip()
    if target.strip() == REFUSAL or text == REFUSAL:
        return text == target.strip()
    refuses = REFUSAL.rstrip(".").lower() in text.lower()
    return (
        not refuses
        and text.endswith(CLOSING)
        and _sentences(text) == 2
        and len(text.split()) <= MOST_WORDS
    )


# --8<-- [end:exact]
# fmt: on


def _sentences(text: str) -> int:
    """Marks that end a sentence: those with white space or nothing after them."""
    pairs = zip(text, [*text[1:], " "], strict=True)
    return sum(mark in ".!?" and after.isspace() for mark, after in pairs)


def _form(text: str) -> list[tuple[str, str, str]] | None:
    """Keys, types and values of one JSON object, sorted; None when the text is none."""
    try:
        pairs: Any = json.loads(text.strip(), object_pairs_hook=lambda found: ("object", found))
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, tuple):
        return None
    return sorted((key, type(value).__name__, repr(value)) for key, value in pairs[1])
