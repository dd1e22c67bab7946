"""Read a GGUF file: a header of named values, a list of tensors, then their bytes.

Source: docs/gguf.md in the repository of ggml. Only what a Llama model in Q4_1, Q8_0 and float32 needs is read.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_py.core.llama.blocks import SIZES, WEIGHTS, Blocks, Matrix
from labs_py.core.llama.model import Model, Shape

NUMBERS = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, LIST = 8, 9
TYPES = {0: "F32", 3: "Q4_1", 8: "Q8_0"}
MOST = 10_000_000  # entries of a list, tensors of a file
NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
         "token_embd": "embed_tokens", "output_norm": "norm"}  # fmt: skip


@dataclass
class _Reader:
    content: memoryview
    at: int = 0

    def number(self, kind: int) -> Any:
        shape = NUMBERS[kind]
        (value,) = struct.unpack_from(shape, self.content, self.at)
        self.at += struct.calcsize(shape)
        return value

    def text(self) -> str:
        length = self.number(10)
        found = bytes(self.content[self.at : self.at + length])
        if len(found) < length:
            raise ValueError("the file ends within a text")
        self.at += length
        return found.decode()

    def value(self, kind: int) -> Any:
        if kind == TEXT:
            return self.text()
        if kind != LIST:
            return self.number(kind)
        inner, count = self.number(4), self.number(10)
        if count > MOST:
            raise ValueError(f"a list of {count} entries")
        return [self.value(inner) for _ in range(count)]


def read(content: bytes | memoryview) -> tuple[dict[str, Any], dict[str, Matrix]]:
    """The header's values, and the tensors by the file's own names; packed ones stay packed and nothing is copied.

    Raises:
        ValueError: the bytes are no whole GGUF file of version 2 or 3, or hold another kind of tensor.
    """
    try:
        return _read(memoryview(content))
    except (struct.error, KeyError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a readable GGUF file: {error}") from error


def _read(content: memoryview) -> tuple[dict[str, Any], dict[str, Matrix]]:
    if bytes(content[:4]) != b"GGUF":
        raise ValueError("not a GGUF file: it does not begin with GGUF")
    reader = _Reader(content, 4)
    version, count, entries = reader.number(4), reader.number(10), reader.number(10)
    if version not in (2, 3) or count > MOST or entries > MOST:
        raise ValueError(f"GGUF version {version} with {count} tensors and {entries} values")
    header = {}
    for _ in range(entries):
        name = reader.text()
        header[name] = reader.value(reader.number(4))
    listed = []
    for _ in range(count):
        name, axes = reader.text(), reader.number(4)
        sizes = [reader.number(10) for _ in range(axes)]
        listed.append((name, sizes, reader.number(4), reader.number(10)))
    unit = header.get("general.alignment", 32)
    start = math.ceil(reader.at / unit) * unit
    return header, {name: _tensor(content, name, sizes, kind, start + at) for name, sizes, kind, at in listed}


def _tensor(content: memoryview, name: str, sizes: list[int], kind: int, at: int) -> Matrix:
    """One tensor; the file names the innermost axis first."""
    if kind not in TYPES or not 1 <= len(sizes) <= 2:
        raise ValueError(f"{name}: tensors of {len(sizes)} axes in type {kind} are not read")
    columns, rows = sizes[0], math.prod(sizes[1:])
    width = 4 * columns if TYPES[kind] == "F32" else columns // WEIGHTS * SIZES[TYPES[kind]]
    if at + rows * width > len(content) or TYPES[kind] != "F32" and columns % WEIGHTS:
        raise ValueError(f"{name}: {rows} x {columns} numbers do not fit into the file")
    data = np.frombuffer(content, np.uint8, rows * width, at)
    if TYPES[kind] == "F32":
        return data.view("<f4").reshape([*sizes[:0:-1], columns])
    return Blocks(TYPES[kind], data.reshape(rows, width))


def load(content: bytes | memoryview) -> Model:
    """The model of a GGUF file of the llama architecture, in transformers' names and order of rows.

    Raises:
        ValueError: it is no such file.
    """
    header, tensors = read(content)
    try:
        own = {key.removeprefix("llama."): value for key, value in header.items()}
        shape = Shape(own["vocab_size"], own["embedding_length"], own["block_count"], own["attention.head_count"],
                      own["attention.head_count_kv"], own["feed_forward_length"], own["rope.freq_base"],
                      own["attention.layer_norm_rms_epsilon"])  # fmt: skip
    except KeyError as error:
        raise ValueError(f"not a Llama model: its header lacks {error}") from error
    weights = {_name(name): tensor for name, tensor in tensors.items()}
    for i in range(shape.layers):
        for part, heads in (("q_proj", shape.heads), ("k_proj", shape.key_heads)):
            name = f"layers.{i}.self_attn.{part}"
            weights[name] = _halves_apart(weights[name], heads)
    return Model(shape, weights)


def _name(name: str) -> str:
    """blk.3.attn_q.weight -> layers.3.self_attn.q_proj."""
    *before, last = name.removesuffix(".weight").split(".")
    return ".".join([*(["layers", before[1]] if before else []), NAMES.get(last, last)])


def _halves_apart(matrix: Matrix, heads: int) -> Matrix:
    """Rows of queries or keys as transformers orders them.

    A rotary position turns pairs of a head's numbers. The file puts a pair side by side, transformers
    half a head apart.
    """
    rows = np.arange(matrix.shape[0]).reshape(heads, -1, 2).swapaxes(1, 2).ravel()
    return matrix.take(rows) if isinstance(matrix, Blocks) else matrix[rows]
