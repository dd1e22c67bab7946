"""QLoRA on a CPU: frozen weights in 4 bits by bitsandbytes, an adapter in float32 on top."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from labs_py.core import quantize
from tests.training.method_runs import CONFIGS, adapter_bytes, broken_off, resumed_is_straight, train
from training.cli import main
from training.commands import merge
from training.methods import trainer as method_trainer
from training.methods.configuration import load_config
from training.methods.embed import mining
from training.methods.embed import model as embed_model
from training.models import loading, tiny
from training.run.errors import LackingResource

bitsandbytes = pytest.importorskip("bitsandbytes", reason="4-bit weights need bitsandbytes (make test sets it up)")
FEW = ["data.n_train=16", "data.n_heldout=2", "train.save_steps=2"]
IDS = torch.arange(2, 60)[None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny random model on the disk, as a model of the hub would lie there: 64 wide, as blocks of 64 ask for."""
    path = tmp_path_factory.mktemp("tiny") / "llama"
    small, tokenizer = tiny.model("llama")
    torch.manual_seed(0)
    shape = {"hidden_size": 64, "intermediate_size": 128, "head_dim": 16}
    LlamaForCausalLM(LlamaConfig(**{**small.config.to_dict(), **shape})).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def whole(folder):
    """The same model with its weights whole."""
    return loading.load_base(load_config(CONFIGS / "sft" / "tiny.yaml", [f"model.source={folder}"]).model)


def qlora(folder, *more):
    return [f"model.source={folder}", "model.quantization=nf4", *FEW, *more]


def run(path, overrides, resume=None):
    """A run on the folder's model: its overrides come after the tiny architecture's."""
    return train("sft", path, overrides, resume)


def logits(tuned):
    with torch.no_grad():
        return tuned(input_ids=IDS).logits


def test_only_the_adapter_trains_on_weights_of_four_bits(tmp_path, folder):
    _, result, (config, loaded, _) = run(tmp_path / "run", qlora(folder, "train.num_train_epochs=4"))
    held = {n: p for n, p in result.model.named_parameters() if n.endswith("proj.base_layer.weight")}
    assert len(held) == 14 and all(p.dtype == torch.uint8 and not p.requires_grad for p in held.values())
    assert all(p.quant_state.nested and p.quant_state.quant_type == "nf4" for p in held.values())  # double quantisation
    fresh = dict(loading.load_base(config.model).model.named_parameters())
    for name, parameter in held.items():
        own = fresh[name.removeprefix("base_model.model.").replace(".base_layer", "")]
        assert torch.equal(parameter.data, own.data), name
    assert result.facts["loss"][-1] < result.facts["loss"][0] - 0.02
    plain = whole(folder).facts
    assert loaded.facts["parameters"] == plain["parameters"]
    assert loaded.facts["weights_bytes"] < plain["weights_bytes"] / 2


def test_the_weights_are_those_that_the_labs_arithmetic_gives(folder):
    """Blocks of 64 in NF4, their scales in 8 bits: the lab's numpy and bitsandbytes agree."""
    config = load_config(CONFIGS / "sft" / "tiny.yaml", qlora(folder))
    held = loading.load_base(config.model).model.model.layers[0].mlp.up_proj.weight
    exact = whole(folder).model.model.layers[0].mlp.up_proj.weight.detach().numpy().astype(np.float64)
    ours = quantize.nf4(exact.reshape(-1, 64), quantize.double_quantised).restored.reshape(exact.shape)
    theirs = bitsandbytes.functional.dequantize_4bit(held.data, held.quant_state).float().numpy()
    np.testing.assert_allclose(theirs, ours, atol=2e-3 * np.abs(exact).max())
    assert np.abs(ours - exact).max() > 0.01 * np.abs(exact).max()


def test_measuring_does_not_change_the_weights(folder):
    config = load_config(CONFIGS / "sft" / "tiny.yaml", qlora(folder))
    loaded = loading.load_base(config.model)
    before = [p.clone() for p in loaded.model.parameters()]
    first = logits(loaded.model)
    assert all(torch.equal(a, b) for a, b in zip(before, loaded.model.parameters(), strict=True))
    assert torch.equal(logits(loaded.model.train()), first)


@pytest.mark.parametrize("variant", [[], ["lora.use_dora=true"], ["lora.use_rslora=true"]])
def test_saved_loaded_and_merged_it_is_the_tuned_model(tmp_path, folder, variant):
    made, result, (config, _, _) = run(tmp_path / "run", qlora(folder, *variant))
    tuned = logits(result.model)
    again = logits(loading.attach_adapter(loading.load_base(config.model).model, made.adapter))
    assert torch.equal(again, tuned)
    plain, _, difference = merge.merge(config.model, made.adapter)
    assert difference < 1e-4 and (logits(plain) - tuned).abs().max() < 1e-4 * tuned.abs().max()
    assert not any(p.dtype == torch.uint8 for p in plain.parameters())


def test_resumed_is_straight(tmp_path, folder):
    straight = run(tmp_path / "straight", qlora(folder))[0]
    stopped = broken_off("sft", tmp_path / "stopped", qlora(folder), 2)
    again = run(tmp_path / "stopped", qlora(folder), stopped.last_checkpoint())[0]
    assert adapter_bytes(again) == adapter_bytes(straight)


def test_building_a_round_does_not_round_the_adapter(tmp_path, folder):
    """TRL brings the adapter of a quantised model to bfloat16; at next to no rate all bits have to stay."""
    pairs = ("dpo.pairs=on_policy", "dpo.rule=shortest", "dpo.min_score_gap=0",
             "dpo.samples=2", "dpo.rounds=2", "evaluate.max_new_tokens=12")  # fmt: skip
    settings = qlora(folder, *pairs, "train.learning_rate=1e-30")
    made, _, (config, _, _) = train("dpo", tmp_path / "run", settings)
    start = dict(method_trainer.prepare(config, loading.load_base(config.model)).named_parameters())
    saved = load_file(made.adapter / "adapter_model.safetensors")
    lasting = {name: held for name, held in saved.items() if "lora_A" in name}  # B starts at 0 and sees any rate
    assert lasting and all(torch.equal(held, start[name.replace(".weight", ".default.weight")])
                           for name, held in lasting.items())  # fmt: skip


# ---- embedding models ----
ENCODER = ["model.source=tiny-random:bert", "model.quantization=nf4"]


def test_an_embedding_model_trains_on_weights_of_four_bits_and_its_folder_holds_the_adapter(tmp_path):
    settings = [*ENCODER, "train.num_train_epochs=10", "embed.negatives=batch"]
    made, result, (config, loaded, rows) = train("embed", tmp_path / "run", settings)
    fresh = embed_model.load_base(config)
    frozen, held = (
        {name.replace(".base_layer", "").replace("base_model.model.", ""): p
         for name, p in found.named_parameters() if p.dtype == torch.uint8}
        for found in (fresh.model, loaded.model)
    )  # fmt: skip
    assert len(frozen) == 13 and all(torch.equal(held[name], p) for name, p in frozen.items())
    assert min(result.facts["loss"]) < result.facts["loss"][0] - 0.1
    texts, base = [row["anchor"] for row in rows.train], embed_model.load_base(config).model
    base, shipped, trained = (mining.vectors(m, texts, config, "") for m in
                              (base, embed_model.attach(config, fresh, made), result.model))  # fmt: skip
    assert np.allclose(shipped, trained, atol=1e-5) and not np.allclose(shipped, base, atol=1e-2)


def test_four_bits_change_an_embedding_models_vectors_and_shrink_its_weights():
    whole_config, config = (load_config(CONFIGS / "embed" / "tiny.yaml", more) for more in (ENCODER[:1], ENCODER))
    exact, held = embed_model.load_base(whole_config), embed_model.load_base(config)
    assert held.facts["parameters"] == exact.facts["parameters"]
    assert held.facts["weights_bytes"] < exact.facts["weights_bytes"]
    apart = [mining.vectors(m.model, ["a text"], config, "") for m in (exact, held)]
    assert 1e-4 < np.abs(apart[0] - apart[1]).max() < 0.2


def test_an_embedding_run_on_four_bits_resumed_is_straight(tmp_path):
    resumed_is_straight("embed", tmp_path, ENCODER, 3)


def test_paged_state_without_a_gpu_is_one_line(tmp_path, folder):
    with pytest.raises(LackingResource, match="paged_adamw_8bit needs a GPU.*adamw"):
        run(tmp_path / "run", qlora(folder, "train.optim=paged_adamw_8bit"))


def test_without_the_package_it_is_one_line(folder, monkeypatch, capsys, tmp_path):
    honest = loading.find_spec
    monkeypatch.setattr(loading, "find_spec", lambda name: None if name == "bitsandbytes" else honest(name))
    line = ["sft", "--config", str(CONFIGS / "sft" / "tiny.yaml"), *qlora(folder), "--out", str(tmp_path / "run")]
    assert main(line) == 3
    assert capsys.readouterr().err.strip().splitlines()[-1] == f"error: {loading.BITS_AND_BYTES}"
