"""What the template leaves out of a row: refused where the model would learn something else, counted elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from training.models.rendering import thoughts
from training.models.rendering.places import Layout, Place, marked_call
from training.models.rendering.template import Chat, Message, written
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def weight(turn: Message, at: int) -> bool:
    """Whether an assistant's turn is learnt: ``weight`` 1 or none, not 0.

    Raises:
        BadInput: it is another value.
    """
    given = turn.get("weight")
    if given is not None and (isinstance(given, str) or given not in (0, 1)):
        raise BadInput(f"turn {at + 1} has 'weight' {given!r}; give 1 to learn it, or 0 to read it only")
    return given is None or bool(given)


def need_written(tokenizer: PreTrainedTokenizerBase, chat: Chat, found: Layout) -> None:
    """Check that the template writes every turn, the tool calls and the tools.

    Raises:
        BadInput: one of them would be lost.
    """
    for at, (turn, place) in enumerate(zip(chat.messages, found.places, strict=True)):
        called = found.text[found.opened[at] or 0 : place.end] if place else ""
        for call in turn.get("tool_calls") or ():
            name = str(call.get("function", call).get("name", "")) if isinstance(call, dict) else ""
            if not name or name not in called:
                raise BadInput(f"turn {at + 1}: the model's chat template does not write its 'tool_calls'"
                               f" ({name or 'no name'}); write the call into 'content', or take a model whose template"
                               " knows tools")  # fmt: skip
        lost_call = _unwritten_call(tokenizer, chat, found.text, at)
        if lost_call:
            raise BadInput(f"turn {at + 1}: the model's chat template writes one call a turn, and not {lost_call}; give"
                           " each call a turn of its own, with the tool's answer after it")  # fmt: skip
        if place is None:
            raise BadInput(f"turn {at + 1} ({turn['role']}): the model's chat template writes nothing of it; take it"
                           " out, or take a model whose template knows such turns")  # fmt: skip
    if chat.tools and written(tokenizer, Chat(chat.messages), ask=False) == found.text:
        raise BadInput("'tools': the model's chat template does not write them; put them into the system turn, or take"
                       " a model whose template knows tools")  # fmt: skip


def _unwritten_call(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str, at: int) -> str:
    """Which of several calls of a turn the template leaves out, in words; "" for none."""
    calls = chat.messages[at].get("tool_calls") or []
    for place in range(len(calls) if len(calls) > 1 else 0):
        changed = [marked_call(call) if k == place else call for k, call in enumerate(calls)]
        turns = [{**turn, "tool_calls": changed} if k == at else turn for k, turn in enumerate(chat.messages)]
        if written(tokenizer, Chat(turns, chat.tools), ask=False) == text:
            return f"call {place + 1} of {len(calls)}"
    return ""


def read(messages: list[Message], how: str) -> tuple[list[Message], dict[str, int]]:
    """The turns with their thoughts as the setting wants them, and how many thoughts were taken out.

    Args:
        messages: turns as in a row; left as they are.
        how: "keep", "strip" or "require".

    Raises:
        BadInput: a turn has no text, or the last answer no thoughts where they are required.
    """
    for at, turn in enumerate(messages):
        if turn.get("content") is None and not turn.get("tool_calls"):
            raise BadInput(f"turn {at + 1} ({turn.get('role')}) has no text in 'content'")
    answers = [turn for turn in messages if turn["role"] == "assistant"]
    if how == "require" and answers and not thoughts.thought_of(answers[-1]):
        raise BadInput("data.thoughts=require: the last answer holds no thoughts; give them in 'reasoning_content', or"
                       " set data.thoughts to keep")  # fmt: skip
    if how != "strip":
        return list(messages), {}
    taken = sum(bool(thoughts.thought_of(turn)) for turn in answers)
    return [thoughts.without(turn) if turn["role"] == "assistant" else turn for turn in messages], {"thoughts": taken}


def lost(chat: Chat, text: str, answers: dict[int, Place], how: str) -> dict[str, int]:
    """How many thoughts and texts of answers the template left out or changed, and how many turns are only read.

    Raises:
        BadInput: the thoughts of the last answer are left out where they are required.
    """
    counts = {"thoughts": 0, "texts": 0, "turns": 0}
    for at, place in answers.items():
        turn = chat.messages[at]
        here = text[place.start : place.end]
        thought, answer = thoughts.thought_of(turn), thoughts.said(_text(turn)).strip()
        gone = bool(thought) and thought not in here
        counts["thoughts"] += gone
        counts["texts"] += bool(answer) and answer not in here and _escaped(answer) not in here
        counts["turns"] += not weight(turn, at)
        if gone and how == "require" and at == max(answers):
            raise BadInput("data.thoughts=require: the model's chat template leaves the last answer's thoughts out;"
                           " set data.thoughts to keep or strip")  # fmt: skip
    return counts


def _text(turn: Message) -> str:
    content: Any = turn.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def texts(turn: Message) -> list[str]:
    """The texts that a reader wrote into a turn."""
    found = [_text(turn), *(turn[key] for key in (*thoughts.THOUGHTS, "name") if isinstance(turn.get(key), str))]
    for call in turn.get("tool_calls") or ():
        inner = call.get("function", call) if isinstance(call, dict) else {}
        given = inner.get("arguments") if isinstance(inner, dict) else None
        found += [value for value in (given.values() if isinstance(given, dict) else [given]) if isinstance(value, str)]
    return [text for text in found if text]
