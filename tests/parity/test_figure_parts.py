"""What an adapter reaches in a mixture of experts and in a vision-language model: our counts are the libraries'."""

from __future__ import annotations

import pytest

from overrides.figures.kit.parts import GPT_OSS, LLAVA, Mixture, clip, llama, projector

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

SMALL = Mixture(layers=2, hidden=32, query=64, key_value=32, heads=4, inner=24, experts=4, used=2, vocabulary=50)
LANGUAGE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 4, "vocab_size": 50}  # fmt: skip
IMAGE = {"hidden_size": 16, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
         "image_size": 28, "patch_size": 14}  # fmt: skip


def mixture(shape: Mixture):
    """A model of a shape without its weights."""
    wide = shape.query // shape.heads
    config = transformers.GptOssConfig(
        hidden_size=shape.hidden, intermediate_size=shape.inner, num_hidden_layers=shape.layers, head_dim=wide,
        num_attention_heads=shape.heads, num_key_value_heads=shape.key_value // wide,
        num_local_experts=shape.experts, num_experts_per_tok=shape.used, vocab_size=shape.vocabulary,
    )  # fmt: skip
    with torch.device("meta"):
        return transformers.GptOssForCausalLM(config)


def trained(model, **settings) -> dict[str, int]:
    """Sizes of the parameters that a LoRA of rank 3 trains, by name."""
    config = peft.LoraConfig(r=3, lora_alpha=6, lora_dropout=0.0, **settings)
    adapted = peft.get_peft_model(model, config)
    return {name: value.numel() for name, value in adapted.named_parameters() if value.requires_grad}


@pytest.mark.parametrize("shape", [SMALL, GPT_OSS], ids=["small", "gpt-oss"])
def test_parts_of_a_mixture_add_up_to_the_model(shape: Mixture) -> None:
    model, counted = mixture(shape), shape.parameters(shape.experts)
    sizes = {name: value.numel() for name, value in model.named_parameters()}
    assert sum(counted.values()) == sum(sizes.values())
    assert counted["attention"] == sum(size for name, size in sizes.items() if ".self_attn." in name)
    assert counted["experts"] == sum(size for name, size in sizes.items() if ".experts." in name)


def test_widths_are_those_of_gpt_oss() -> None:
    config = transformers.GptOssConfig()  # of the 120B; the 20B has fewer layers and experts
    assert (config.hidden_size, config.intermediate_size) == (GPT_OSS.hidden, GPT_OSS.inner)
    assert config.num_attention_heads == GPT_OSS.heads and config.vocab_size == GPT_OSS.vocabulary
    assert config.head_dim * config.num_attention_heads == GPT_OSS.query
    assert config.head_dim * config.num_key_value_heads == GPT_OSS.key_value
    assert config.num_experts_per_tok == GPT_OSS.used


def test_linear_layers_leave_the_experts_out_and_target_parameters_reach_them() -> None:
    linear = trained(mixture(SMALL), target_modules="all-linear")
    assert not any("expert" in name or "router" in name for name in linear)
    assert sum(linear.values()) == SMALL.adapter(3)["attention"]
    named = ["experts.gate_up_proj", "experts.down_proj"]
    experts = trained(mixture(SMALL), target_modules=[], target_parameters=named)
    assert sum(experts.values()) == SMALL.adapter(3)["experts"]


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("Mixtral", {"num_local_experts": 4}),
        ("Qwen3Moe", {"num_experts": 4, "moe_intermediate_size": 24, "head_dim": 8}),
    ],
)
def test_of_two_families_peft_translates_the_names_and_the_router_is_trained_too(family: str, settings: dict) -> None:
    config = getattr(transformers, f"{family}Config")(
        hidden_size=32, intermediate_size=24, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
        num_experts_per_tok=2, vocab_size=50, **settings,
    )  # fmt: skip
    with torch.device("meta"):
        model = getattr(transformers, f"{family}ForCausalLM")(config)
    names = set(trained(model, target_modules="all-linear"))
    assert any(".mlp.experts." in name for name in names) and any(".mlp.gate." in name for name in names)


def vision_language(image: dict, language: dict):
    """A LLaVA of such parts without its weights."""
    config = transformers.LlavaConfig(vision_config=transformers.CLIPVisionConfig(**image),
                                      text_config=transformers.LlamaConfig(**language))  # fmt: skip
    with torch.device("meta"):
        return transformers.LlavaForConditionalGeneration(config)


@pytest.mark.parametrize("names", [("q_proj", "v_proj"), ()], ids=["names", "all"])
def test_adapters_of_each_part_are_pefts(names: tuple[str, ...]) -> None:
    found = trained(vision_language(IMAGE, LANGUAGE), target_modules=list(names) or "all-linear")
    parts = {"vision_tower": clip(16, 40, 2), "multi_modal_projector": projector(16, 32),
             "language_model": llama(32, 48, 3)}  # fmt: skip
    for part, tower in parts.items():
        counted = tower.adapter(3, names) if not names or part != "multi_modal_projector" else 0
        assert counted == sum(size for name, size in found.items() if part in name), part


def test_the_shapes_of_llava_are_its_configurations_defaults() -> None:
    config = transformers.LlavaConfig()
    image, language = config.vision_config, config.text_config
    assert LLAVA["image encoder"] == clip(image.hidden_size, image.intermediate_size, image.num_hidden_layers)
    assert LLAVA["language model"] == llama(
        language.hidden_size, language.intermediate_size, language.num_hidden_layers
    )
    assert LLAVA["projector"] == projector(image.hidden_size, language.hidden_size)
