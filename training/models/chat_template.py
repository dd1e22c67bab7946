"""From a row to token ids and labels: the one place where chats become tokens, for training and for every prompt.

The text is what the model's own chat template writes for the whole chat. ``rendering.places`` finds the turns in it,
and the labels cover each answer, from where its prompt ends up to the token that ends the turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from training.models import guards
from training.models.guards import IGNORED
from training.models.rendering import kept, marks, stops
from training.models.rendering.places import Layout, Place, layout, place_of
from training.models.rendering.stops import stop_ids as stop_ids
from training.models.rendering.template import Chat, Message, fitted, written
from training.models.rendering.tokens import Tokens, beginning, tokenise
from training.run.errors import BadInput, GuardFailed
from training.run.settings import Config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Reading:
    """How the texts of a row are read; the settings of the same names say more.

    Attributes:
        thoughts: "keep", "strip" or "require".
        split_special_tokens: control tokens inside a turn's text are cut like any other text.
    """

    thoughts: str = "keep"
    split_special_tokens: bool = False


PLAIN = Reading()


def reading(config: Config) -> Reading:
    """How a run reads its rows."""
    return Reading(config.data.thoughts, config.data.split_special_tokens)


@dataclass(frozen=True)
class Encoded:
    """One row as the trainer sees it.

    Attributes:
        ids: token ids, length T.
        labels: the same ids where a token is in the loss, ``guards.IGNORED`` (-100) elsewhere, length T.
        whole_text: True for plain text, where every token is in the loss.
        left_out: how much of the row is not trained on, by kind; kinds without any are not named.
        answer: first position of the last trained answer, and the position after its stop token.
    """

    ids: list[int]
    labels: list[int]
    whole_text: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    answer: tuple[int, int] = (0, 0)


def as_messages(row: dict[str, Any]) -> list[Message]:
    """The messages of a row in either form (``messages``, or ``prompt`` with ``completion``)."""
    if "messages" in row:
        return row["messages"]
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}]
    if isinstance(completion, str):
        completion = [{"role": "assistant", "content": completion}]
    return [*prompt, *completion]


def render(tokenizer: PreTrainedTokenizerBase, messages: list[Message], ask: bool, tools: Any = None,
           how: Reading = PLAIN) -> list[int]:  # fmt: skip
    """Token ids of a conversation.

    Args:
        messages: the turns.
        ask: add the opening of the assistant's turn (transformers' ``add_generation_prompt``).
        tools: the functions that the model may call.
        how: how the turns are read.

    Raises:
        BadInput: the tokenizer has no chat template, or it refuses the conversation.
    """
    chat = fitted(tokenizer, kept.read(messages, how.thoughts)[0], tools)
    text = written(tokenizer, chat, ask)
    places = [place_of(tokenizer, chat, text, at, ask) for at in range(len(chat.messages))] if _splits(
        tokenizer, chat, how) else []  # fmt: skip
    return tokenise(tokenizer, text, _texts(tokenizer, chat, text, places)).ids


def prompt_ids(tokenizer: PreTrainedTokenizerBase, messages: list[Message], tools: Any = None,
               how: Reading = PLAIN) -> list[int]:  # fmt: skip
    """Token ids that the model is given when it is asked; the last message must be the user's (or a tool's).

    Raises:
        BadInput: the tokenizer has no chat template, or it refuses the conversation.
    """
    return render(tokenizer, messages, True, tools, how)


def encode(tokenizer: PreTrainedTokenizerBase, row: dict[str, Any], max_length: int, where: str = "row",
           how: Reading = PLAIN) -> Encoded:  # fmt: skip
    """Ids and labels of one row; the labels cover each assistant turn up to and including its stop token.

    Args:
        row: ``messages``, ``prompt`` with ``completion``, or ``text``, which is cut at ``max_length``. Beside messages
            may stand ``tools``; a turn of the assistant with ``weight`` 0 is read and not learnt.
        max_length: tokens.
        where: names the row in a message.
        how: how the row is read.

    Raises:
        BadInput: longer than ``max_length`` tokens, no chat template, or one that does not write the row whole.
        GuardFailed: no answer to train on, or no stop token at its end.
    """
    if "text" in row:
        return _encode_text(tokenizer, row, max_length, where)
    try:
        made = _encode_chat(tokenizer, row, how, where)
    except GuardFailed:
        raise
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    if len(made.ids) > max_length:
        raise BadInput(f"{where}: too-long: {len(made.ids)} tokens where train.max_length allows {max_length}")
    return made


def text_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a plain text, with what the tokenizer sets before one.

    Raises:
        BadInput: the tokenizer cannot read it.
    """
    return [*beginning(tokenizer), *tokenise(tokenizer, text).ids]


def _encode_text(tokenizer: PreTrainedTokenizerBase, row: dict[str, Any], max_length: int, where: str) -> Encoded:
    whole = text_ids(tokenizer, row["text"])
    ids = whole[:max_length]
    guards.supervised_share(ids, where, whole_text=True)
    left_out = Counter(row.get("left_out", {})) + Counter({"truncated_tokens": len(whole) - len(ids)})
    return Encoded(ids, list(ids), True, dict(left_out), (0, len(ids)))


# fmt: off
# --8<-- [start:mask]
def _encode_chat(
    tokenizer: PreTrainedTokenizerBase, row: dict[str, Any], how: Reading, where: str
) -> Encoded:
    messages, taken = kept.read(as_messages(row), how.thoughts)
    chat = fitted(tokenizer, messages, row.get("tools"))
    # The one final text, and where each turn stands in it.
    found = stops.ended(tokenizer, chat, layout(tokenizer, chat))
    kept.need_written(tokenizer, chat, found)
    tokens = tokenise(
        tokenizer,
        found.text,
        _texts(tokenizer, chat, found.text, found.places)
        if _splits(tokenizer, chat, how)
        else (),
    )
    answers = {
        at: _answer(tokenizer, found, tokens, at)
        for at, turn in enumerate(chat.messages)
        if turn["role"] == "assistant"
    }
    learnt = [
        answer for at, answer in answers.items() if kept.weight(chat.messages[at], at)
    ]
    labels = [IGNORED] * len(tokens.ids)
    for answer in _by_template(tokenizer, chat, found.text, answers) or learnt:
        for i in tokens.within(answer.start, answer.end):
            labels[i] = tokens.ids[i]
    guards.supervised_share(labels, where)
    last = tokens.within(learnt[-1].start, learnt[-1].end) if learnt else []
    start, end = (last[0], last[-1] + 1) if last else (len(labels), len(labels))
    guards.stop_token_supervised(
        tokens.ids[:end], labels[:end], stops.end_ids(tokenizer), where
    )
    lost = kept.lost(chat, found.text, answers, how.thoughts)
    # Of counts above 0
    counts = Counter(row.get("left_out", {})) + Counter(taken) + Counter(lost)
    return Encoded(tokens.ids, labels, False, dict(counts), (start, end))


def _answer(
    tokenizer: PreTrainedTokenizerBase, found: Layout, tokens: Tokens, at: int
) -> Place:
    """Where the model writes turn ``at``: from the end of the prompt that asks for it
    to the turn's end token."""
    place, start = found.places[at], found.opened[at]
    assert place is not None and start is not None  # kept.need_written has looked
    following = [
        other.start
        for other in found.places[at + 1 :]
        if other is not None and other.start >= place.end
    ]
    after = tokens.within(place.end, min(following, default=len(found.text)))
    for ends in (
        stops.end_ids(tokenizer),
        set(stops.control_tokens(tokenizer).values()),
    ):
        for i in after:
            if tokens.ids[i] in ends:
                return Place(start, tokens.places[i].end)
    return Place(start, place.end)


# --8<-- [end:mask]
# fmt: on


def _by_template(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str, answers: dict[int, Place]) -> list[Place]:
    """What the template itself marks as the model's, without the turns that are only read."""
    read_only = [answer for at, answer in answers.items() if not kept.weight(chat.messages[at], at)]
    return [mark for mark in marks.marked(tokenizer, chat, text)
            if not any(mark.start < turn.end and turn.start < mark.end for turn in read_only)]  # fmt: skip


def _splits(tokenizer: PreTrainedTokenizerBase, chat: Chat, how: Reading) -> bool:
    """Whether some text of the chat holds a control token that is to be cut like other text."""
    if not how.split_special_tokens:
        return False
    controls = stops.control_tokens(tokenizer)
    return any(token in text for turn in chat.messages for text in kept.texts(turn) for token in controls)


def _texts(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str, places: Sequence[Place | None]) -> list[Place]:
    """The places of those texts within their turns that hold control tokens, in order."""
    controls, found = stops.control_tokens(tokenizer), []
    for turn, place in zip(chat.messages, places, strict=False):
        if place is None:
            continue
        for words in (words.strip() for words in kept.texts(turn)):
            at = text.find(words, place.start, place.end) if any(token in words for token in controls) else -1
            if at >= 0 and not any(at < other.end and other.start < at + len(words) for other in found):
                found.append(Place(at, at + len(words)))
    return sorted(found, key=lambda place: place.start)
