"""Tiny random models of many families, made from transformers' own configuration classes."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

VOCABULARY = 96
PLAIN = {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "bos_token_id": 1,
         "eos_token_id": 2, "pad_token_id": 0}  # fmt: skip
OLD = {"num_key_value_heads": None}  # families without grouped heads
MIXTURE = {"num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
           "moe_intermediate_size": 24, "decoder_sparse_step": 1}  # fmt: skip
WINDOW = 7  # tokens
ALTERNATING = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention"]}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen2-window": {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1},
    "qwen3": {"head_dim": 8},
    "qwen3_moe": {"head_dim": 8, **MIXTURE},
    "qwen3_moe-dense": {"head_dim": 8, **MIXTURE, "mlp_only_layers": [0]},
    "qwen2_moe": {"shared_expert_intermediate_size": 24, **MIXTURE},
    "mistral": {"sliding_window": None},
    "mistral-window": {"sliding_window": WINDOW},
    "mixtral": {"sliding_window": None, **MIXTURE},
    "gemma": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "query_pre_attn_scalar": 8, **ALTERNATING},
    "gemma3_text": {"head_dim": 8, "query_pre_attn_scalar": 8, **ALTERNATING},
    "phi": {},
    "phi3": {"sliding_window": None},
    "phi3-window": {"sliding_window": WINDOW},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "gpt_neox": {},
    "gpt_neo": {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "window_size": WINDOW},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "rotary_dim": 4},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "bloom": {"n_layer": 2, "n_head": 4},
    "falcon": {},
    "olmo": {},
    "olmo2": {},
    "olmo3": ALTERNATING,
    "olmoe": MIXTURE,
    "smollm3": {},
    "granite": {"logits_scaling": 2.0, "attention_multiplier": 0.3},
    "cohere": {"logit_scale": 0.3},
    "cohere2": {"head_dim": 8, **ALTERNATING},
    "starcoder2": {"sliding_window": WINDOW},
    "stablelm": {},
    "glm4": {"head_dim": 8, "partial_rotary_factor": 0.5},
    "gpt_oss": {"head_dim": 8, **ALTERNATING, **MIXTURE},
}


def made(name: str, more: dict[str, dict[str, Any]] | None = None) -> PreTrainedModel:
    """A random model of a family, in evaluation mode, with large enough weights that greedy answers vary.

    Args:
        name: of FAMILIES or of ``more``.
        more: families beside those.
    """
    family = name.partition("-")[0]
    settings = {**PLAIN, **{**FAMILIES, **(more or {})}[name]}
    known = AutoConfig.for_model(family)
    settings = {key: value for key, value in settings.items() if hasattr(known, key) or key in known.attribute_map}
    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = AutoConfig.for_model(family, **settings)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.25)
    return model.eval()
