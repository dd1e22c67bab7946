"""The figure of a row on its way to the loss shows the bundled tokenizer's tokens and the mask of the trainer."""

from __future__ import annotations

import re

from transformers import AutoTokenizer

from overrides.figures import sft
from training.models import bundled, chat_template
from training.models.guards import IGNORED


def test_tokens_and_mask_are_those_of_the_trainer() -> None:
    tokenizer = AutoTokenizer.from_pretrained(bundled.folder())
    turns = re.findall(r"(user|assistant): (.*?)(?=   |$)", sft.TEXT)
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    encoded = chat_template.encode(tokenizer, row, 2048)
    tokens = [tokenizer.decode([token]) for token in encoded.ids]
    start = tokens.index("user") - 1  # before it stands the template's system turn, which the figure shows as one piece
    assert tokens[start:] == [*sft.BEFORE, *sft.ANSWER, "\n"]
    counted = [token for token, label in zip(tokens, encoded.labels, strict=True) if label != IGNORED]
    assert counted == list(sft.ANSWER)
    shown = [(token, counts) for token, counts, *_ in sft.row_to_loss().numbers().rows[1:]]
    labels = ["no" if label == IGNORED else "yes" for label in encoded.labels[start:]]
    assert shown == [(token.replace("\n", "\\n"), counts) for token, counts in zip(tokens[start:], labels, strict=True)]
