"""Where each turn stands in the text of a chat, found by what changes when the turn's words are changed.

Everything is measured within the one final text. A turn's words are replaced by a mark, the chat is written again, and
what lies between the common beginning and the common end of the two texts is the turn's place. So it does not matter
how a template trims, moves, merges or rewrites turns, as long as the places stay apart; where they do not, the row is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

from training.models.rendering.template import Chat, Message, written
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # keys of a turn that templates read thoughts from
FIRST, LAST = "\ue0a1", "\ue0a2"  # of a mark: for private use, so no text holds them


class Ambiguous(BadInput):
    """It cannot be said where a turn stands in the chat's text."""


@dataclass(frozen=True)
class Place:
    """A stretch of a text, ``start`` to ``end`` in characters."""

    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """A chat written out.

    Attributes:
        text: the one final text.
        places: of each turn's own words, in the order of the turns; None where the template writes nothing of it.
        opened: for each turn of the assistant the place in ``text`` up to which the prompt reaches when the turn is
            asked for, else None.
    """

    text: str
    places: list[Place | None]
    opened: list[int | None]


def layout(tokenizer: PreTrainedTokenizerBase, chat: Chat) -> Layout:
    """Write a chat and find each turn in it.

    Raises:
        TemplateRefuses: the template refuses the chat, or its beginning up to an answer.
        Ambiguous: two turns share a place, or stand in another order.
    """
    text = written(tokenizer, chat, ask=False)
    if FIRST in text or LAST in text:
        raise Ambiguous("the characters U+E0A1 and U+E0A2 mark turns here and stand in the row; take them out")
    turns = chat.messages
    places = [place_of(tokenizer, chat, text, at, ask=False) for at in range(len(turns))]
    _need_apart(turns, places)
    opened = [_opened(tokenizer, chat, text, places, at) if turn["role"] == "assistant" else None
              for at, turn in enumerate(turns)]  # fmt: skip
    return Layout(text, places, opened)


def place_of(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str, at: int, ask: bool) -> Place | None:
    """Where turn ``at`` stands in ``text``, which the template wrote of ``chat``; None where nothing of it does.

    Raises:
        TemplateRefuses: the template refuses the chat with other words in this turn.
    """
    turns = [*chat.messages[:at], marked(chat.messages[at]), *chat.messages[at + 1 :]]
    other = written(tokenizer, Chat(turns, chat.tools), ask)
    if other == text:
        return None
    start = len(commonprefix((text, other)))
    rest, other_rest = text[start:], other[start:]
    return Place(start, len(text) - len(commonprefix((rest[::-1], other_rest[::-1]))))


def marked(turn: Message) -> Message:
    """The turn with other words in it: its text, its thoughts and the arguments of its tool calls."""
    made = dict(turn)
    content = turn.get("content")
    if isinstance(content, str):
        made["content"] = _mark("content")
    elif isinstance(content, list):
        made["content"] = [{**part, "text": _mark("content")} if "text" in part else part for part in content]
    made.update({key: _mark(key) for key in THOUGHTS if isinstance(turn.get(key), str) and turn[key]})
    if turn.get("tool_calls"):
        made["tool_calls"] = [marked_call(call) for call in turn["tool_calls"]]
    return made


def _mark(word: str) -> str:
    return f"{FIRST}{word}{LAST}"


def marked_call(call: Any) -> Any:
    """A tool call with other arguments; its name stays, since answers of tools are written with it."""
    inner = call.get("function", call)
    given = inner.get("arguments")
    changed: Any = _mark("arguments")
    if isinstance(given, dict):
        changed = {key: _mark("value") for key in given} or {"mark": _mark("value")}
    inner = {**inner, "arguments": changed}
    return {**call, "function": inner} if "function" in call else inner


def _need_apart(turns: list[Message], places: list[Place | None]) -> None:
    """Turns stand one after the other; a system turn may be written anywhere, and none may share a place."""
    standing = [(at, place) for at, place in enumerate(places) if place is not None]
    spoken = [(at, place) for at, place in standing if turns[at]["role"] != "system"]
    for (at, place), (after, following) in zip(spoken, spoken[1:], strict=False):
        if following.start < place.end:
            raise Ambiguous(f"turns {at + 1} and {after + 1} cannot be told apart in what the chat template writes:"
                            " it writes one by the other's words; change the row")  # fmt: skip
    for at, place in standing:
        for other, theirs in spoken:
            if turns[at]["role"] == "system" and place.start < theirs.end and theirs.start < place.end:
                raise Ambiguous(f"turns {at + 1} and {other + 1} cannot be told apart in what the chat template"
                                " writes; change the row")  # fmt: skip


def _opened(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str, places: list[Place | None], at: int) -> int:
    """How far ``text`` is what the model is given when answer ``at`` is asked for.

    The prompt is followed from the last words before the answer: there both texts go on alike, up to where the model
    takes over. What a template writes earlier, and may write otherwise when it asks, does not matter.
    """
    place = places[at]
    limit = place.start if place is not None else len(text)
    earlier = [(j, other) for j, other in enumerate(places[:at]) if other is not None and other.end <= limit]
    asking = Chat(chat.messages[:at], chat.tools)
    prompt = written(tokenizer, asking, ask=True)
    start, tail = 0, prompt
    if earlier:
        before, last = earlier[-1]
        asked = place_of(tokenizer, asking, prompt, before, ask=True)
        if asked is None:
            raise Ambiguous(f"the chat template writes turn {before + 1}, yet not when turn {at + 1} is asked for")
        start, tail = last.end, prompt[asked.end :]
    shared = len(commonprefix((text[start:], tail)))
    if shared == len(tail) or place is None:
        return start + shared
    return min(start + shared, place.start)
