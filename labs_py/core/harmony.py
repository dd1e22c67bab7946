"""gpt-oss's chat template, called harmony: an answer's words stand behind a channel that the model names itself.

Thoughts go to the channel ``analysis``, calls of tools to ``commentary``, the answer to ``final``. Thoughts are kept
with the last answer alone, or with a call that no later answer follows. The template writes the day on which it is
used; here it is one fixed day, since a lab knows no clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labs_py.core.chat_pieces import Piece, Refused, Turn, reasoning_of
from labs_py.core.harmony_tools import namespace

DAY = "2025-08-05"
_SYSTEM = (
    "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\n"
    f"Current date: {DAY}\n\nReasoning: medium\n\n"
    "# Valid channels: analysis, commentary, final. Channel must be included for every message."
)
_CALLS = "\nCalls to these tools must go to the commentary channel: 'functions'."
_TAGS = ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>")
_TAGGED = (
    "You have passed a message containing <|channel|> tags in the content field. Instead of doing this, you should "
    "pass analysis messages (the string between '<|message|>' and '<|end|>') in the 'thinking' field, and final "
    "messages (the string between '<|message|>' and '<|end|>') in the 'content' field."
)
_BOTH = (
    "Cannot pass both content and thinking in an assistant message with tool calls! "
    "Put the analysis message in one or the other, but not both."
)
_NO_CALL = "Message has tool role, but there was no previous assistant message with a tool call!"


def _said(place: int, to: str, channel: str, text: str, stop: str) -> Iterator[Piece]:
    """One message of an assistant."""
    yield Piece("<|start|>assistant", "frame", "assistant", place)
    yield Piece(f"{to}<|channel|>{channel}<|message|>", "channel", "assistant", place)
    yield Piece(text, "content", "assistant", place)
    yield Piece(stop, "stop", "assistant", place)


def _text_of(turn: Turn) -> tuple[str | None, str | None]:
    """Words and thoughts of an assistant's turn."""
    thoughts = turn.get("thinking", reasoning_of(turn))
    has_thoughts = "thinking" in turn or thoughts is not None
    content = turn["content"]
    if not isinstance(content, str) or (has_thoughts and not isinstance(thoughts, str)):
        raise Refused("an answer needs a text, and thoughts are a text")
    for text, field in ((content, "content"), (thoughts or "", "thinking")):
        if any(tag in text for tag in _TAGS):
            raise Refused(_TAGGED if field == "content" else _TAGGED.replace("in the content", "in the thinking", 1))
    return content, thoughts if has_thoughts else None


def _called(place: int, turn: Turn, answered_later: bool) -> tuple[str, list[Piece]]:
    """The first call of a turn (the template writes no second one), after its thoughts; and the tool's name."""
    content, thoughts = _text_of(turn)
    calls = turn["tool_calls"]
    if not calls:
        raise Refused("a turn of tool calls names none")
    call = calls[0].get("function") or calls[0]
    if content and thoughts:
        raise Refused(_BOTH)
    kept = "" if answered_later else content or thoughts
    before = list(_said(place, "", "analysis", kept, "<|end|>")) if kept else []
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    channel = f"commentary {call.get('content_type', 'json')}"
    return call["name"], [*before, *_said(place, f" to=functions.{call['name']}", channel, arguments, "<|call|>")]


def _opening(turns: list[Turn], tools: Any) -> Iterator[Piece]:
    """The system turn, which is the template's own; yours is the developer's."""
    yield Piece(f"<|start|>system<|message|>{_SYSTEM}{_CALLS if tools else ''}<|end|>", "frame", "system")
    given = turns[0]["content"] if turns[0]["role"] == "system" else ""
    if given or tools:
        yield Piece("<|start|>developer<|message|>" + ("# Instructions\n\n" if given else ""), "frame", "system", 0)
        yield Piece(given, "content", "system", 0)
        listed = "# Tools\n\n" + namespace(tools) if tools else ""
        yield Piece(("\n\n" if given else "") + listed + "<|end|>", "frame", "system", 0)


def write(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    """A conversation as gpt-oss reads it.

    Raises:
        Refused: a tool's result without a call before it, channel tags in a text, thoughts and text beside a call.
    """
    yield from _opening(turns, tools)
    tool = None
    for place, turn in enumerate(turns):
        role, is_last = turn["role"], place == len(turns) - 1
        if role == "assistant" and "tool_calls" in turn:
            later = any(t["role"] == "assistant" and "tool_calls" not in t for t in turns[place + 1 :])
            tool, written = _called(place, turn, later)
            yield from written
        elif role == "assistant":
            content, thoughts = _text_of(turn)
            ends = is_last and not ask
            if ends and thoughts is not None:
                yield from _said(place, "", "analysis", thoughts, "<|end|>")
            yield from _said(place, "", "final", content or "", "<|return|>" if ends else "<|end|>")
            tool = tool if ends else None
        elif role == "tool":
            if tool is None:
                raise Refused(_NO_CALL)
            yield Piece(f"<|start|>functions.{tool} to=assistant<|channel|>commentary<|message|>", "frame", role, place)
            yield Piece(json.dumps(turn["content"], ensure_ascii=False), "content", role, place)
            yield Piece("<|end|>", "stop", role, place)
        elif role == "user":
            yield Piece("<|start|>user<|message|>", "frame", role, place)
            yield Piece(turn["content"], "content", role, place)
            yield Piece("<|end|>", "stop", role, place)
    if ask:
        yield Piece("<|start|>assistant", "ask", "assistant")
