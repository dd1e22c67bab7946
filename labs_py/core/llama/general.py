"""What an adapter did to the rest: a passage of general text, some questions of general knowledge, rows held out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from labs_py.core.byte_pairs import Tokenizer, spellings
from labs_py.core.llama import chat
from labs_py.core.llama import model as llama
from labs_py.core.llama.answer import Writer
from labs_py.core.llama.model import Memory, Pass
from labs_py.core.llama.pieces import Pieces
from labs_py.core.tiny_gpt import softmax

AT_ONCE = 64  # places that are scored together
SHORT, LONG = 24, 64  # tokens of an answer to a question, and to a held-out row


def text_loss(writer: Writer, ids: Sequence[int]) -> Pieces[float]:
    """Mean cross-entropy of each token of a text but the first, in nats, read in float32 from its start."""
    tokens, losses = np.array(ids), []
    memory = Memory.empty(writer.model.shape, len(tokens) - 1)
    hidden = yield from llama.in_pieces(Pass(writer.model, writer.linear), tokens[:-1], memory)
    for start in range(0, len(hidden), AT_ONCE):
        logits = yield from llama.scores_in_pieces(writer.model, hidden[start : start + AT_ONCE])
        wanted = tokens[1 + start : 1 + start + len(logits)]
        losses.append(-np.log(np.maximum(softmax(logits)[np.arange(len(wanted)), wanted], 1e-30)))
    return float(np.concatenate(losses).mean(dtype=np.float64))


def written(writer: Writer, texts: Tokenizer, turns: list[dict[str, str]], longest: int) -> Pieces[str]:
    """The likeliest answer to a chat, without its stop token."""
    stop, spelt, found = texts.special[chat.STOP], spellings(texts), []
    writer.forget()
    for token in writer.in_pieces(chat.ids(texts, chat.prompt_text(turns)), [stop], longest):
        if token is not None and token.id != stop:
            found.append(spelt[token.id])
        yield
    return b"".join(found).decode(errors="replace").strip()


def names(text: str, word: str) -> bool:
    """Whether an answer holds the word that a question asks for, as a word of its own."""
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


def measured(writer: Writer, texts: Tokenizer, asked: dict[str, Any]) -> Pieces[dict[str, Any]]:
    """How a model does on what it was not trained on.

    Args:
        asked: "passage", a text; "questions", [question, word of the right answer] each; "held", chats with answers.

    Returns:
        "loss" in nats a token, "general" and "held": [answer, whether it is right] each.
    """
    loss = yield from text_loss(writer, chat.ids(texts, asked["passage"]))
    general, held = [], []
    for question, word in asked["questions"]:
        said = yield from written(writer, texts, [{"role": "user", "content": question}], SHORT)
        general.append([said, names(said, word)])
    for messages in asked["held"]:
        said = yield from written(writer, texts, messages[:-1], LONG)
        held.append([said, said == messages[-1]["content"].strip()])
    return {"loss": loss, "general": general, "held": held}
