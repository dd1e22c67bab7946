"""The shipped tiny GPT as it comes out of its file: sizes, weights, vocabulary."""

from __future__ import annotations

import json
from dataclasses import dataclass

from labs_py.core import tensor_file, tiny_gpt, tiny_text

FILE = ("tiny-gpt.safetensors", "5c3f0578cb7efce2914ad58cfc27162f2e0c186392b1c38ddedd99ef55b21c41", 245240)
"""Name, SHA-256 and size in bytes of the recorded file."""


@dataclass(frozen=True)
class TinyBase:
    """The base model; nothing changes it."""

    shape: tiny_gpt.Shape
    weights: tiny_gpt.Tensors
    vocabulary: tiny_text.Vocabulary


def read(content: bytes) -> TinyBase:
    """The base from the bytes of its file.

    Raises:
        LookupError: the bytes are damaged; the message is a sentence for the reader.
    """
    try:
        weights, metadata = tensor_file.read(content)
    except ValueError as problem:
        raise LookupError(f"The tiny GPT's file is damaged: {problem}.") from problem
    shape = tiny_gpt.Shape(**json.loads(metadata["shape"]))
    return TinyBase(shape, weights, tiny_text.Vocabulary(json.loads(metadata["merges"])))
