"""The turns of a conversation, whatever they are called in a file: as ``{"role", "content"}`` with the usual roles."""

from __future__ import annotations

import ast
import json
from typing import Any

from labs_py.core import chat_data
from training.data.forms import blocks

ROLES = {
    "system": ("system", "developer", "system_prompt"),
    "user": ("user", "human", "prompter", "instruction", "question"),
    "assistant": ("assistant", "gpt", "bot", "model", "ai", "chatgpt", "chatbot", "bing", "bard", "claude", "answer"),
    "tool": ("tool", "observation", "function", "function_response", "tool_response", "ipython", "tool_result"),
    "call": ("function_call", "tool_call"),
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names}
ROLE_KEYS, TEXT_KEYS = ("role", "from", "speaker"), ("content", "value", "text")
KEPT = ("weight", "name", "tool_call_id", "reasoning_content", "reasoning", "thinking")
READ = {*ROLE_KEYS, *TEXT_KEYS, *KEPT, "tool_calls", "function_call"}


class Unfit(Exception):
    """Why a row cannot be written in our form.

    Attributes:
        fault: code and sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = chat_data.Fault(code, message)


def listed(value: Any, name: str) -> list[Any]:
    """A list of turns, also one that stands in a table as text (JSON, or as Python prints it).

    Raises:
        Unfit: it is neither.
    """
    if isinstance(value, dict) and set(value) & set(ROLE_KEYS):
        return [value]
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        value = unwritten(value)
    if isinstance(value, dict) and all(isinstance(column, list) for column in value.values()) and value:
        value = [dict(zip(value, each, strict=False)) for each in zip(*value.values(), strict=False)]
    if not isinstance(value, list):
        raise Unfit("missing-role", f"'{name}' is no list of turns")
    return [one for turn in value for one in blocks.as_turns(turn)]


def unwritten(text: str) -> Any:
    """What a text in JSON, or in Python's own notation, stands for; the text itself where it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def is_turns(value: Any) -> bool:
    """Whether a value is a list of turns, also one written as text."""
    try:
        found = listed(value, "")
    except Unfit:
        return False
    return bool(found) and all(isinstance(turn, dict) and set(turn) & set(ROLE_KEYS) for turn in found)


def turns_of(value: Any, name: str = "messages") -> list[dict[str, Any]]:
    """A conversation in our form.

    Args:
        value: a list of turns (``role`` and ``content``, or ``from`` and ``value``), or a text that holds one.
        name: of the key, for the message.

    Returns:
        Turns of system, user, assistant and tool; calls of tools as ``tool_calls``, their arguments as objects.

    Raises:
        Unfit: a turn cannot be written so.
    """
    found = [_turn(place, turn) for place, turn in enumerate(listed(value, name), 1)]
    if not found:
        raise Unfit("prompt-only", "no turns at all")
    return found


def unread(value: Any) -> list[str]:
    """Keys of turns that are not read, once for each turn that has something there."""
    return [str(key) for turn in listed(value, "") if isinstance(turn, dict)
            for key, said in turn.items() if key not in READ and said not in (None, "", [], {})]  # fmt: skip


def _turn(place: int, turn: Any) -> dict[str, Any]:
    if not isinstance(turn, dict):
        raise Unfit("missing-role", f"turn {place} is a {type(turn).__name__} and no object")
    given = next((turn[key] for key in ROLE_KEYS if turn.get(key) is not None), None)
    role = ROLE_OF.get(str(given).strip().lower())
    if role is None:
        raise Unfit("missing-role", f"turn {place} has the role {str(given)[:40]!r}, which is none of"
                    " system, user, assistant, tool and their usual names")  # fmt: skip
    given = next((turn[key] for key in TEXT_KEYS if turn.get(key) is not None), None)
    is_result = role == "tool" and (isinstance(given, dict) or is_records(given))
    content = json.dumps(given, ensure_ascii=False) if is_result else _text(place, given)
    if role == "call":
        return {"role": "assistant", "content": "", "tool_calls": _calls(place, content)}
    calls = turn.get("tool_calls") or ([turn["function_call"]] if turn.get("function_call") else [])
    kept = {key: turn[key] for key in KEPT if turn.get(key) is not None and not (key == "weight" and turn[key] == 1)}
    if kept.get("weight", 0) not in (0, 1):
        raise Unfit("bad-weight", f"turn {place} has the weight {kept['weight']!r}; it is 0 or 1")
    return {"role": role, "content": content, **({"tool_calls": _calls(place, calls)} if calls else {}), **kept}


def is_records(value: Any) -> bool:
    """Whether a tool gave back a list of data, and not a text in parts."""

    def is_part(one: Any) -> bool:
        return isinstance(one, str) or (isinstance(one, dict) and isinstance(one.get("text"), str))

    return isinstance(value, list) and not all(map(is_part, value))


def _text(place: int, content: Any) -> str:
    """A turn's text; the parts of one that is written as a list of parts are joined."""
    if content is None:
        return ""
    if isinstance(content, (list, tuple)):
        parts = []
        for part in content:
            text = part if isinstance(part, str) else part.get("text") if isinstance(part, dict) else None
            if not isinstance(text, str):
                kind = part.get("type", "object") if isinstance(part, dict) else type(part).__name__
                raise Unfit("not-text", f"turn {place} holds a part of type {str(kind)[:30]!r}; only text is read")
            parts.append(text)
        return "".join(parts)
    if isinstance(content, (int, float)):
        return json.dumps(content)
    if not isinstance(content, str):
        raise Unfit("not-text", f"the content of turn {place} is a {type(content).__name__}")
    return content


def _calls(place: int, given: Any) -> list[dict[str, Any]]:
    """Calls of tools as transformers' templates read them."""
    found = unwritten(given) if isinstance(given, str) else given
    calls = []
    for call in found if isinstance(found, list) else [found]:
        inner = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise Unfit("bad-call", f"turn {place} calls a tool without a name")
        asked = inner.get("arguments", inner.get("parameters", {}))
        asked = unwritten(asked) if isinstance(asked, str) and asked.strip() else asked or {}  # "" and null: none
        if not isinstance(asked, dict):
            raise Unfit("bad-call", f"the arguments of the call in turn {place} are no JSON object")
        kept = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
        calls.append({**kept, "type": "function", "function": {"name": inner["name"], "arguments": asked}})
    return calls


def tools_of(value: Any) -> list[dict[str, Any]]:
    """The tools that a row offers, each as ``{"type": "function", "function": {...}}``.

    Raises:
        Unfit: they are no list of named functions.
    """
    found = unwritten(value) if isinstance(value, str) else value
    tools = []
    for tool in blocks.functions(found):
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise Unfit("bad-tools", "'tools' holds something that is no function with a name")
        tools.append({"type": "function", "function": inner})
    return tools


def check(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same turns, after a look at their order.

    Raises:
        Unfit: an answer is missing, a turn is empty, or the order is none that a template can write.
    """
    with_tools = any(turn["role"] == "tool" or "tool_calls" in turn for turn in turns)
    faults = _tool_faults(turns) if with_tools else chat_data.check_turns(turns)
    if faults:
        raise Unfit(faults[0].code, faults[0].message)
    return turns


def _tool_faults(turns: list[dict[str, Any]]) -> list[chat_data.Fault]:
    """Faults of a conversation in which tools are called."""
    for place, turn in enumerate(turns, 1):
        if not turn["content"].strip() and "tool_calls" not in turn and turn["role"] != "tool":
            return [chat_data.Fault("empty-turn", f"turn {place} ({turn['role']}) is empty")]
        before = turns[place - 2] if place > 1 else None
        if turn["role"] == "tool" and (before is None or not ("tool_calls" in before or before["role"] == "tool")):
            return [chat_data.Fault("role-order", f"turn {place} is a tool's answer, and no call stands before it")]
        if turn["role"] == "system" and place > 1:
            return [chat_data.Fault("role-order", f"turn {place} is system; only the first may be")]
    if turns[-1]["role"] != "assistant":
        return [chat_data.Fault("prompt-only", "the last turn is not the assistant's")]
    return []


def system_of(value: Any, name: str) -> list[dict[str, Any]]:
    """The system turn of what a row gives beside its turns; [] where there is nothing.

    Raises:
        Unfit: it is something else than text.
    """
    if value in (None, "", [], {}):
        return []
    said = blocks.text(value)
    if said is None:
        raise Unfit("not-text", f"'{name}' is a {type(value).__name__} and no text")
    return [{"role": "system", "content": said}] if said.strip() else []


def text_of(value: Any, name: str) -> str:
    """One text; numbers and truth values are written out.

    Raises:
        Unfit: it is empty or no text.
    """
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Unfit("empty-turn", f"'{name}' is empty")
    if not isinstance(value, str):
        raise Unfit("not-text", f"'{name}' is a {type(value).__name__} and no text")
    return value
