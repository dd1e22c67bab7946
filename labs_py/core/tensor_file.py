"""Read and write safetensors: eight bytes of length, a JSON header, then plain numbers. No code can hide in it.

Source: the format's own description, github.com/huggingface/safetensors, section "Format".
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

DTYPES: dict[str, np.dtype] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "U16": np.dtype("<u2"),
                                "I8": np.dtype("i1")}  # fmt: skip
LONGEST_HEADER = 1_000_000


def write(tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None, dtype: str | None = "F32") -> bytes:
    """The bytes of a safetensors file.

    Args:
        tensors: arrays by name.
        metadata: texts of the header.
        dtype: key of ``DTYPES`` that every array is stored in; None: each in its own.
    """
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    parts, offset = [], 0
    for name, tensor in tensors.items():
        kind = dtype or next(key for key, own in DTYPES.items() if own == tensor.dtype)
        data = np.ascontiguousarray(tensor, dtype=DTYPES[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def read(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors as float32, and the metadata.

    Raises:
        ValueError: the bytes are no whole safetensors file of 16- or 32-bit floats, or of 8- or 16-bit whole numbers.
    """
    try:
        (length,) = struct.unpack("<Q", content[:8])
        if length > LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(content[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        body, tensors = content[8 + length :], {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            numbers = np.frombuffer(body[start:end], DTYPES[entry["dtype"]])
            tensors[name] = numbers.reshape(entry["shape"]).astype(np.float32)
    except (struct.error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a readable safetensors file: {error}") from error
    return tensors, metadata
