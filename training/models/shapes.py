"""Shapes of known models, so that plans and estimates need no download.

Source: each model's own config.json at the revision that our configurations pin.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from labs_py.core.model_table import BIASED, FOUR_NORMS, HEAD, HEAD_NORMS, MODELS, WIDE_NORMS
from training.models import tiny
from training.run.errors import BadInput


@dataclass(frozen=True)
class Shape:
    """A decoder's shape.

    Attributes:
        architecture: transformers' name of the model type.
        key_value: width of keys and values, heads times head width.
        query: width of the queries; 0 where it is ``hidden``.
        inner: width of the gated MLP.
        bias: parameters of biases in one layer.
        norm: parameters of norms in one layer.
    """

    architecture: str
    layers: int
    hidden: int
    heads: int
    key_value: int
    inner: int
    vocabulary: int
    tied: bool
    bias: int = 0
    norm: int = 0
    query: int = 0

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """(D_in, D_out) of a layer's linear maps."""
        h, q, k, m = self.hidden, self.query or self.hidden, self.key_value, self.inner
        return {"q_proj": (h, q), "k_proj": (h, k), "v_proj": (h, k), "o_proj": (q, h),
                "gate_proj": (h, m), "up_proj": (h, m), "down_proj": (m, h)}  # fmt: skip

    @property
    def linear_parameters(self) -> int:
        """Weights of all layers' linear maps: what 4-bit loading shrinks."""
        return self.layers * sum(a * b for a, b in self.linears.values())

    @property
    def parameters(self) -> int:
        """All parameters."""
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return embeddings + self.linear_parameters + self.layers * (self.bias + self.norm) + self.hidden


SHAPES = {
    "embedded:smollm2-135m-instruct": Shape("llama", 30, 576, 9, 192, 1536, 49_152, True, norm=2 * 576),
    "Qwen/Qwen2.5-7B-Instruct": Shape("qwen2", 28, 3584, 28, 512, 18_944, 152_064, False, 3584 + 2 * 512, 2 * 3584),
    "allenai/OLMo-2-1124-7B-Instruct": Shape("olmo2", 32, 4096, 32, 4096, 11_008, 100_352, False, norm=4 * 4096),
    "intfloat/e5-mistral-7b-instruct": Shape("mistral", 32, 4096, 32, 1024, 14_336, 32_000, True, norm=2 * 4096),
    "mistralai/Mistral-7B-Instruct-v0.3": Shape("mistral", 32, 4096, 32, 1024, 14_336, 32_768, False, norm=2 * 4096),
}

ENCODERS = {
    "embedded:all-minilm-l6-v2": "bert"
}  # embedding models whose stand-in is in training/methods/embed/model.py


def shape_of(source: str) -> Shape | None:
    """The shape of a model, from the table or from the config.json of a folder; None when it is not known."""
    if source in SHAPES:
        return SHAPES[source]
    if source.startswith("tiny-random:"):
        made = source.split(":")[1]
        if made in ENCODERS.values():
            return None
        if made not in tiny.ARCHITECTURES:
            raise BadInput(f"model.source: {source} is not known; there are {', '.join(tiny.ARCHITECTURES)}")
        width, key_value = tiny.WIDTH, tiny.KEY_VALUE_HEADS * tiny.WIDTH // tiny.HEADS
        bias = width + 2 * key_value if made == "qwen2" else 0
        norm = 3 * width + key_value if made == "olmo2" else 2 * width
        return Shape(
            made, tiny.LAYERS, width, tiny.HEADS, key_value, tiny.INNER, tiny.VOCABULARY, made == "llama", bias, norm
        )
    path = Path(source) / "config.json"
    if not path.is_file():
        return next((_of_table(row) for row in MODELS.values() if row.repository == source), None)
    try:
        return _of_config(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, ValueError):
        return None


def _of_config(c: dict) -> Shape:
    """A shape from a config.json, biases and norms counted for the families whose layers have others than Llama's."""
    heads, hidden, family = c["num_attention_heads"], c["hidden_size"], c["model_type"]
    head = c.get("head_dim") or hidden // heads
    query, key_value = heads * head, c.get("num_key_value_heads", heads) * head
    bias = query + 2 * key_value if family == "qwen2" or c.get("attention_bias") else 0
    norm = {"qwen3": 2 * hidden + 2 * head, "olmo2": 2 * hidden + query + key_value,
            "gemma2": 4 * hidden}.get(family, 2 * hidden)  # fmt: skip
    tied = c.get("tie_word_embeddings", family.startswith("gemma"))
    return Shape(family, c["num_hidden_layers"], hidden, heads, key_value, c["intermediate_size"], c["vocab_size"],
                 tied, bias, norm, query)  # fmt: skip


def _of_table(row) -> Shape:
    """A row of the site's model table, for models that were not downloaded."""
    rest = row.parameters - row.vocabulary * row.hidden * (1 if row.tied else 2) - row.linear_parameters - row.hidden
    family = {BIASED: "qwen2", HEAD_NORMS: "qwen3", WIDE_NORMS: "olmo2", FOUR_NORMS: "gemma2"}.get(row.extras, "llama")
    return Shape(family, row.layers, row.hidden, row.query // HEAD or 1, row.key_value, row.inner, row.vocabulary,
                 row.tied, norm=rest // row.layers, query=row.query)  # fmt: skip


def architecture_of(source: str) -> str:
    """The model type whose tiny random stand-in serves ``--smoke``; llama when it is not known."""
    if source in ENCODERS:
        return ENCODERS[source]
    shape = shape_of(source)
    return shape.architecture if shape and shape.architecture in tiny.ARCHITECTURES else "llama"
