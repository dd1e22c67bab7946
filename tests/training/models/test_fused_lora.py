"""The adapter's product in one operation is PEFT's: value and gradients, in float32 to rounding."""

from __future__ import annotations

import pytest
import torch

from tests.training.methods.sft.test_answer_loss import batch, gradients, tuned
from training.methods.sft import answer_loss
from training.models import fused_lora
from training.models.adapter import lora_config
from training.run.settings import LoraSettings


def shaped(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_gradients_are_those_of_differences():
    x, a, b = shaped(2, 3, 5).requires_grad_(), shaped(4, 5, seed=1).requires_grad_(), shaped(6, 4, seed=2)
    weight, bias = shaped(6, 5, seed=3), shaped(6, seed=4)
    product = lambda x, a, b: fused_lora.FusedLora.apply(x, weight, bias, a, b, 1.5)  # noqa: E731
    assert torch.allclose(product(x, a, b), x @ weight.T + bias + 1.5 * x @ a.T @ b.T)
    # the parameters' gradients are given in float32, as they are held
    assert torch.autograd.gradcheck(product, (x, a, b.requires_grad_()), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
def test_a_steps_gradients_are_those_of_pefts_own_way(architecture):
    found = []
    for joined in (False, True):
        loaded, made = tuned(architecture)
        answer_loss.add_answer_loss(made.get_base_model())
        if joined:
            assert fused_lora.patch_lora_forward(made) == 7 * loaded.model.config.num_hidden_layers
        inputs = batch(loaded, _rows(), True)
        total = made(**inputs, answer_loss=True)["loss"]
        found.append((float(total.detach()), gradients(made, total)))
    (wanted_loss, wanted), (loss, given) = found
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    assert (given - wanted).abs().max() <= 2e-6 * wanted.abs().max()


def test_an_adapter_switched_off_or_merged_is_pefts_business():
    loaded, made = tuned("llama")
    ids = torch.arange(2, 30)[None]
    with torch.no_grad():
        with made.disable_adapter():
            base = made(input_ids=ids).logits
        tuned_logits = made(input_ids=ids).logits
        fused_lora.patch_lora_forward(made)
        assert torch.allclose(made(input_ids=ids).logits, tuned_logits, atol=1e-6)
        with made.disable_adapter():
            assert torch.equal(made(input_ids=ids).logits, base)
        fused_lora.unpatch_lora_forward(made)
        assert torch.equal(made(input_ids=ids).logits, tuned_logits)
        fused_lora.patch_lora_forward(made)
        made.merge_adapter()
        assert torch.allclose(made(input_ids=ids).logits, tuned_logits, atol=1e-5)


@pytest.mark.parametrize("setting", [{"use_dora": True}, {"lora_dropout": 0.1}])
def test_what_is_more_than_a_product_keeps_its_own_way(setting):
    from peft import get_peft_model

    loaded, _ = tuned("llama")
    base = tuned("mistral")[0].model
    made = get_peft_model(base, lora_config(LoraSettings(r=2, lora_alpha=4, **setting), base, "CAUSAL_LM"))
    assert fused_lora.patch_lora_forward(made) == 0


def _rows():
    from tests.training.sample_rows import make_rows

    return make_rows(6) + [{"text": "Some general text to remember. " * 4}]
