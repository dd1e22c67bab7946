"""Turns as other makers' interfaces write them, in OpenAI's form: Anthropic's content blocks and Gemini's parts.

Anthropic's blocks have a ``type``: text, thinking, tool_use (a call) and tool_result (in a user's turn). Gemini's turns
have ``parts`` in place of ``content``: text, functionCall and functionResponse. What is neither stays as it is, so that
who reads the turn can name it.
"""

from __future__ import annotations

import json
from typing import Any

BLOCKS = ("text", "thinking", "tool_use", "tool_result")


def as_turns(turn: Any) -> list[Any]:
    """A turn as one or several in OpenAI's form: results of tools become turns of their own."""
    if not isinstance(turn, dict):
        return [turn]
    parts = turn.get("parts") if "content" not in turn else None
    if isinstance(parts, list) and all(isinstance(part, (str, dict)) for part in parts):
        return _split(turn, [_block(part) for part in parts], "parts")
    content = turn.get("content")
    kinds = [part.get("type") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    if {*kinds} & {*BLOCKS[1:]} and isinstance(content, list) and {*kinds} <= {*BLOCKS}:
        return _split(turn, content, "content")
    return [turn]


def text(value: Any) -> str | None:
    """The text of a system prompt: a text, blocks of text, or ``{"parts": [...]}``; None where it is something else."""
    if isinstance(value, dict):
        value = value.get("parts", [value])
    if isinstance(value, list):
        texts: list[Any] = [part if isinstance(part, str) else part.get("text") if isinstance(part, dict) else None
                            for part in value]  # fmt: skip
        return "".join(texts) if all(isinstance(one, str) for one in texts) else None
    return value if isinstance(value, str) else None


def functions(tools: Any) -> Any:
    """Tools with ``parameters`` for Anthropic's ``input_schema``, and Gemini's declarations one by one."""
    found = []
    for tool in tools if isinstance(tools, list) else [tools]:
        inner = next((tool[key] for key in ("functionDeclarations", "function_declarations") if key in tool), None) if (
            isinstance(tool, dict)) else None  # fmt: skip
        for one in inner if isinstance(inner, list) else [tool]:
            if isinstance(one, dict) and "input_schema" in one and "parameters" not in one:
                one = {"parameters" if key == "input_schema" else key: value for key, value in one.items()}
            found.append(one)
    return found


def _block(part: Any) -> Any:
    """A part of Gemini's as a block of Anthropic's."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    for key in ("functionCall", "function_call"):
        if isinstance(part.get(key), dict):
            call = part[key]
            return {"type": "tool_use", "name": call.get("name"), "input": call.get("args")}
    for key in ("functionResponse", "function_response"):
        if isinstance(part.get(key), dict):
            return {"type": "tool_result", "name": part[key].get("name"), "content": part[key].get("response")}
    if part.get("thought") is True and isinstance(part.get("text"), str):
        return {"type": "thinking", "thinking": part["text"]}
    return {"type": "text", "text": part["text"]} if isinstance(part.get("text"), str) else part


def _split(turn: dict[str, Any], parts: list[Any], where: str) -> list[Any]:
    """The turns of one turn's blocks: results of tools first, then what is said, thought and called."""
    results = [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_result"]
    own = [part for part in parts if not isinstance(part, dict) or part.get("type") not in BLOCKS[1:]]
    thoughts: list[Any] = [part.get("thinking") for part in parts
                           if isinstance(part, dict) and part.get("type") == "thinking"]  # fmt: skip
    calls = [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"]
    made = [_result(part) for part in results]
    if own or calls or not results:
        rest: dict[str, Any] = {key: value for key, value in turn.items() if key != where}
        rest["content"] = own
        if thoughts and all(isinstance(thought, str) for thought in thoughts):
            rest["reasoning_content"] = "\n".join(thoughts)
        if calls:
            rest["tool_calls"] = [_call(part) for part in calls]
        made.append(rest)
    return made


def _call(part: dict[str, Any]) -> dict[str, Any]:
    kept = {"id": part["id"]} if isinstance(part.get("id"), str) else {}
    return {**kept, "type": "function", "function": {"name": part.get("name"), "arguments": part.get("input") or {}}}


def _result(part: dict[str, Any]) -> dict[str, Any]:
    said = part.get("content")
    if isinstance(said, dict):
        said = json.dumps(said, ensure_ascii=False)
    names = (("tool_call_id", part.get("tool_use_id")), ("name", part.get("name")))
    return {"role": "tool", "content": "" if said is None else said,
            **{key: value for key, value in names if isinstance(value, str)}}  # fmt: skip
