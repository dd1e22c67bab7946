"""Runs made in a moment: a random model of any family in a folder, and a random adapter on it that changes answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from training.methods.configuration import load_config
from training.models import tiny
from training.run import config as configuration

WIDTHS: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 2048, "tie_word_embeddings": True,
    "sliding_window": None,
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {}, "qwen2": {"use_sliding_window": False, "tie_word_embeddings": False},
    "qwen3": {"head_dim": 16},
    "gemma3_text": {"query_pre_attn_scalar": 8, "sliding_window": 16, "head_dim": 16},
    "mistral": {}, "olmo2": {}, "phi3": {},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 2048},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
}  # fmt: skip
TARGETS = {"gpt2": ["c_attn", "c_proj", "c_fc"], "phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
           "mixtral": ["q_proj", "o_proj"]}  # fmt: skip


def model_of(family: str, dtype: torch.dtype = torch.float32, **more: Any) -> Any:
    """A random model of a family, with weights large enough that its answers are not near ties."""
    tokenizer = tiny.tokenizer()
    settings = {**WIDTHS, **FAMILIES[family], "vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
                "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
                "initializer_range": 0.3, **more}  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings), dtype=dtype)
        for name, parameter in model.named_parameters():
            if "norm" in name or "ln_" in name or name.endswith("bias"):
                parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


def make_run(folder: Path, family: str, dtype: torch.dtype = torch.float32, base: dict[str, Any] | None = None,
             **lora: Any) -> Path:  # fmt: skip
    """A run's folder with its base model beside it; more settings go to the base's configuration and to LoraConfig."""
    model, tokenizer = model_of(family, dtype, **(base or {})), tiny.tokenizer()
    model.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    targets = TARGETS.get(family, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    settings = {"r": 4, "lora_alpha": 8, "target_modules": targets, "task_type": "CAUSAL_LM", **lora}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        tuned: Any = get_peft_model(model.float(), LoraConfig(**settings))
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.data = 0.1 * torch.randn_like(parameter)
            elif "lora_magnitude" in name:
                parameter.data *= 1 + 0.1 * torch.rand_like(parameter)
    tuned.peft_config["default"].base_model_name_or_path = str(folder / "base")
    tuned.save_pretrained(folder / "run" / "adapter")
    asked = [f"model.source={folder / 'base'}", f"name={family}", "evaluate.max_new_tokens=12"]
    config = load_config("training/configs/sft/tiny.yaml", asked)
    configuration.dump(config, folder / "run" / "config.yaml")
    return folder / "run"


def logits(model: Any, count: int = 24) -> torch.Tensor:
    """Logits of a fixed text, (1, T, V), in float32."""
    ids = torch.arange(5, 5 + 3 * count, 3)[None]
    with torch.no_grad():
        return model(input_ids=ids).logits.float()
