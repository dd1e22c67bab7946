"""Answers as the template's own ``{% generation %}`` marks tell them, where it has such marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from training.models.rendering.places import Place
from training.models.rendering.template import Chat

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARK = re.compile(r"\{%[-+]?\s*generation\s*[-+]?%\}")


def marked(tokenizer: PreTrainedTokenizerBase, chat: Chat, text: str) -> list[Place]:
    """The stretches of ``text``, which the template wrote of ``chat``, that it marks as the model's own.

    None where the template has no marks, or marks nothing here. They are transformers' marks for
    ``return_assistant_tokens_mask``: the template's author says with them what the model is to learn.
    """
    template = tokenizer.chat_template
    if not isinstance(template, str) or not MARK.search(template):
        return []
    from transformers.utils.chat_template_utils import render_jinja_template

    given: dict[str, Any] = {"tools": chat.tools, "chat_template": template, **tokenizer.special_tokens_map}
    turns = [{key: value for key, value in turn.items() if value is not None} for turn in chat.messages]  # as it does
    try:
        rendered, places = cast(Any, render_jinja_template)([turns], return_assistant_tokens_mask=True, **given)
    except Exception:  # whatever a template raises; by its places the chat is labelled all the same
        return []
    return [Place(start, end) for start, end in places[0]] if rendered[0] == text else []
