"""Each shape of the model table, built by transformers without weights, has the checkpoint's count of parameters."""

from __future__ import annotations

import pytest

from labs_py.core.model_table import MODELS

torch = pytest.importorskip("torch", reason="the models are built on torch's meta device")
transformers = pytest.importorskip("transformers", reason="it knows each family's norms and biases")

FAMILIES = {"Llama": "Llama", "SmolLM2": "Llama", "TinyLlama": "Llama", "Qwen2.5": "Qwen2", "Qwen3": "Qwen3",
            "Mistral": "Mistral", "OLMo": "Olmo2", "Phi": "Phi3", "Gemma": "Gemma2"}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_transformers_counts_what_the_table_says(name):
    shape = MODELS[name]
    family = FAMILIES[name.split("-")[0]]
    head = 64 if shape.key_value % 128 or name.startswith("TinyLlama") else 128
    config = getattr(transformers, f"{family}Config")(
        num_hidden_layers=shape.layers, hidden_size=shape.hidden, num_attention_heads=shape.query // head,
        num_key_value_heads=shape.key_value // head, head_dim=head, intermediate_size=shape.inner,
        vocab_size=shape.vocabulary, tie_word_embeddings=shape.tied, pad_token_id=0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    with torch.device("meta"):
        model = getattr(transformers, f"{family}ForCausalLM")(config)
    assert sum(p.numel() for p in model.parameters()) == shape.published
    if shape.tied:
        model.tie_weights()
    assert (model.get_output_embeddings().weight is model.get_input_embeddings().weight) == shape.tied
