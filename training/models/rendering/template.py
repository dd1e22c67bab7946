"""The one door to the tokenizer's chat template: a chat in, its text out, and a stranger's exception as one line.

Templates differ in what they take: some know no system turn, some take a list of parts for a text, some want the
arguments of a tool call as an object and others as a text. ``fitted`` finds the form that a template takes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.run import machine
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = dict[str, Any]
NO_TEMPLATE = "the model's tokenizer has no chat template: take an instruct model, or train on rows of text"
MOVED = "  the model's chat template writes no system turn: its text is put before the first user's"
ASKED, ANSWERED, TOLD = "\ue0a3asked\ue0a4", "\ue0a3answered\ue0a4", "\ue0a3told\ue0a4"
REMEDIES = {
    "alternate": "let user and assistant take turns",
    "system": "take the system turn out, or put its text into the first user turn",
    "argument": "give 'arguments' as an object",
    "tool": "let each 'tool' turn follow the assistant's 'tool_calls'",
}


class TemplateRefuses(BadInput):
    """The chat template does not write this chat; the message is the template's own, with a remedy."""


@dataclass(frozen=True)
class Forms:
    """What a chat template takes.

    Attributes:
        system: it writes a system turn.
        parts: a text has to be a list of parts (templates of models that also see).
    """

    system: bool
    parts: bool


@dataclass(frozen=True)
class Chat:
    """A chat in the form that the template takes.

    Attributes:
        messages: turns with ``role`` and ``content``, and ``tool_calls`` or thoughts where there are some.
        tools: the functions that the model may call, as JSON schemas, or None.
        system_moved: the system turn's text now stands before the first user's.
    """

    messages: list[Message]
    tools: list[dict[str, Any]] | None = None
    system_moved: bool = False


_FORMS: dict[tuple[Any, ...], Forms] = {}
_SAID: set[str] = set()


def written(tokenizer: PreTrainedTokenizerBase, chat: Chat, ask: bool) -> str:
    """The chat as the template writes it.

    Args:
        chat: in the template's form (see ``fitted``).
        ask: add the opening of the assistant's turn (transformers' ``add_generation_prompt``).

    Raises:
        BadInput: there is no template.
        TemplateRefuses: it refuses the chat, or breaks on it.
    """
    if tokenizer.chat_template is None:
        raise BadInput(NO_TEMPLATE)
    more: dict[str, Any] = {"tools": chat.tools} if chat.tools else {}
    try:
        text = tokenizer.apply_chat_template(chat.messages, tokenize=False, add_generation_prompt=ask, **more)
    except Exception as error:  # a template is a stranger's program: whatever it raises is its refusal
        raise TemplateRefuses(_line(error)) from None
    return str(text)


def _line(error: Exception) -> str:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    remedy = next((cure for word, cure in REMEDIES.items() if word in said.lower()),
                  "change the row, or take a model whose template writes such chats")  # fmt: skip
    return f"the model's chat template refuses this chat ({said}); {remedy}"


def forms(tokenizer: PreTrainedTokenizerBase) -> Forms:
    """What the tokenizer's template takes, found by writing three small chats; kept by template."""
    key = (str(tokenizer.chat_template), str(getattr(tokenizer, "special_tokens_map", "")))
    if key not in _FORMS:
        parts = not _writes(tokenizer, False, ASKED, ANSWERED) and _writes(tokenizer, True, ASKED, ANSWERED)
        bare = _writes(tokenizer, parts, ASKED, ANSWERED)
        _FORMS[key] = Forms(not bare or _writes(tokenizer, parts, ASKED, ANSWERED, TOLD), parts)
    return _FORMS[key]


def _writes(tokenizer: PreTrainedTokenizerBase, parts: bool, asked: str, answered: str, told: str = "") -> bool:
    """Whether the template writes every text of a small chat."""
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    if told:
        turns = [{"role": "system", "content": told}, *turns]
    try:
        text = written(tokenizer, Chat(_as_parts(turns) if parts else turns), ask=False)
    except TemplateRefuses:
        return False
    return asked in text and answered in text and told in text


def text_of(name: str) -> str:
    """A chat template: the text of a .jinja file, or of one of TRL's by its name (Apache-2.0).

    Raises:
        BadInput: there is none.
    """
    import trl

    carried = Path(trl.__file__).with_name("chat_templates")
    file = Path(name) if name.endswith(".jinja") else carried / f"{Path(name).name}.jinja"
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        known = sorted(file.stem for file in carried.glob("*.jinja") if not file.stem.endswith("_training"))
        raise BadInput(f"model.chat_template: there is no template {name}; give a .jinja file, or one of"
                       f" {', '.join(known)}") from None  # fmt: skip


def fitted(tokenizer: PreTrainedTokenizerBase, messages: list[Message], tools: Any = None) -> Chat:
    """The chat in a form that the template takes.

    Args:
        messages: turns as in a row; left as they are.
        tools: a list of JSON schemas, or the JSON text of one.

    Raises:
        BadInput: there is no template, or ``tools`` is no list of objects.
    """
    if tokenizer.chat_template is None:
        raise BadInput(NO_TEMPLATE)
    takes, given = forms(tokenizer), _tools(tools)
    turns = [_usual(turn) for turn in messages]
    moved = not takes.system and len(turns) > 1 and turns[0]["role"] == "system" and turns[1]["role"] == "user"
    if moved:
        told, asked = turns[0]["content"], turns[1]["content"]
        turns[:2] = [{**turns[1], "content": f"{told}\n\n{asked}"}]
        _say_once(tokenizer)
    turns = _taken(tokenizer, turns, given)
    return Chat(_as_parts(turns) if takes.parts else turns, given, moved)


def _usual(turn: Message) -> Message:
    """A turn as templates know it: text for a list of texts and for a tool's result, calls under ``function``."""
    made, content = dict(turn), turn.get("content")
    if isinstance(content, list) and content and all(isinstance(_text_part(part), str) for part in content):
        made["content"] = "".join(_text_part(part) for part in content)
    elif turn.get("role") == "tool" and isinstance(content, (dict, list)):
        made["content"] = json.dumps(content, ensure_ascii=False)
    if turn.get("tool_calls"):
        made["tool_calls"] = [_under_function(call) for call in turn["tool_calls"]]
    return made


def _text_part(part: Any) -> Any:
    if isinstance(part, dict):
        return part.get("text") if part.get("type", "text") == "text" else None
    return part


def _under_function(one: Any) -> Any:
    """A call or a function as ``{"type": "function", "function": {...}}``, where it stands bare."""
    if not isinstance(one, dict) or "function" in one or "name" not in one:
        return one
    outer = {key: one[key] for key in ("id",) if key in one}
    return {**outer, "type": "function", "function": {key: value for key, value in one.items() if key not in (
        "id", "type")}}  # fmt: skip


def _taken(tokenizer: PreTrainedTokenizerBase, turns: list[Message], tools: Any) -> list[Message]:
    """The first form of the tool calls that the template takes: arguments as objects or text, content null or empty."""
    ways = [_with_objects(turns), _with_texts(turns)]
    ways += [_with_empty(way) for way in ways]
    if all(way == turns for way in ways):
        return turns
    return next((way for way in ways if _takes(tokenizer, way, tools)), ways[0])


def _with_empty(turns: list[Message]) -> list[Message]:
    """Empty text in place of none."""
    return [{**turn, "content": ""} if turn.get("content", "") is None else turn for turn in turns]


def _say_once(tokenizer: PreTrainedTokenizerBase) -> None:
    if tokenizer.chat_template not in _SAID:
        _SAID.add(str(tokenizer.chat_template))
        machine.say(MOVED)


def _takes(tokenizer: PreTrainedTokenizerBase, turns: list[Message], tools: Any) -> bool:
    try:
        written(tokenizer, Chat(turns, tools), ask=False)
    except TemplateRefuses:
        return False
    return True


def _tools(tools: Any) -> list[dict[str, Any]] | None:
    """The row's tools as objects; many files hold them as JSON text."""
    try:
        given = json.loads(tools) if isinstance(tools, str) and tools.strip() else tools or None
    except ValueError:
        given = tools
    if given is not None and not (isinstance(given, list) and all(isinstance(tool, dict) for tool in given)):
        raise BadInput("'tools' is not a list of JSON schemas; give the functions as transformers' chat templates do")
    return given and [_under_function(tool) for tool in given]


def _as_parts(turns: list[Message]) -> list[Message]:
    return [{**turn, "content": [{"type": "text", "text": turn["content"]}]}
            if isinstance(turn.get("content"), str) else turn for turn in turns]  # fmt: skip


def _each_call(turns: list[Message], change: Any) -> list[Message]:
    """The turns with the arguments of each tool call put through ``change``."""
    made = []
    for turn in turns:
        calls = turn.get("tool_calls")
        if isinstance(calls, list) and calls:
            turn = {**turn, "tool_calls": [_call(call, change) for call in calls]}
        made.append(turn)
    return made


def _call(call: Any, change: Any) -> Any:
    inner = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(inner, dict) or "arguments" not in inner:
        return call
    inner = {**inner, "arguments": change(inner["arguments"])}
    return {**call, "function": inner} if "function" in call else inner


def _with_objects(turns: list[Message]) -> list[Message]:
    """Arguments as objects, as transformers' documentation has them; a text that is no JSON stays."""

    def change(given: Any) -> Any:
        try:
            return json.loads(given) if isinstance(given, str) else given
        except ValueError:
            return given

    return _each_call(turns, change)


def _with_texts(turns: list[Message]) -> list[Message]:
    """Arguments as JSON text, as OpenAI's format has them."""
    return _each_call(turns, lambda given: given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
