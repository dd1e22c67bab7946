"""How llama.cpp's files describe a model: its hyperparameters and the names and layout of its tensors.

Known are the architectures that are Llama, Qwen2, Qwen3 and Gemma 3 in all that is computed; what differs from them in
a way that the file cannot say is refused. Layouts follow llama.cpp's convert_hf_to_gguf.py: Llama's query and key rows
are interleaved for its rotary embedding, and Gemma's norms are stored with one added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.run.errors import BadInput

if TYPE_CHECKING:
    import gguf
    import torch

KNOWN = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gemma3_text": "gemma3"}
ACTIVATIONS = {"llama": ("silu",), "qwen2": ("silu",), "qwen3": ("silu",), "gemma3": ("gelu_pytorch_tanh",)}
CONVERTER = "llama.cpp's convert_hf_to_gguf.py"
GEMMA_27B_LAYERS = 62  # llama.cpp takes another attention scale at this depth


@dataclass(frozen=True)
class Layout:
    """A model's place in llama.cpp's world.

    Attributes:
        architecture: llama.cpp's name.
        config: transformers' configuration.
        tied: whether the output layer is the embedding.
        theta: base of the rotary embedding (Gemma: of the layers with full attention).
        local_theta: the same of layers with a sliding window; None where there are none.
    """

    architecture: str
    config: Any
    tied: bool
    theta: float
    local_theta: float | None

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        own = getattr(self.config, "head_dim", None)
        return own or self.config.hidden_size // self.config.num_attention_heads


def layout_of(folder: Path) -> Layout:
    """The layout of the model in a folder.

    Raises:
        BadInput: another architecture, or one that llama.cpp would compute otherwise; named is the converter that
            knows more.
    """
    from transformers import AutoConfig

    config: Any = AutoConfig.from_pretrained(folder)
    architecture = KNOWN.get(config.model_type)
    if architecture is None:
        raise refused(folder, f"the architecture is {config.model_type}, and this package writes"
                              f" {', '.join(sorted(set(KNOWN)))}")  # fmt: skip
    activation = getattr(config, "hidden_activation", None) or config.hidden_act
    if activation not in ACTIVATIONS[architecture]:
        raise refused(folder, f"hidden_act is {activation}, and llama.cpp computes {ACTIVATIONS[architecture][0]}")
    for name in ("final_logit_softcapping", "attn_logit_softcapping"):
        if getattr(config, name, None):
            raise refused(folder, f"{name} is set, which llama.cpp's {architecture} leaves out")
    tied = bool(config.tie_word_embeddings)
    ropes = config.rope_parameters
    if "rope_theta" not in ropes:  # one for each kind of layer
        for kind in ropes.values():
            rope_type(kind, folder)
        return Layout(architecture, config, tied, float(ropes["full_attention"]["rope_theta"]),
                      float(ropes["sliding_attention"]["rope_theta"]))  # fmt: skip
    rope_type(ropes, folder)
    return Layout(architecture, config, tied, float(ropes["rope_theta"]), None)


def refused(folder: Path, why: str) -> BadInput:
    """The error of a model that is left to llama.cpp's own converter."""
    return BadInput(f"{folder}: no GGUF is written here ({why}); export with --to transformers and convert that folder"
                    f" with {CONVERTER}")  # fmt: skip


def rope_type(rope: dict[str, Any], folder: Path) -> str:
    """The kind of a rotary embedding: default, linear, yarn or llama3.

    Raises:
        BadInput: another kind.
    """
    kind = rope.get("rope_type") or "default"
    if kind not in ("default", "linear", "yarn", "llama3"):
        raise refused(folder, f"rope_type is {kind}")
    return kind


def describe(writer: gguf.GGUFWriter, layout: Layout, folder: Path) -> None:
    """Write the hyperparameters into a file that is being made.

    Raises:
        BadInput: the layers' kinds of attention follow no fixed rhythm.
    """
    import gguf

    config = layout.config
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(layout.head_dim)
    writer.add_value_length(layout.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(layout.theta)
    writer.add_rope_dimension_count(layout.head_dim)
    writer.add_vocab_size(config.vocab_size)
    if layout.local_theta is not None:
        writer.add_sliding_window(config.sliding_window)
        writer.add_sliding_window_pattern(rhythm(config.layer_types, folder))
        writer.add_rope_freq_base_swa(layout.local_theta)
        return
    rope = config.rope_parameters
    kind = rope_type(rope, folder)
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(rope["factor"])
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings") or config.max_position_embeddings
        writer.add_rope_scaling_orig_ctx_len(original)


def rhythm(layer_types: list[str], folder: Path) -> int:
    """Every how many layers one has full attention.

    Raises:
        BadInput: they follow no such rhythm.
    """
    places = [at for at, kind in enumerate(layer_types) if kind == "full_attention"]
    period = places[0] + 1 if places else max(6, len(layer_types) + 1)
    expected = ["full_attention" if (at + 1) % period == 0 else "sliding_attention" for at in range(len(layer_types))]
    if layer_types != expected:
        raise refused(folder, "layer_types is no fixed rhythm of full and sliding attention")
    return period


def rope_factors(layout: Layout) -> torch.Tensor | None:
    """What Llama 3 divides each rotary frequency by, (head width / 2,), as a tensor of its own; None elsewhere.

    Source: llama.cpp, convert_hf_to_gguf.py, LlamaModel.generate_extra_tensors.
    """
    import torch

    rope = layout.config.rope_parameters
    if layout.local_theta is not None or (rope.get("rope_type") or "default") != "llama3":
        return None
    low, high = rope.get("low_freq_factor", 1.0), rope.get("high_freq_factor", 4.0)
    original = rope.get("original_max_position_embeddings", 8192)
    factors = []
    for place in range(0, layout.head_dim, 2):
        wavelength = 2 * math.pi * layout.theta ** (place / layout.head_dim)
        if wavelength < original / high:
            factors.append(1.0)
        elif wavelength > original / low:
            factors.append(float(rope["factor"]))
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return torch.tensor(factors)


class Names:
    """llama.cpp's name of each tensor, and its value as llama.cpp lays it out."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        import gguf

        arch = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == layout.architecture)
        self.map = gguf.get_tensor_name_map(arch, layout.config.num_hidden_layers)
        self.layout, self.folder = layout, folder

    def of(self, name: str) -> str | None:
        """The name in the file; None for what is not written (a tied output layer, computed buffers).

        Raises:
            BadInput: llama.cpp's architecture has no such tensor.
        """
        if name.endswith("rotary_emb.inv_freq") or (self.layout.tied and name == "lm_head.weight"):
            return None
        bare, _, end = name.rpartition(".")
        found = self.map.get_name(bare) or self.map.get_name(f"model.{bare}")
        if found is None or end not in ("weight", "bias"):
            raise refused(self.folder, f"{name} has no place in llama.cpp's {self.layout.architecture}")
        return f"{found}.{end}"

    def laid_out(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        """The value of the tensor with transformers' ``name``, in float32 where it is changed."""
        if self.layout.architecture == "llama":
            heads = self.heads(name)
            return interleaved(tensor, heads) if heads else tensor
        if self.layout.architecture == "gemma3" and name.endswith("norm.weight"):
            stored = tensor.float() + 1
            return stored * self.query_factor() if "q_norm" in name else stored
        return tensor

    def heads(self, name: str) -> int:
        """How many heads a query or key projection has; 0 for other tensors."""
        if ".q_proj." in name:
            return self.layout.config.num_attention_heads
        return self.layout.config.num_key_value_heads if ".k_proj." in name else 0

    def query_factor(self) -> float:
        """What Gemma's queries are multiplied by, so that llama.cpp's own scale gives the model's.

        llama.cpp divides by the root of the head's width and the model by that of ``query_pre_attn_scalar``.
        """
        config = self.layout.config
        theirs = self.layout.head_dim
        if config.num_hidden_layers == GEMMA_27B_LAYERS:
            theirs = config.hidden_size / config.num_attention_heads
        return math.sqrt(theirs / config.query_pre_attn_scalar)


def interleaved(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key projection in llama.cpp's order: the two halves of each head alternate.

    Args:
        rows: (heads * width, D_in), or a bias (heads * width,).
    """
    width = rows.shape[0] // heads
    return rows.reshape(heads, 2, width // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
