"""Variants of the adapter: what starts, what is saved, what comes back, what cannot go together."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.method_runs import CONFIGS, adapter_bytes, resumed_is_straight, train
from training.commands import merge
from training.methods.configuration import load_config
from training.methods.memory_estimate import adapter_parameters, estimate
from training.models import adapter, guards, loading
from training.models.shapes import shape_of
from training.run import machine, settings
from training.run.errors import BadInput

VARIANTS = {
    "lora": [],
    "upper-layers": ["lora.layers_to_transform=from:1"],
    "rslora": ["lora.use_rslora=true"],
    "dora": ["lora.use_dora=true"],
    "pissa": ["lora.init_lora_weights=pissa"],
    "pissa-quick": ["lora.init_lora_weights=pissa_niter_16"],
    "pissa-rslora": ["lora.init_lora_weights=pissa", "lora.use_rslora=true"],
    "dora-rslora": ["lora.use_dora=true", "lora.use_rslora=true"],
}
FEW = ["data.n_train=16", "data.n_heldout=2", "train.save_steps=2"]
IDS = torch.arange(2, 60)[None]


def logits(tuned):
    with torch.no_grad():
        return tuned(input_ids=IDS).logits


def fresh(variant, architecture="llama"):
    config = load_config(CONFIGS / "sft" / "tiny.yaml", [f"model.source=tiny-random:{architecture}",
                                                                *VARIANTS[variant]])  # fmt: skip
    loaded = loading.load_base(config.model)
    return config, loaded, logits(loaded.model)


@pytest.mark.parametrize("variant", VARIANTS)
def test_before_the_first_step_nothing_has_changed(variant):
    config, loaded, base = fresh(variant)
    tuned = loading.attach_new_adapter(loaded, config.lora, 0).eval()
    assert torch.allclose(logits(tuned), base, atol=2e-6)
    moved = any(bool(p.any()) for n, p in tuned.named_parameters() if "lora_B" in n)
    assert moved == settings.is_pissa(config.lora) == ("pissa" in variant)


@pytest.mark.few(3)
@pytest.mark.parametrize("variant", VARIANTS)
def test_saved_and_put_on_the_untouched_base_it_is_the_tuned_model_and_so_is_it_merged(tmp_path, variant):
    run, result, (config, _, _) = train("sft", tmp_path / "run", [*FEW, *VARIANTS[variant]])
    tuned = logits(result.model)
    again = loading.attach_adapter(loading.load_base(config.model).model, run.adapter)
    largest = tuned.abs().max()
    assert (logits(again) - tuned).abs().max() < 1e-5 * largest
    assert (tuned - logits(loading.load_base(config.model).model)).abs().max() > 1e-2 * largest  # and not the base
    plain, _, difference = merge.merge(config.model, run.adapter)
    assert difference < 1e-5 and (logits(plain) - tuned).abs().max() < 1e-5 * largest
    assert {p.name for p in run.adapter.iterdir()} == {"adapter_config.json", "adapter_model.safetensors",
                                                       "stage10.json"}  # fmt: skip


def test_a_saved_pissa_adapter_is_a_plain_one_of_twice_the_rank(tmp_path):
    run = train("sft", tmp_path / "run", [*FEW, *VARIANTS["pissa"]])[0]
    kept = json.loads((run.adapter / "adapter_config.json").read_text())
    assert kept["init_lora_weights"] is True and kept["r"] == 8 and kept["lora_alpha"] / kept["r"] == 2


def test_without_the_conversion_pissa_would_not_come_back(tmp_path, monkeypatch):
    """PEFT's own file on the untouched base adds the largest directions a second time."""
    monkeypatch.setattr(adapter, "save_plain", lambda tuned, folder, target: tuned.save_pretrained(target))
    run, result, (config, _, _) = train("sft", tmp_path / "run", [*FEW, *VARIANTS["pissa"]])
    file = run.adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "init_lora_weights": True}))
    again = logits(loading.attach_adapter(loading.load_base(config.model).model, run.adapter))
    assert (again - logits(result.model)).abs().max() > 0.01 * again.abs().max()


def test_balanced_factors_keep_a_small_difference_of_large_numbers_in_bfloat16():
    generator = torch.Generator().manual_seed(0)
    a0, b0 = torch.randn(4, 40, generator=generator), torch.randn(30, 4, generator=generator)
    a1, b1 = (x + 1e-3 * torch.randn(x.shape, generator=generator) for x in (a0, b0))
    a, b = torch.cat([a1, a0]), torch.cat([b1, -b0], 1)
    wanted = b1.double() @ a1.double() - b0.double() @ a0.double()

    def error(left, right):
        return float((left.double() @ right.double() - wanted).norm() / wanted.norm())

    small_a, small_b = adapter.balanced(a, b)
    assert small_a.shape == a.shape and small_b.shape == b.shape and error(small_b, small_a) < 1e-5
    assert error(small_b.bfloat16(), small_a.bfloat16()) < 0.01
    assert error(b.bfloat16(), a.bfloat16()) > 0.5
    wide = torch.randn(8, 3), torch.randn(5, 8)
    assert all(torch.equal(x, y) for x, y in zip(adapter.balanced(*wide), wide, strict=True))


@pytest.mark.few(1)
@pytest.mark.parametrize("variant", ["rslora", "dora", "pissa", "pissa-quick"])
def test_resumed_is_straight(tmp_path, variant):
    resumed_is_straight("sft", tmp_path, [*FEW, "train.max_steps=4", *VARIANTS[variant]], 2)


def test_rslora_scales_by_alpha_over_the_root_of_the_rank():
    config, loaded, _ = fresh("rslora")
    tuned = loading.attach_new_adapter(loaded, config.lora, 0)
    layer = tuned.get_base_model().model.layers[0].mlp.up_proj
    assert layer.scaling["default"] == pytest.approx(8 / math.sqrt(4)) == adapter.scale(config.lora)
    plain = load_config(CONFIGS / "sft" / "tiny.yaml").lora
    assert adapter.scale(plain) == 2
    with pytest.raises(guards.GuardFailed, match="by 2, which lora.lora_alpha"):
        guards.scale_rule(tuned, plain)


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
def test_doras_lengths_are_counted(architecture):
    config, loaded, _ = fresh("dora", architecture)
    plain = load_config(CONFIGS / "sft" / "tiny.yaml").lora
    outputs = sum(m.out_features for n, m in loaded.model.named_modules() if n.endswith("_proj"))
    counted = loading.count_adapter_parameters(loaded.model, config.lora)
    assert counted == loading.count_adapter_parameters(loaded.model, plain) + outputs
    tuned = loading.attach_new_adapter(loaded, config.lora, 0)
    assert sum(p.numel() for p in tuned.parameters() if p.requires_grad) == counted


def test_the_estimate_counts_doras_lengths():
    file = CONFIGS / "sft" / "qwen2.5_7b_lora_80gb.yaml"
    plain, dora = load_config(file), load_config(file, ["lora.use_dora=true"])
    shape = shape_of(plain.model.source)
    outputs = 28 * (3584 + 2 * 512 + 3584 + 2 * 18944 + 3584)  # q, k and v, o, gate and up, down
    assert adapter_parameters(shape, dora.lora) - adapter_parameters(shape, plain.lora) == outputs
    before, after = estimate(plain), estimate(dora)
    assert after["trainable_parameters"] - before["trainable_parameters"] == outputs
    assert after["optimiser_bytes"] - before["optimiser_bytes"] == 8 * outputs


def test_below_the_first_layer_with_an_adapter_there_is_none_and_no_gradient():
    config, loaded, _ = fresh("upper-layers")
    tuned = loading.attach_new_adapter(loaded, config.lora, 0)
    carrying = {name.split(".layers.")[1][0] for name, _ in tuned.named_parameters() if "lora_" in name}
    assert carrying == {"1"} and tuned.peft_config["default"].layers_to_transform == [1]
    states = tuned(input_ids=IDS, output_hidden_states=True).hidden_states
    assert [state.requires_grad for state in states] == [False, False, True]
    plain = load_config(CONFIGS / "sft" / "tiny.yaml").lora
    assert 2 * loading.count_adapter_parameters(loaded.model, config.lora) == (
        loading.count_adapter_parameters(loaded.model, plain)
    )


def test_the_estimate_knows_that_lower_layers_keep_nothing():
    file = CONFIGS / "sft" / "qwen2.5_7b_lora_80gb.yaml"  # 28 layers
    whole, upper = (estimate(load_config(file, [f"lora.layers_to_transform=from:{first}"])) for first in (0, 14))
    assert whole["trainable_parameters"] == 2 * upper["trainable_parameters"]
    assert whole["activations_bytes"] == pytest.approx(2 * upper["activations_bytes"])


def test_an_adapter_that_would_begin_after_the_last_layer_is_one_line():
    config = load_config(CONFIGS / "sft" / "tiny.yaml", ["lora.layers_to_transform=from:2"])
    with pytest.raises(BadInput, match="lora.layers_to_transform: the model's last layer is 1"):
        loading.attach_new_adapter(loading.load_base(config.model), config.lora, 0)


def test_doras_lengths_train_and_stay_float32_beside_bfloat16_weights(tmp_path):
    run, _, (config, _, _) = train("sft", tmp_path / "run", [*FEW, *VARIANTS["dora"], "model.dtype=bfloat16"])
    kept = {n: t for n, t in load_file(str(run.adapter / "adapter_model.safetensors")).items() if "magnitude" in n}
    assert len(kept) == 14 and all(t.dtype == torch.float32 for t in kept.values())
    again = loading.attach_adapter(loading.load_base(config.model).model, run.adapter)
    lengths = [p for n, p in again.named_parameters() if "magnitude" in n]
    assert all(p.dtype == torch.float32 for p in lengths)
    start = loading.attach_new_adapter(loading.load_base(config.model), config.lora, 0)
    first = [p for n, p in start.named_parameters() if "magnitude" in n]
    assert any(not torch.equal(x, y) for x, y in zip(lengths, first, strict=True))


@pytest.mark.parametrize(
    "method, variant", [("dpo", "dora"), ("dpo", "rslora"), ("reward", "dora"), ("grpo", "rslora")]
)
def test_other_methods_take_the_variants_too(tmp_path, method, variant):
    more = ["grpo.reward=noise", "train.max_steps=1"] if method == "grpo" else ["train.max_steps=1"]
    if method == "grpo":
        from training.data import rewards

        rewards.REWARDS["noise"] = lambda answer, target: (sum(map(ord, answer)) % 7) / 7
    try:
        first = train(method, tmp_path / "a", [*more, *VARIANTS[variant]])[0]
    finally:
        if method == "grpo":
            del rewards.REWARDS["noise"]
    assert first.read()["train"]["steps"] == 1 and len(adapter_bytes(first)) > 1000


@pytest.mark.parametrize("overrides, words", [
    (["lora.init_lora_weights=pisa"], ["lora.init_lora_weights", "pissa_niter_N"]),
    (["lora.init_lora_weights=pissa_niter_0"], ["lora.init_lora_weights"]),
    (["lora.init_lora_weights=pissa", "lora.use_dora=true"], ["lora.use_dora", "choose one"]),
    (["lora.init_lora_weights=pissa", "model.quantization=nf4"], ["model.quantization=none"]),
    (["lora.use_dora=true", "lora.lora_dropout=0.1", "train.shared_prefix=false"], ["lora.use_dora",
                                                                                    "lora.lora_dropout=0"]),
    (["lora.use_dora=1"], ["lora.use_dora", "true or false"]),
])  # fmt: skip
def test_what_does_not_go_together_is_one_line(overrides, words):
    with pytest.raises(BadInput) as caught:
        load_config(CONFIGS / "sft" / "tiny.yaml", overrides)
    assert "\n" not in str(caught.value)
    for word in ["tiny.yaml", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("method", ["dpo", "grpo", "reward"])
def test_pissa_is_refused_where_the_base_must_stay_the_base(method):
    with pytest.raises(BadInput, match=f"init_lora_weights.*{method}"):
        load_config(CONFIGS / method / "tiny.yaml", ["lora.init_lora_weights=pissa"])


def test_pissa_is_refused_in_several_processes(tmp_path, monkeypatch):
    config, loaded, _ = fresh("pissa")
    tuned = loading.attach_new_adapter(loaded, config.lora, 0)
    monkeypatch.setattr(machine, "process_count", lambda: 2)
    with pytest.raises(BadInput, match="one process"):
        adapter.save_initial_adapter(tuned, Path(tmp_path))
