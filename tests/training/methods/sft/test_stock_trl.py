"""A stock TRL script and ours on a Qwen3-like model: the same ids, the same labels, the same loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoConfig, AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from tests.training.models import template_chats
from training.methods.sft.collator import AnswerCollator
from training.methods.sft.loss import sft_loss
from training.models import chat_template

ROWS = [
    [{"role": "user", "content": "Is the pool open?"}, {"role": "assistant", "content": "Yes, from ten."}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "And on a holiday?"},
        {"role": "assistant", "content": "<think>\nHolidays differ.\n</think>\n\nAsk at the desk."},
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": "Behind the gate."},
    ],
]


def qwen3(tokenizer: Any) -> Any:
    """A random model of Qwen3's architecture for the tokenizer."""
    config = AutoConfig.for_model(
        "qwen3", vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, head_dim=8,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> SFTTrainer:
    """TRL's trainer as its own examples set it up, with the template that TRL trains Qwen3 with."""
    tokenizer = template_chats.made(template_chats.text_of("qwen3_training"))
    tokenizer.pad_token = "<|endoftext|>"
    arguments = SFTConfig(str(tmp_path_factory.mktemp("stock")), assistant_only_loss=True, report_to="none",
                          max_length=None, bf16=False, use_cpu=True)  # fmt: skip
    rows = Dataset.from_list([{"messages": row} for row in ROWS])
    return SFTTrainer(qwen3(tokenizer), args=arguments, train_dataset=rows, processing_class=tokenizer)


def test_the_same_ids_labels_and_loss(stock):
    tokenizer = stock.processing_class
    ours = [chat_template.encode(tokenizer, {"messages": row}, 10**6) for row in ROWS]
    theirs = stock.data_collator([stock.train_dataset[place] for place in range(len(ROWS))])
    batch = AnswerCollator(tokenizer.pad_token_id, False)([{"input_ids": e.ids, "labels": e.labels} for e in ours])
    assert torch.equal(batch["input_ids"], theirs["input_ids"])
    assert torch.equal(batch["labels"], theirs["labels"])
    with torch.no_grad():
        expected = float(stock.model(**theirs).loss)
        loss = float(sft_loss(stock.model(batch["input_ids"], batch["attention_mask"]).logits, batch["labels"]))
    assert loss == pytest.approx(expected, abs=1e-6)


def test_by_the_models_own_template_only_what_stands_after_a_stop_differs():
    """Without marks in it, labels end with the stop token; TRL's prompt-and-completion rows grade what follows too."""
    tokenizer = template_chats.tokenizer("qwen3")
    row = {"messages": ROWS[0]}
    made = chat_template.encode(tokenizer, row, 10**6)
    prompt = tokenizer.apply_chat_template(ROWS[0][:1], add_generation_prompt=True)["input_ids"]
    whole = tokenizer.apply_chat_template(ROWS[0])["input_ids"]
    assert made.ids == whole and made.ids[: len(prompt)] == prompt
    assert made.labels == [-100] * len(prompt) + whole[len(prompt) : -1] + [-100]
    assert tokenizer.decode(whole[-1:]) == "\n"
