"""A GGUF file read back by transformers, with what its reader leaves at a default set as llama.cpp computes it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.run.errors import BadInput
from training.serving.gguf_layout import GEMMA_27B_LAYERS

if TYPE_CHECKING:
    import torch

# Tokens at which llama.cpp ends an answer wherever they are in a vocabulary, beside the file's own (llama-vocab.cpp).
ENDS_BY_TEXT = ("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>",
                "<|end_of_text|>", "<EOT>", "_<EOT>", "<|eom_id|>", "</s>", "<turn|>")  # fmt: skip


@dataclass(frozen=True)
class ReadBack:
    """A GGUF as transformers has it.

    Attributes:
        model: a causal language model with float32 weights.
        tokenizer: made from the file's vocabulary and template.
        stops: ids at which llama.cpp ends an answer.
        types: names of the tensors' types, such as {"F32", "Q8_0"}.
    """

    model: Any
    tokenizer: Any
    stops: list[int]
    types: set[str]


def metadata(file: Path) -> tuple[dict[str, Any], set[str]]:
    """What a file says about itself, by key, and the types of its tensors.

    Raises:
        BadInput: it is no GGUF.
    """
    import gguf

    try:
        reader = gguf.GGUFReader(str(file))
        said = {key: field.contents() for key, field in reader.fields.items()}
        return said, {tensor.tensor_type.name for tensor in reader.tensors}
    except (OSError, ValueError, IndexError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: not readable as GGUF ({' '.join(str(error).split())[:120]}); export it again"
                       ) from error  # fmt: skip


def read_back(file: Path) -> ReadBack:
    """The model and the tokenizer of a file.

    Raises:
        BadInput: it is no GGUF, or not one that transformers reads.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

    said, types = metadata(file)
    factors = rope_factors(file)
    try:
        config: Any = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
        as_llama_cpp_computes(config, said, file)
        how = {"dtype": torch.float32, "quantization_config": GgufConfig(dequantize=True)}
        with redirect_stderr(io.StringIO()):  # its progress bar has no switch
            model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, config=config, **how)
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput(f"{file}: transformers cannot read it ({' '.join(str(error).split())[:160]}); export it again"
                       ) from error  # fmt: skip
    if factors is not None:
        for module in model.modules():
            if isinstance(getattr(module, "inv_freq", None), torch.Tensor):
                setattr(module, "inv_freq", module.inv_freq / factors)  # noqa: B010  (a buffer)
    return ReadBack(model.eval(), tokenizer, stops_of(said), types)


def stops_of(said: dict[str, Any]) -> list[int]:
    """Ids at which llama.cpp ends an answer: the file's end of text, of turn and of message, and those by text."""
    named = [said.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("eos", "eot", "eom")]
    texts = {text: at for at, text in enumerate(said.get("tokenizer.ggml.tokens", []))}
    return sorted({int(at) for at in [*named, *(texts.get(text) for text in ENDS_BY_TEXT)] if at is not None})


def as_llama_cpp_computes(config: Any, said: dict[str, Any], file: Path) -> None:
    """Set in a configuration what the file says and transformers' reader leaves at its default."""
    arch = said["general.architecture"]
    width = said.get(f"{arch}.attention.key_length")
    if width is not None:
        config.head_dim = int(width)
    biased = any(name in said_names(file) for name in ("blk.0.attn_q.bias", "blk.0.attn_output.bias"))
    if hasattr(config, "attention_bias"):
        config.attention_bias = biased
    if arch == "gemma3":
        local = float(said.get(f"{arch}.rope.freq_base_swa", 10000.0))
        config.query_pre_attn_scalar = config.head_dim
        if config.num_hidden_layers == GEMMA_27B_LAYERS:
            config.query_pre_attn_scalar = config.hidden_size // config.num_attention_heads
        period = int(said.get(f"{arch}.attention.sliding_window_pattern", 6))
        config.layer_types = ["full_attention" if (at + 1) % period == 0 else "sliding_attention"
                              for at in range(config.num_hidden_layers)]  # fmt: skip
        config.rope_parameters = {
            "full_attention": {"rope_type": "default", "rope_theta": float(said[f"{arch}.rope.freq_base"])},
            "sliding_attention": {"rope_type": "default", "rope_theta": local},
        }
        return
    config.rope_parameters = rope_of(said, arch)


def rope_of(said: dict[str, Any], arch: str) -> dict[str, Any]:
    """The rotary embedding as a file's settings have it; for Llama 3's factors, a tensor, see ``rope_factors``."""
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": float(said.get(f"{arch}.rope.freq_base", 10000.0))}
    kind = said.get(f"{arch}.rope.scaling.type", "none")
    if kind in ("linear", "yarn"):
        rope.update(rope_type=kind, factor=float(said[f"{arch}.rope.scaling.factor"]))
    if kind == "yarn":
        rope["original_max_position_embeddings"] = int(said[f"{arch}.rope.scaling.original_context_length"])
    return rope


def rope_factors(file: Path) -> torch.Tensor | None:
    """What the rotary frequencies are divided by, (head width / 2,); None where a file has no such tensor."""
    import gguf
    import torch

    found = [tensor for tensor in gguf.GGUFReader(str(file)).tensors if tensor.name == "rope_freqs.weight"]
    return torch.tensor(found[0].data.copy()) if found else None


def said_names(file: Path) -> set[str]:
    """Names of a file's tensors."""
    import gguf

    return {tensor.name for tensor in gguf.GGUFReader(str(file)).tensors}
