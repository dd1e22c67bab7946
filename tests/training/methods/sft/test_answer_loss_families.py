"""The quick loss is the model's own on every family: logits changed after the head, windows, learned positions."""

from __future__ import annotations

import pytest
import torch

from tests.effort import EFFORT
from tests.training.models.families import FAMILIES, VOCABULARY, made
from training.methods.sft.answer_loss import batch_loss_sum, can_have_answer_loss
from training.methods.sft.collator import AnswerCollator
from training.models.guards import IGNORED

ALWAYS = ("mistral-window", "gpt2", "gpt_oss")
OWN = ("gemma2", "granite", "cohere", "cohere2")  # their heads change the logits: the trainer's own loss stays


def some() -> list[str]:
    return [*ALWAYS, *EFFORT.some([name for name in FAMILIES if name not in (*ALWAYS, *OWN)], 5)]


@pytest.mark.parametrize("name", OWN)
def test_a_family_that_changes_its_logits_keeps_the_trainers_loss(name):
    assert not can_have_answer_loss(made(name))


@pytest.mark.sampled
@pytest.mark.parametrize("name", some())
@pytest.mark.parametrize("share", [False, True])
def test_the_quick_loss_is_the_models_own(name, share):
    model = made(name)
    assert can_have_answer_loss(model)
    generator = torch.Generator().manual_seed(3)
    beginning = torch.randint(3, VOCABULARY, (20,), generator=generator).tolist()
    rows = []
    for length in (9, 14, 6):
        own = torch.randint(3, VOCABULARY, (length,), generator=generator).tolist()
        ids = beginning + own
        rows.append({"input_ids": ids, "labels": [IGNORED] * (len(ids) - 5) + ids[-5:]})
    inputs = AnswerCollator(0, share)(rows)
    with torch.no_grad():
        found = float(batch_loss_sum(model, **inputs))
        wanted = 0.0
        for row in rows:
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1].float()
            labels = torch.tensor(row["labels"][1:])
            wanted += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
    assert found == pytest.approx(wanted, rel=1e-4)
