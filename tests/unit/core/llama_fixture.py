"""A Llama of a few thousand random weights, and how to write a GGUF file by hand."""

from __future__ import annotations

import struct

import numpy as np

from labs_py.core.llama.model import ATTENTION, Model, Shape

SMALL = Shape(vocabulary=50, width=16, layers=3, heads=4, key_heads=2, inner=24, theta=1000.0)


def random_model(shape: Shape = SMALL, seed: int = 0, dtype: type = np.float64) -> Model:
    """Random weights of about the size that keeps activations near one."""
    rng = np.random.default_rng(seed)
    d, k = shape.width, shape.key_heads * shape.head
    sizes = dict(zip(ATTENTION, [(d, d), (k, d), (k, d), (d, d)], strict=True))
    sizes |= {"mlp.gate_proj": (shape.inner, d), "mlp.up_proj": (shape.inner, d), "mlp.down_proj": (d, shape.inner)}
    weights = {"embed_tokens": rng.normal(size=(shape.vocabulary, d)), "norm": 1 + 0.1 * rng.normal(size=d)}
    for i in range(shape.layers):
        for name, (rows, columns) in sizes.items():
            weights[f"layers.{i}.{name}"] = rng.normal(size=(rows, columns)) / np.sqrt(columns)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"layers.{i}.{name}"] = 1 + 0.1 * rng.normal(size=d)
    return Model(shape, {name: w.astype(dtype) for name, w in weights.items()})


def gguf_bytes(values: dict[str, int | float | str], tensors: dict[str, tuple[int, list[int], bytes]]) -> bytes:
    """A GGUF file: values by name; tensors as (number of the type, sizes, bytes)."""

    def text(string: str) -> bytes:
        return struct.pack("<Q", len(string.encode())) + string.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for name, value in values.items():
        if isinstance(value, str):
            packed = struct.pack("<I", 8) + text(value)
        else:
            packed = struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)
        head += text(name) + packed
    at, body = 0, b""
    for name, (kind, sizes, content) in tensors.items():
        head += text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, kind, at)
        body += content + b"\0" * (-len(content) % 32)
        at = len(body)
    return head + b"\0" * (-len(head) % 32) + body
