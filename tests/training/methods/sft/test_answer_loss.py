"""The quick loss is the slow loss: value and LoRA gradients on one batch equal those of the stock trainer's path."""

from __future__ import annotations

import pytest
import torch

from tests.training.sample_rows import make_rows
from training.methods.sft import answer_loss
from training.methods.sft import loss as sft_losses
from training.methods.sft.collator import AnswerCollator, group_by_beginning
from training.models import chat_template, loading
from training.run.settings import LoraSettings, ModelSettings

TOLERANCE = 2e-6  # float32 sums in another order


def tuned(architecture: str):
    loaded = loading.load_base(ModelSettings(source=f"tiny-random:{architecture}", revision=None, dtype="float32"))
    made = loading.attach_new_adapter(loaded, LoraSettings(r=4, lora_alpha=8), seed=0)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in made.named_parameters():
        if "lora_B" in name:  # with B zero, A's gradient would be zero on every path
            parameter.data.normal_(0, 0.1, generator=generator)
    return loaded, made.train()


def batch(loaded, rows, share: bool):
    encoded = [chat_template.encode(loaded.tokenizer, r, 2048) for r in rows]
    collate = AnswerCollator(loaded.tokenizer.pad_token_id, share)
    return collate([{"input_ids": e.ids, "labels": e.labels} for e in encoded])


def gradients(made, loss):
    made.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in made.parameters() if p.requires_grad])


def stock(made, inputs):
    """TRL's own fused head, as SFTTrainer calls it."""
    from trl.trainer.utils import add_fused_lm_head

    base = made.get_base_model()
    kept = base.forward
    add_fused_lm_head(base)
    plain = {k: inputs[k] for k in ("input_ids", "attention_mask", "labels")}
    loss = made(**plain, use_cache=False, fused_lm_head=True).loss
    found = gradients(made, loss)
    base.forward = kept
    return float(loss.detach()), found


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
@pytest.mark.parametrize("share", [False, True])
def test_loss_and_gradients_equal_the_stock_path(architecture, share):
    loaded, made = tuned(architecture)
    rows = make_rows(6) + [{"text": "Some general text to remember. " * 4}]
    inputs = batch(loaded, rows, share)
    wanted_loss, wanted = stock(made, inputs)
    answer_loss.add_answer_loss(made.get_base_model())
    total = made(**inputs, answer_loss=True)["loss"]
    loss = total / (inputs["labels"][:, 1:] != -100).sum()
    found = gradients(made, loss)
    assert abs(float(loss.detach()) - wanted_loss) <= TOLERANCE * abs(wanted_loss)
    assert float((found - wanted).norm() / wanted.norm()) < 2e-5
    if share:
        assert int(inputs["prefix_lengths"].max()) > 60  # the system prompt was really shared
        assert inputs["groups"].tolist()[-1] == 0  # and the plain text shares nothing


def test_plain_loss_is_the_textbook_one():
    loaded, made = tuned("llama")
    inputs = batch(loaded, make_rows(3), share=False)
    logits = made(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    assert float(sft_losses.sft_loss(logits, inputs["labels"])) == pytest.approx(stock(made, inputs)[0], rel=TOLERANCE)
    even = torch.zeros(1, 5, 7)
    assert float(sft_losses.sft_loss(even, torch.tensor([[-100, 1, 2, 3, 4]]))) == pytest.approx(1.9459101)  # log 7


def test_the_beginning_never_swallows_the_predictor_of_a_label():
    same = {"input_ids": list(range(30)), "labels": [-100] * 20 + list(range(20, 30))}
    groups, lengths = group_by_beginning([same, dict(same)])
    assert groups == [1, 1]
    assert lengths == [19, 19]  # token 19 predicts the first label, so it stays with the rows


def test_a_cache_kept_across_steps_would_be_wrong():
    """Named failure: after a step the adapter gives other keys, so a kept beginning no longer fits."""
    loaded, made = tuned("llama")
    inputs = batch(loaded, make_rows(4), share=True)
    base = made.get_base_model()
    prefix = int(inputs["prefix_lengths"][0])
    before = base.base_model(input_ids=inputs["input_ids"][:1, :prefix], use_cache=True).past_key_values.layers[1].keys
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            parameter.data.add_(0.05)
    after = base.base_model(input_ids=inputs["input_ids"][:1, :prefix], use_cache=True).past_key_values.layers[1].keys
    assert float((before - after).abs().max()) > 1e-3


@pytest.mark.parametrize("share", (False, True))
def test_plain_attention_is_the_same_function_as_fused_attention(share):
    loaded, made = tuned("llama")
    inputs = batch(loaded, make_rows(6), share)
    answer_loss.add_answer_loss(loaded.model)
    found = {}
    for kind in ("sdpa", "eager"):
        made.set_attn_implementation(kind)
        loss = made(**inputs, answer_loss=True)["loss"]
        found[kind] = (float(loss.detach()), gradients(made, loss))
    assert made.config._attn_implementation == "eager"
    assert found["eager"][0] == pytest.approx(found["sdpa"][0], rel=TOLERANCE)
    assert torch.allclose(found["eager"][1], found["sdpa"][1], atol=TOLERANCE * found["sdpa"][1].abs().max())


def test_plain_attention_is_for_short_rows_on_a_cpu(monkeypatch):
    loaded, made = tuned("llama")
    loading.plain_attention(made, loading.LONGEST_PLAIN_ATTENTION + 1)
    assert made.config._attn_implementation == "sdpa"
    loading.plain_attention(made, loading.LONGEST_PLAIN_ATTENTION)
    assert made.config._attn_implementation == "eager"
