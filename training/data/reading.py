"""From a line of a file to a row of a run: what is kept of it, and how much is not."""

from __future__ import annotations

from typing import Any

from labs_py.core import chat_data

KEPT_KEYS = ("role", "content", "tool_calls", "tool_call_id", "name", "weight",
             "reasoning_content", "reasoning", "thinking")  # fmt: skip
KNOWN_COLUMNS = ("messages", "prompt", "completion", "tools", "id")


def row_of(given: dict[str, Any], system: str, name: str) -> dict[str, Any]:
    """A row of a run from a line without faults.

    Args:
        given: ``messages``, or ``prompt`` with ``completion``; ``tools`` beside them.
        system: put before a conversation that has no system turn; "" for none.
        name: the row's ``id`` where the line has none.

    Returns:
        {"messages", "id"}, with "tools" where there are some, and with "left_out" where something is: how many keys of
        turns and columns of the line no template reads.
    """
    every = chat_data.turns_of(given, system) or []
    turns = [{key: turn[key] for key in KEPT_KEYS if key in turn and (turn[key] is not None or key == "content")}
             for turn in every]  # fmt: skip
    if system and turns and turns[0]["role"] != "system":
        turns.insert(0, {"role": "system", "content": system})
    row: dict[str, Any] = {"messages": turns, "id": str(given.get("id", name))}
    if given.get("tools"):
        row["tools"] = given["tools"]
    unread = {
        "keys": sum(key not in KEPT_KEYS and turn[key] is not None for turn in every for key in turn),
        "columns": sum(column not in KNOWN_COLUMNS and given[column] is not None for column in given),
    }
    left_out = {kind: count for kind, count in unread.items() if count}
    return {**row, "left_out": left_out} if left_out else row
