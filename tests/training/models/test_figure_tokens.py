"""The figure of a row on its way to the loss shows the bundled tokenizer's tokens and the mask of the trainer."""

from __future__ import annotations

import re

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from overrides.figures import sft, topics_rows
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


def test_the_scored_options_have_the_bundled_models_log_probabilities() -> None:
    tokenizer = AutoTokenizer.from_pretrained(bundled.folder())
    model = AutoModelForCausalLM.from_pretrained(bundled.folder(), dtype=torch.float32)
    asked = tokenizer(topics_rows.ASKED)["input_ids"]
    for option, said in topics_rows.OPTIONS.items():
        ids = tokenizer(f"{topics_rows.ASKED} {option}")["input_ids"]
        assert ids[: len(asked)] == asked
        with torch.no_grad():
            logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        found = sum(logs[i - 1, ids[i]].item() for i in range(len(asked), len(ids)))
        assert abs(found - said) < 0.02, option
