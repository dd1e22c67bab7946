"""The one stop set: which tokens end an answer, for the check, training, sampling, scoring, merging and serving."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from training.models.rendering.places import Layout
from training.models.rendering.template import ANSWERED, ASKED, TOLD, Chat, Message, TemplateRefuses, fitted, written

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Ends of a turn in the templates of current open models: by them the end is told from the marks around it.
TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eot|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<turn|>",
             "<end_of_utterance>", "<|END_OF_TURN_TOKEN|>", "<|tool_response>",
             "<｜end▁of▁sentence｜>", "</s>", "<|endoftext|>")  # fmt: skip
DOCUMENT_END = "<|endoftext|>"  # a model that was tuned further may still write the end of its first training's texts


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that end an answer.

    They are the tokens with which the chat template ends the last answer and the last call of a tool, the tokenizer's
    ``eos_token`` and the ``eos_token_id`` of the model's ``generation_config.json``.
    """
    ends = turn_end(tokenizer), turn_end(tokenizer, calls=True)
    return {*_declared(tokenizer), *known(tokenizer, *ends, DOCUMENT_END)}


def set_stops(model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the model's generation settings the stop set: TRL samples by them, and they are saved with the model."""
    ends = sorted(stop_ids(tokenizer))
    if ends and getattr(model, "generation_config", None) is not None:
        model.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends


def end_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that may end a turn within a chat: the stop set, and ends that only earlier turns have."""
    return stop_ids(tokenizer) | known(tokenizer, *TURN_ENDS)


def _declared(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    ids = {tokenizer.eos_token_id, *_generation_ends(str(getattr(tokenizer, "name_or_path", "") or ""))}
    return {i for i in ids if isinstance(i, int)}


@lru_cache(maxsize=64)
def _generation_ends(source: str) -> frozenset[int]:
    """``eos_token_id`` of the model's generation settings, where the model lies on this machine."""
    if not source:
        return frozenset()
    from transformers import GenerationConfig

    if Path(source).is_dir() and not (Path(source) / "generation_config.json").is_file():
        return frozenset()
    try:
        ends = GenerationConfig.from_pretrained(source, local_files_only=True).eos_token_id
    except (OSError, ValueError, TypeError):
        return frozenset()
    return frozenset(ends if isinstance(ends, list) else [ends]) - {None}


def known(tokenizer: PreTrainedTokenizerBase, *tokens: str) -> set[int]:
    """Ids of those tokens that the tokenizer has; looked up one by one, since copying the vocabulary is slow."""
    ids: dict[str, Any] = {token: tokenizer.convert_tokens_to_ids(token) for token in tokens if token}
    return {at for token, at in ids.items() if at is not None and tokenizer.convert_ids_to_tokens(at) == token}


_TURN_END: dict[tuple[Any, ...], str] = {}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "call00001", "type": "function", "function": {"name": "look", "arguments": {"at": ANSWERED}}}]}  # fmt: skip


def turn_end(tokenizer: PreTrainedTokenizerBase, calls: bool = False) -> str:
    """The token with which the template ends the last answer of a chat, or the last call; "" where there is none.

    Some templates end an answer by the token that opens the next turn, and so leave the last one open (GLM-4.5): there
    it is the token that would open the next turn, the user's or the tool's.
    """
    if tokenizer.chat_template is None:
        return ""
    controls = tuple(sorted(control_tokens(tokenizer)))
    key = (str(tokenizer.chat_template), controls, tokenizer.eos_token_id, calls)
    if key not in _TURN_END:
        last = CALL if calls else {"role": "assistant", "content": ANSWERED}
        _TURN_END[key] = _turn_end(tokenizer, controls, [{"role": "user", "content": ASKED}, last])
    return _TURN_END[key]


def _turn_end(tokenizer: PreTrainedTokenizerBase, controls: tuple[str, ...], turns: list[Message]) -> str:
    try:
        text = written(tokenizer, fitted(tokenizer, turns), ask=False)
    except TemplateRefuses:
        return ""
    before, _, tail = text.rpartition(ANSWERED)
    if not before:
        return ""
    declared = {tokenizer.convert_ids_to_tokens(i) for i in _declared(tokenizer)} | set(TURN_ENDS)
    found = [(match.start(), match.group()) for match in _any_of(controls).finditer(tail)] if controls else []
    written_end = next((token for _, token in found if token in declared), "")
    if turns[-1] is not CALL:  # what closes a call is not what ends the turn
        written_end = written_end or _last_of_run(tail, found)
    opening = written_end or next_opening(tokenizer, fitted(tokenizer, turns), text)
    return opening or (found[-1][1] if found and tail.rstrip().endswith(found[-1][1]) else "")


def next_opening(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str) -> str:
    """The control token that opens the turn after an answer, where the template goes on from it right behind ``text``.

    A token that opens every turn, the answer's own among them, ends none: there the template forgot its end.

    Args:
        chat: its last turn is an answer, or a call of a tool.
        text: what the template writes of it.
    """
    called = chat.messages[-1].get("tool_calls")
    after = {"role": "tool", "tool_call_id": "call00001", "name": "look", "content": TOLD} if called else {
        "role": "user", "content": TOLD}  # fmt: skip
    try:
        longer = written(tokenizer, fitted(tokenizer, [*chat.messages, after], chat.tools), ask=False)
        asked = written(tokenizer, fitted(tokenizer, chat.messages[:-1], chat.tools), ask=False)
    except TemplateRefuses:
        return ""
    opening = _first_control(tokenizer, text, longer)
    return "" if opening == _first_control(tokenizer, asked, text) else opening


def _first_control(tokenizer: PreTrainedTokenizerBase, before: str, text: str) -> str:
    """The control token with which ``text`` goes on behind ``before``; "" where it does not."""
    controls = tuple(sorted(control_tokens(tokenizer)))
    match = _any_of(controls).match(text[len(before) :].lstrip()) if controls and text.startswith(before) else None
    return match.group() if match else ""


def ended(tokenizer: PreTrainedTokenizerBase, chat: Chat, found: Layout) -> Layout:
    """A chat with the end of its last answer, where the template leaves that to the turn that comes next."""
    place = found.places[-1]
    if chat.messages[-1]["role"] != "assistant" or place is None:
        return found
    ends, tail = end_ids(tokenizer), found.text[place.end :]
    if any(token in tail for token, i in control_tokens(tokenizer).items() if i in ends):
        return found
    return replace(found, text=found.text + next_opening(tokenizer, chat, found.text))


def _last_of_run(tail: str, found: list[tuple[int, str]]) -> str:
    """The last of the control tokens that stand one by the other at the beginning of ``tail``."""
    end, last = len(tail) - len(tail.lstrip()), ""
    for start, token in found:
        if start != end:
            break
        end, last = start + len(token), token
    return last


def _any_of(tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)))


_CONTROLS: WeakKeyDictionary[Any, tuple[int, dict[str, int]]] = WeakKeyDictionary()


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """The texts that this tokenizer takes for control tokens, such as ``<|im_end|>``, and their ids."""
    size = len(tokenizer) if hasattr(tokenizer, "__len__") else 0
    kept = _CONTROLS.get(tokenizer)
    if kept is None or kept[0] != size:
        added = getattr(tokenizer, "added_tokens_decoder", None) or {}
        kept = size, {token.content: i for i, token in added.items() if token.special and token.content}
        _CONTROLS[tokenizer] = kept
    return kept[1]
