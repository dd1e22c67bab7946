"""A run as GGUF files for llama.cpp: the merged model, or its adapter as a GGUF LoRA; tensor by tensor."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from training.run import jsonl, machine
from training.run.errors import BadInput
from training.serving import gguf_layout, gguf_tokens
from training.serving.gguf_layout import Names
from training.serving.merging import Merged, own_dtype, updates
from training.serving.shipment import Shipment

if TYPE_CHECKING:
    import gguf
    import numpy as np
    import torch

QUANTIZATIONS = ("auto", "F32", "BF16", "F16", "Q8_0", "Q4_1", "Q4_0")
FILE_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "BF16": 32}  # llama.cpp's general.file_type
LOSSLESS = {"float32": "F32", "bfloat16": "BF16", "float16": "F16", "float64": "F32"}
BLOCK = 32  # numbers that share a scale in the quantised types
WIDE = ("token_embd.weight", "output.weight")  # kept in 8 bits where the rest has 4, as llama.cpp keeps them wider


def write_model(shipment: Shipment, file: Path, quantization: str, dtype: str, scratch: Path) -> str:
    """Write the merged model; the type that its matrices are in.

    Args:
        shipment: the run.
        file: to be written.
        quantization: one of QUANTIZATIONS; auto loses nothing against ``dtype``.
        dtype: of the merged weights before they are quantised; "auto" for the base model's own.
        scratch: an existing folder for files that are not kept.

    Raises:
        BadInput: an architecture or a tokenizer that is left to llama.cpp's own converter.
        GuardFailed: the adapter changes nothing.
        LackingResource: the disk is too full.
    """
    import gguf

    layout = gguf_layout.layout_of(shipment.base)
    tokens = gguf_tokens.tokens_of(shipment.tokenizer, layout.config.vocab_size, shipment.base)
    merged = Merged(shipment, dtype, scratch)
    kind = quantization
    if kind == "auto":
        kind = LOSSLESS[own_dtype(merged.folder) if merged.dtype == "auto" else merged.dtype]
    writer = gguf.GGUFWriter(None, layout.architecture)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(shipment.name)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    gguf_layout.describe(writer, layout, shipment.base)
    gguf_tokens.describe(writer, tokens, shipment.tokenizer, shipment.stops)
    names = Names(layout, merged.folder)
    chosen = {name: names.of(name) for name in merged.files}
    factors = gguf_layout.rope_factors(layout)
    shapes = merged.shapes()
    if factors is not None:
        _announce(writer, "rope_freqs.weight", tuple(factors.shape), "F32")
    for name, place in chosen.items():
        if place is not None:
            _announce(writer, place, shapes[name], type_of(place, shapes[name], kind))
    machine.need_disk(file, float(_announced(writer)), "the GGUF file")
    _open(writer, file)
    if factors is not None:
        writer.write_tensor_data(_packed(factors, "F32"))
    for name, place in chosen.items():
        if place is not None:
            value = names.laid_out(name, merged.get(name))
            writer.write_tensor_data(_packed(value, type_of(place, shapes[name], kind)))
    writer.close()
    return kind


def type_of(place: str, shape: tuple[int, ...], kind: str) -> str:
    """The type of one tensor in a file of a kind: vectors stay whole, and what does not fill blocks is 16 bits wide."""
    if len(shape) == 1:
        return "F32"
    if kind.startswith("Q") and shape[-1] % BLOCK:
        return "F16"
    return "Q8_0" if kind.startswith("Q4") and place in WIDE else kind


def write_adapter(shipment: Shipment, file: Path) -> None:
    """Write the adapter as a GGUF LoRA, to be laid over the base model's GGUF.

    llama.cpp multiplies B A by alpha / R with one alpha for all layers; a layer that PEFT scales otherwise has the
    difference in its B.

    Raises:
        BadInput: an architecture that is left to llama.cpp's converter, or an adapter that is more than LoRA.
        GuardFailed: the adapter changes nothing.
    """
    import gguf

    assert shipment.adapter is not None
    layout = gguf_layout.layout_of(shipment.base)
    added = updates(shipment.adapter)
    settings = jsonl.read_object(shipment.adapter / "adapter_config.json", "train it again")
    if added is None or any(update.length is not None for update in added.values()):
        raise BadInput(f"{shipment.adapter}: a GGUF LoRA holds plain LoRA on linear layers, and this adapter is more;"
                       " export it merged, without --adapter-only")  # fmt: skip
    alpha = float(settings["lora_alpha"])
    names = Names(layout, shipment.base)
    writer = gguf.GGUFWriter(None, layout.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(shipment.name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    parts: dict[str, torch.Tensor] = {}
    for module, update in added.items():
        place = names.of(f"{module}.weight")
        if place is None:
            raise gguf_layout.refused(shipment.base, f"{module} is the embedding, which carries no GGUF LoRA")
        up = names.laid_out(f"{module}.weight", update.b.float())
        parts[f"{place}.lora_a"] = update.a.float()
        parts[f"{place}.lora_b"] = up * (update.scale * update.a.shape[0] / alpha)
    for name, part in parts.items():
        _announce(writer, name, tuple(part.shape), "F32")
    _open(writer, file)
    for part in parts.values():
        writer.write_tensor_data(_packed(part, "F32"))
    writer.close()


def _announce(writer: gguf.GGUFWriter, name: str, shape: tuple[int, ...], kind: str) -> None:
    """Enter a tensor into the file's index before its values come."""
    import gguf
    import numpy as np

    qtype = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[qtype]
    bytes_needed = math.prod(shape) // block * size
    if kind in ("F32", "F16"):
        writer.add_tensor_info(name, shape, np.dtype(np.float32 if kind == "F32" else np.float16), bytes_needed)
        return
    stored = (*shape[:-1], shape[-1] // block * size)
    writer.add_tensor_info(name, stored, np.dtype(np.uint8), bytes_needed, raw_dtype=qtype)


def _announced(writer: gguf.GGUFWriter) -> int:
    return sum(info.nbytes for part in writer.tensors for info in part.values())


def _open(writer: gguf.GGUFWriter, file: Path) -> None:
    """Write all that stands before the tensors' values."""
    writer.write_header_to_file(path=file)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()


def _packed(tensor: torch.Tensor, kind: str) -> np.ndarray:
    """A tensor's bytes in a type of GGUF."""
    import gguf

    return gguf.quants.quantize(tensor.float().contiguous().numpy(), gguf.GGMLQuantizationType[kind])
