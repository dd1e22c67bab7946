"""A model's shape from its configuration or from the table adds up to its parameters, head width and norms included."""

from __future__ import annotations

import pytest

from labs_py.core.model_table import MODELS
from training.models.shapes import shape_of

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

SMALL = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 80,
    "vocab_size": 101,
    "pad_token_id": 0,
    "bos_token_id": 0,
    "eos_token_id": 0,
}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family, head", [("Llama", 8), ("Llama", 16), ("Qwen2", 8), ("Qwen3", 16), ("Mistral", 12),
                                          ("Olmo2", 8), ("Phi3", 8), ("Gemma2", 16)])  # fmt: skip
def test_a_folder_with_a_configuration_is_counted_exactly(tmp_path, family, head, tied):
    config = getattr(transformers, f"{family}Config")(**SMALL, head_dim=head, tie_word_embeddings=tied)
    config.save_pretrained(tmp_path)
    with torch.device("meta"):
        model = getattr(transformers, f"{family}ForCausalLM")(config)
    assert shape_of(str(tmp_path)).parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_table_is_known_by_its_repository(name):
    row = MODELS[name]
    shape = shape_of(row.repository)
    assert shape.parameters == row.published and shape.linears == row.linears


def test_what_is_not_known_is_none(tmp_path):
    assert shape_of("nobody/nothing") is None
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    assert shape_of(str(tmp_path)) is None
