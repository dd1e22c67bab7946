"""Adapters on any family: what of a model carries one is read from its modules and counted a second way."""

from __future__ import annotations

import pytest
import torch
from transformers.pytorch_utils import Conv1D

from tests.effort import EFFORT
from tests.training.models.families import FAMILIES, made
from training.models import adapter, guards, loading
from training.models.loading import LoadedModel
from training.models.structure import linears
from training.run.errors import BadInput, GuardFailed
from training.run.settings import LoraSettings

LORA = LoraSettings(r=2, lora_alpha=4)
ALWAYS = ("phi3", "gpt2", "qwen3_moe-dense")  # fused layers, Conv1D, experts
IDS = torch.arange(3, 20)[None]


def some() -> list[str]:
    return [*ALWAYS, *EFFORT.some([name for name in FAMILIES if name not in ALWAYS], 4)]


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=IDS).logits


def loaded(name: str) -> LoadedModel:
    return LoadedModel(made(name), None, "float32", {})


@pytest.mark.sampled
@pytest.mark.parametrize("name", some())
def test_all_linear_is_every_linear_layer_but_the_head_and_survives_saving_and_merging(name, tmp_path):
    model = made(name)
    every = {n for n, m in model.named_modules() if isinstance(m, (torch.nn.Linear, Conv1D))}
    head = {n for n, m in model.named_modules() if m is model.get_output_embeddings()}
    lora = LoraSettings(r=2, lora_alpha=4, target_parameters="experts" if linears.expert_parameters(model) else None)
    found = linears.adapted(model, lora)
    assert set(found.layers) == every - head and not found.left
    tuned = loading.attach_new_adapter(loaded(name), lora, 0)
    guards.every_matrix_adapted(tuned)
    generator = torch.Generator().manual_seed(1)
    for place, parameter in tuned.named_parameters():
        if "lora_B" in place:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    wanted = logits(tuned.eval())
    assert (wanted - logits(model)).abs().max() > 1e-3
    tuned.save_pretrained(tmp_path)
    again = loading.attach_adapter(made(name), tmp_path)
    assert torch.allclose(logits(again), wanted, atol=1e-4)
    assert torch.allclose(logits(loading.merged(again)), wanted, atol=1e-3 * float(wanted.abs().max()))


def test_the_names_of_a_usual_decoder_are_the_usual_seven():
    assert linears.adapted(made("llama"), LORA).modules == [
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]  # fmt: skip


def test_a_list_that_misses_the_fused_layers_is_found_out_by_the_weights(monkeypatch):
    """The list of seven names fits two of Phi-3's four layers, and a count over the same names agrees with itself."""
    seven = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    two = [name for name in linears.linear_layers(made("phi3")) if name.rsplit(".", 1)[-1] in seven]
    honest = linears.linear_layers
    monkeypatch.setattr(linears, "linear_layers", lambda model, head=False: {
        name: layer for name, layer in honest(model, head).items() if name in two})  # fmt: skip
    with pytest.raises(GuardFailed, match="left 4 weight matrices .*qkv_proj"):
        loading.attach_new_adapter(loaded("phi3"), LORA, 0)


def test_experts_are_counted_and_trained_only_where_asked():
    model = made("qwen3_moe")
    plain = linears.adapted(model, LORA)
    assert len(plain.left) == 4 and not plain.experts and plain.modules == ["q_proj", "k_proj", "v_proj", "o_proj"]
    one = linears.adapted(model, LoraSettings(r=2, lora_alpha=4, target_parameters=["experts.down_proj"]))
    assert len(one.experts) == 2 and one.parameters == ["experts.down_proj"]
    both = linears.adapted(model, LoraSettings(r=2, lora_alpha=4, target_parameters="experts"))
    assert both.count(LORA) - plain.count(LORA) == 2 * 4 * 2 * ((32 + 48) + (24 + 32))  # layers, experts, rank
    tuned = loading.attach_new_adapter(loaded("qwen3_moe"), LoraSettings(r=2, lora_alpha=4,
                                                                         target_parameters="experts"), 0)  # fmt: skip
    assert any("experts" in n and p.requires_grad for n, p in tuned.named_parameters())
    upper = LoraSettings(r=2, lora_alpha=4, target_parameters="experts", layers_to_transform="from:1")
    tuned = loading.attach_new_adapter(loaded("qwen3_moe"), upper, 0)
    assert {n.split(".layers.")[1][0] for n, p in tuned.named_parameters() if p.requires_grad} == {"1"}


@pytest.mark.parametrize("name, settings, words", [
    ("llama", {"target_modules": ["c_attn"]}, "lora.target_modules: .*no linear layer c_attn; it has .*q_proj"),
    ("gpt2", {"target_modules": ["q_proj"]}, "lora.target_modules: .*no linear layer q_proj; it has c_attn"),
    ("llama", {"target_parameters": "experts"}, "lora.target_parameters: .*no mixture"),
    ("mixtral", {"target_parameters": ["w1"]}, "lora.target_parameters: .*no w1; there are experts.down_proj"),
    ("mixtral", {"target_parameters": "experts", "use_dora": True}, "PEFT cannot put this adapter on a mixtral"),
    ("mixtral", {"target_parameters": "experts", "lora_dropout": 0.1}, "PEFT cannot .*lora_dropout"),
])  # fmt: skip
def test_what_a_model_does_not_have_is_one_line(name, settings, words):
    with pytest.raises(BadInput, match=words) as caught:
        loading.attach_new_adapter(loaded(name), LoraSettings(r=2, lora_alpha=4, **settings), 0)
    assert "\n" not in str(caught.value)


def test_conv1d_is_named_as_what_it_is():
    model = made("gpt2")
    assert adapter.lora_config(LORA, model, "CAUSAL_LM").fan_in_fan_out
    assert linears.linear_layers(model)["transformer.h.0.attn.c_attn"] == linears.Linear(32, 96, transposed=True)
