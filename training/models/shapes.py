"""Shapes of known models, so that plans and estimates need no download.

The sizes stand in ``labs_py/core/model_table.py``; here is which of its rows a configuration's model is, and what a
folder's own config.json says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labs_py.core.model_table import (
    BIASED,
    FOUR_NORMS,
    HEAD_NORMS,
    MODELS,
    WIDE_NORMS,
    Decoder,
    DecoderShape,
)
from training.models import bundled, gemma, tiny
from training.models.structure import linears, skeleton
from training.run.errors import BadInput


@dataclass(frozen=True)
class Shape(DecoderShape):
    """A decoder's shape.

    Attributes:
        architecture: transformers' name of the model type.
        other: parameters of the biases and norms in one layer.
    """

    architecture: str
    other: int

    @property
    def fused(self) -> bool:
        """Whether queries, keys and values are one layer."""
        return self.architecture == "phi3"

    @property
    def other_parameters(self) -> int:
        """Biases and norms of one layer."""
        return self.other


@dataclass(frozen=True)
class CountedShape(Shape):
    """A shape of another kind of block, counted from the model's own modules.

    Attributes:
        counted: all parameters.
        block: name, D_in and D_out of the last block's linear layers.
        linear: weights of all linear layers of the blocks; experts are no linear layers.
    """

    counted: int
    block: tuple[tuple[str, int, int], ...]
    linear: int

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.counted

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """(D_in, D_out) of a block's linear layers."""
        return {name: (d_in, d_out) for name, d_in, d_out in self.block}

    @property
    def linear_parameters(self) -> int:
        """Weights of all blocks' linear layers: what 4-bit loading shrinks."""
        return self.linear


# Name in a configuration -> row of the site's table that has the same shape.
TABLE_NAMES = {
    "bundled:smollm2-135m-instruct": "SmolLM2-135M",
    "Qwen/Qwen2.5-7B-Instruct": "Qwen2.5-7B",
    "allenai/OLMo-2-1124-7B-Instruct": "OLMo-2-7B",
}
HEADLESS = {"intfloat/e5-mistral-7b-instruct": "Mistral-7B-v0.1"}  # embedders: a row's decoder without its output head
GATED = ("llama", "mistral", "qwen2", "qwen3", "olmo2", "gemma2", "phi3")  # counted from config.json alone
FAMILIES = {BIASED: "qwen2", HEAD_NORMS: "qwen3", WIDE_NORMS: "olmo2", FOUR_NORMS: "gemma2"}


ENCODERS = {"bundled:all-minilm-l6-v2": "bert"}  # embedding models whose stand-in is in training/methods/embed/model.py


def shape_of(source: str) -> Shape | None:
    """The shape of a model, from the site's table or from the config.json of a folder; None when it is not known.

    Args:
        source: as ``model.source`` says it.

    Raises:
        BadInput: there is no such tiny random architecture.
    """
    if source.startswith("tiny-random:"):
        return _of_tiny(source)
    if source == gemma.SOURCE:  # once it has been fetched
        place = bundled.place_of(gemma.NAME)
        return _counted(str(place)) if (place / "config.json").is_file() else None
    path = Path(source) / "config.json"
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return _of_config(found) if found["model_type"] in GATED else _counted(source)
        except (KeyError, ValueError, TypeError):
            return None
    if source in HEADLESS:
        return replace(_of_table(MODELS[HEADLESS[source]]), tied=True)
    if source in TABLE_NAMES:
        return _of_table(MODELS[TABLE_NAMES[source]])
    return next((_of_table(row) for row in MODELS.values() if row.repository == source), None)


def _of_tiny(source: str) -> Shape | None:
    """The shape of a tiny random decoder; None for the stand-in of an encoder."""
    made = source.split(":")[1]
    if made in ENCODERS.values():
        return None
    if made not in tiny.ARCHITECTURES:
        raise BadInput(f"model.source: {source} is not known; there are {', '.join(tiny.ARCHITECTURES)}")
    width, key_value = tiny.WIDTH, tiny.KEY_VALUE_HEADS * tiny.WIDTH // tiny.HEADS
    bias = width + 2 * key_value if made == "qwen2" else 0
    norm = 3 * width + key_value if made == "olmo2" else 2 * width
    return Shape(tiny.LAYERS, width, width, key_value, tiny.INNER, tiny.VOCABULARY, made == "llama", made, bias + norm)


def _of_config(c: dict[str, Any]) -> Shape:
    """A shape from a config.json, biases and norms counted for the families whose layers have others than Llama's."""
    heads, hidden, family = c["num_attention_heads"], c["hidden_size"], c["model_type"]
    head = c.get("head_dim") or hidden // heads
    query, key_value = heads * head, c.get("num_key_value_heads", heads) * head
    bias = query + 2 * key_value if family == "qwen2" or c.get("attention_bias") else 0
    norm = {"qwen3": 2 * hidden + 2 * head, "olmo2": 2 * hidden + query + key_value,
            "gemma2": 4 * hidden}.get(family, 2 * hidden)  # fmt: skip
    tied = c.get("tie_word_embeddings", family.startswith("gemma"))
    return Shape(c["num_hidden_layers"], hidden, query, key_value, c["intermediate_size"], c["vocab_size"], tied,
                 family, bias + norm)  # fmt: skip


def _counted(source: str) -> Shape | None:
    """The shape of a folder's model by its modules; None where transformers makes no language model of it."""
    model = skeleton.of_folder(source)
    if model is None:
        return None
    text = model.config.get_text_config()
    blocks = linears.linear_layers(model)
    last = max((linears.block_of(name) for name in blocks), default=0)
    block = {name.rsplit(".", 1)[-1]: layer for name, layer in blocks.items() if linears.block_of(name) == last}
    heads = text.num_attention_heads
    head = getattr(text, "head_dim", None) or text.hidden_size // heads
    key_value = (getattr(text, "num_key_value_heads", None) or heads) * head
    inner = getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None) or 4 * text.hidden_size
    if linears.expert_parameters(model):  # a token passes through some of the experts
        inner = (getattr(text, "moe_intermediate_size", None) or inner) * getattr(text, "num_experts_per_tok", 1)
    return CountedShape(
        text.num_hidden_layers, text.hidden_size, heads * head, key_value, inner, text.vocab_size,
        bool(getattr(text, "tie_word_embeddings", False)), text.model_type, 0, model.num_parameters(),
        tuple((name, layer.d_in, layer.d_out) for name, layer in block.items()),
        sum(layer.d_in * layer.d_out for layer in blocks.values()),
    )  # fmt: skip


def _of_table(row: Decoder) -> Shape:
    """A row of the site's table. Its "plain" blocks are Llama's; Mistral's and Phi's hold the same numbers."""
    named = {"Mistral": "mistral", "Phi": "phi3"}.get(row.name.split("-")[0], "llama")
    family = FAMILIES.get(row.extras, named)
    return Shape(row.layers, row.hidden, row.query, row.key_value, row.inner, row.vocabulary, row.tied, family,
                 row.other_parameters)  # fmt: skip


def architecture_of(source: str) -> str:
    """The model type whose tiny random stand-in serves ``--smoke``; llama when it is not known."""
    if source in ENCODERS:
        return ENCODERS[source]
    shape = shape_of(source)
    return shape.architecture if shape and shape.architecture in tiny.ARCHITECTURES else "llama"
