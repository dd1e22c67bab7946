"""From a chat's text to token ids, each with the stretch of text that it stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.rendering.places import Place
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Tokens:
    """Token ids, and the place of each in the text."""

    ids: list[int]
    places: list[Place]

    def within(self, start: int, end: int) -> list[int]:
        """Positions of the tokens that stand for some of the text from ``start`` to ``end``."""
        return [i for i, place in enumerate(self.places) if place.start < end and place.end > start]


def tokenise(tokenizer: PreTrainedTokenizerBase, text: str, as_text: Iterable[Place] = ()) -> Tokens:
    """Cut a text into tokens.

    Args:
        text: of a whole chat, with its control tokens.
        as_text: places whose control tokens are taken for ordinary characters.

    Raises:
        BadInput: the tokenizer does not say where its tokens stand, or cannot read the text.
    """
    made = Tokens([], [])
    at = 0
    for place in as_text:
        _cut(tokenizer, text, at, place.start, made, False)
        _cut(tokenizer, text, place.start, place.end, made, True)
        at = place.end
    _cut(tokenizer, text, at, len(text), made, False)
    return made


def beginning(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids that the tokenizer sets before a text by itself, such as Gemma's and Llama's ``<bos>``; often none.

    A chat template writes its own, so they belong before plain texts only. Models that were trained with one predict
    a text without it far worse.
    """
    whole, bare = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    ahead = next((at for at in range(len(whole)) if whole[at : at + len(bare)] == bare), 0)
    return list(whole[:ahead])


def _cut(tokenizer: Any, text: str, start: int, end: int, made: Tokens, as_text: bool) -> None:
    if start >= end:
        return
    more = {"split_special_tokens": True} if as_text else {}
    try:
        found = tokenizer(text[start:end], add_special_tokens=False, return_offsets_mapping=True, **more)
    except NotImplementedError:
        raise BadInput("the model's tokenizer does not say where its tokens stand in a text; take a model with a fast"
                       " tokenizer (tokenizer.json)") from None  # fmt: skip
    except Exception as error:  # the tokenizers library raises bare exceptions
        raise BadInput(f"the model's tokenizer cannot read this text ({' '.join(str(error).split())[:160]}); look for"
                       " odd characters in the row") from None  # fmt: skip
    reached = start
    for token, (first, last) in zip(found["input_ids"], found["offset_mapping"], strict=True):
        # Many tokenizers leave the blank before a word out of its place; the token stands for it all the same.
        begin = min(start + first, reached) if not text[reached : start + first].strip() else start + first
        made.ids.append(int(token))
        made.places.append(Place(begin, max(start + last, begin)))
        reached = max(reached, start + last)
