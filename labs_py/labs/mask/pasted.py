"""What a reader pastes into the mask inspector, as turns, tools and lines; every fault is a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from labs_py.core import chat_data, pasted_json

MOST_TURNS = 200
BAD_BYTE = 0x10FE00  # the page hands a byte that is not UTF-8 over as this plus the byte
_SPOKEN = re.compile(r"^\s*(system|user|assistant|tool)\s*:\s?(.*)$", re.IGNORECASE)
_BROKEN = re.compile("[\U0010fe80-\U0010feff]")


def read_chat(text: str) -> tuple[list[dict[str, Any]], list[Any] | None, str]:
    """Turns, tools and a fault ("" when there is none) of JSON in a documented shape, or of lines ``role: words``."""
    if not text.strip():
        return [], None, "Paste a chat first; the example is used."
    if text.lstrip()[0] not in "[{":
        turns = _spoken(text)
        return (turns, None, "") if turns else ([], None, "Begin each turn with user:, assistant: or system:.")
    try:
        given = pasted_json.load(text)
        given = json.loads(json.dumps(given, ensure_ascii=False).encode("utf-8", "replace"))
    except pasted_json.TooDeep as error:
        return [], None, f"This chat is {error}; the example is used."
    except pasted_json.RepeatedKey as error:
        return [], None, f"In this chat {error}; the example is used."
    except ValueError as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        return [], None, f"This is not JSON{where}; the example is used."
    row = {"messages": given} if isinstance(given, list) else given
    given_turns, tools = chat_data.turns_of(row), row.get("tools") or None
    fault = _fault(given_turns, tools)
    return ([], None, f"{fault} The example is used.") if fault else (given_turns or [], tools, "")


def _spoken(text: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for line in text.encode("utf-8", "replace").decode().splitlines():
        found = _SPOKEN.match(line)
        if found and len(turns) < MOST_TURNS:
            turns.append({"role": found[1].lower(), "content": found[2]})
        elif turns:
            turns[-1]["content"] += "\n" + line
    return turns


def _fault(turns: Any, tools: Any) -> str:
    if not turns:
        return "There are no turns: give messages, or a prompt with its completion."
    if len(turns) > MOST_TURNS:
        return f"{len(turns):,} turns, and at most {MOST_TURNS} are shown."
    if tools is not None and not (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)):
        return "tools must be a list of objects."
    for place, turn in enumerate(turns, 1):
        if not isinstance(turn, dict) or turn.get("role") not in (*chat_data.ROLES, "tool"):
            return f"Turn {place} has no role of system, user, assistant or tool."
        calls = turn.get("tool_calls")
        if calls and not _callable(calls):
            return f"Turn {place}: each tool call needs a name and arguments."
        if not isinstance(turn.get("content"), str) and not (calls and turn.get("content") is None):
            return f"Turn {place} ({turn['role']}) has no text in content."
    return ""


def _callable(calls: Any) -> bool:
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        return False
    inner = [call.get("function", call) for call in calls]
    return all(isinstance(c, dict) and isinstance(c.get("name"), str) and "arguments" in c for c in inner)


def read_lines(text: str) -> Iterator[tuple[int, bytes, int]]:
    """Number, bytes and length of each line that holds something, as ``python -m training data check`` reads them."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        bare = _bytes(line.rstrip("\r"))
        if bare.strip():
            yield number, bare, len(bare)


def _bytes(line: str) -> bytes:
    if not line.isascii() and _BROKEN.search(line):
        return b"".join(bytes([ord(c) - BAD_BYTE]) if _BROKEN.match(c) else _bytes(c) for c in line)
    return line.encode("utf-8", "surrogatepass")


def questions(text: str) -> set[str]:
    """``prompt_key`` of every readable row of a held-out file; a line that is no JSON object is a bare question."""
    keys = set()
    for _, line, _ in read_lines(text):
        row, _ = chat_data.parse_line(line)
        turns = chat_data.turns_of(row) if row is not None else None
        if turns is None:
            keys.add(chat_data.normal_form(line.decode("utf-8", "replace")))
        elif not [f for f in chat_data.check_turns(turns) if f.code in ("missing-role", "empty-turn")]:
            keys.add(chat_data.prompt_key(turns))
    return keys - {""}
