"""Tool calls: of a turn as data, and as they stand in the text that a model writes.

Chat templates write a call in a few forms: an object with the name and the arguments, the name before an object with
the arguments, tags around each argument, or a call as Python writes it. All are read here, so that an answer is
compared by what it calls.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

ARGUMENTS = ("arguments", "parameters", "args", "input")
# the name stands before an object with the arguments
NAMED = re.compile(r"(?:to=functions\.|<｜tool▁sep｜>|\[TOOL_CALLS\]|<tool_call>|functions\.|^)\s*"
                   r"([\w.-]+?)(?:commentary|analysis|final)?[^\w.{}-]*(?:json\s*)?(?=\{)", re.MULTILINE)  # fmt: skip
# tags around each argument: the tag of a call with what stands in it, and that of an argument
TAGS = (
    (re.compile(r"<function=([\w.-]+)>(.*?)</function>", re.DOTALL),
     re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)),
    (re.compile(r'<[\w:]*invoke name="([^"]+)">(.*?)</[\w:]*invoke>', re.DOTALL),
     re.compile(r'<[\w:]*parameter name="([^"]+)"[^>]*>(.*?)</[\w:]*parameter>', re.DOTALL)),
    (re.compile(r"<tool_call>\s*([\w.-]+)\s*\n?((?:\s*<arg_key>.*?)?)</tool_call>", re.DOTALL),
     re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)),
)  # fmt: skip
BARE = re.compile(r"call:([\w.-]+)(\{.*?\})(?=\s*(?:call:|<|$))", re.DOTALL)  # keys and texts without JSON's quotes
QUOTE, KEY = '<|"|>', re.compile(r"([{,]\s*)([\w.-]+)\s*:")
PYTHON = re.compile(r"\[\s*[\w.]+\(.*\)\s*\]", re.DOTALL)
DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        name: of the function.
        arguments: by name.
    """

    name: str
    arguments: dict[str, Any]


def of_turn(turn: dict[str, Any]) -> list[Call]:
    """The calls of a turn's ``tool_calls``, whether the arguments stand there as an object or as JSON text."""
    found = (_of_object(call.get("function", call)) for call in turn.get("tool_calls") or () if isinstance(call, dict))
    return [call for call in found if call is not None]


def as_text(call: Call) -> str:
    """A call as one JSON object, which ``read`` reads back."""
    return json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)


def read(text: str) -> list[Call]:
    """The calls in a text, in order; [] where there is none that can be read."""
    for read_form in (_tagged, _bare, _python):
        found = read_form(text)
        if found:
            return found
    return _objects(text)


def _tagged(text: str) -> list[Call]:
    return [Call(name, {key.strip(): _value(value) for key, value in argument.findall(inner)})
            for call, argument in TAGS for name, inner in call.findall(text)]  # fmt: skip


def _bare(text: str) -> list[Call]:
    """``call:name{key:<|"|>text<|"|>,other:3}``."""
    found = []
    for name, inner in BARE.findall(text):
        parts = inner.split(QUOTE)  # every second one is a text
        written = "".join(json.dumps(part) if at % 2 else KEY.sub(r'\1"\2":', part) for at, part in enumerate(parts))
        try:
            found.append(Call(name, json.loads(written)))
        except ValueError:
            continue
    return found


def _python(text: str) -> list[Call]:
    """``[name(key='text', other=3)]``."""
    match = PYTHON.search(text)
    try:
        listed = ast.parse(match[0], mode="eval").body if match else None
        return [Call(ast.unparse(call.func), {str(one.arg): ast.literal_eval(one.value) for one in call.keywords})
                for call in getattr(listed, "elts", ()) if isinstance(call, ast.Call)]  # fmt: skip
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []


def _objects(text: str) -> list[Call]:
    found: list[Call] = []
    names = {match.end(): match[1] for match in NAMED.finditer(text)}
    at = text.find("{")
    while at >= 0:
        try:
            value, end = DECODER.raw_decode(text, at)
        except ValueError:
            at = text.find("{", at + 1)
            continue
        call = _of_object(value) or (Call(names[at], value) if at in names else None)
        found += [call] if call is not None else []
        at = text.find("{", end)
    return found


def _of_object(value: Any) -> Call | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]
    name, given = value.get("name"), next((value[key] for key in ARGUMENTS if key in value), None)
    if isinstance(given, str):
        try:
            given = json.loads(given or "{}")
        except ValueError:
            return None
    return Call(name, given or {}) if isinstance(name, str) and isinstance(given, dict | None) and (
        given is not None or len(value) == 1) else None  # fmt: skip


def _value(text: str) -> Any:
    """A tagged argument: JSON where it reads as such, otherwise text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def score(answer: str, expected: str) -> dict[str, float]:
    """How far an answer calls what was expected; where no call was, how far it says the same and calls nothing.

    Args:
        answer: the model's text.
        expected: text, with the calls as ``as_text`` writes them.

    Returns:
        ``exact``: the same calls with the same arguments (or the same text); ``valid``: calls where some were expected
        and none where not; ``content``: the same but for case and the type of a value; ``field``: the share of
        arguments that are right.
    """
    wanted, found = read(expected), read(answer)
    valid = bool(wanted) == bool(found)
    if not wanted:
        same = valid and answer.strip() == expected.strip()
        near = valid and _plain(answer) == _plain(expected)
        return {"exact": float(same), "valid": float(valid), "content": float(near), "field": float(near)}
    near = [_lenient(call) for call in found] == [_lenient(call) for call in wanted]
    return {"exact": float(found == wanted), "valid": float(valid), "content": float(near),
            "field": _share(found, wanted)}  # fmt: skip


def _share(found: list[Call], wanted: list[Call]) -> float:
    """Arguments that are right, of all that either side has; a call of another name has none right."""
    right, count = 0, 0
    for place in range(max(len(found), len(wanted))):
        ours = found[place] if place < len(found) else Call("", {})
        theirs = wanted[place] if place < len(wanted) else Call("", {})
        keys = {*ours.arguments, *theirs.arguments}
        count += 1 + len(keys)
        if ours.name == theirs.name:
            right += 1 + sum(ours.arguments.get(key, ...) == theirs.arguments.get(key, ...) for key in keys)
    return right / count


def _lenient(call: Call) -> tuple[str, dict[str, str]]:
    return call.name, {key: _plain(value) for key, value in call.arguments.items()}


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return " ".join(text.lower().split()).strip(" .!")
