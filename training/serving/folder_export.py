"""A folder that transformers and vLLM read: merged weights or the adapter alone, tokenizer, template, stop tokens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from training.run import machine
from training.serving.merging import Merged, own_dtype, write_shards
from training.serving.shipment import Shipment

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin", "stage10.json")


def write_merged(shipment: Shipment, out: Path, dtype: str, scratch: Path) -> str:
    """Write the merged model; the type that most of it is in.

    Args:
        shipment: the run.
        out: an existing, empty folder.
        dtype: "auto" for the base model's own, or torch's name of one.
        scratch: an existing folder for files that are not kept.

    Raises:
        BadInput: the adapter or the weights cannot be read.
        GuardFailed: the adapter changes nothing.
        LackingResource: the disk is too full.
    """
    merged = Merged(shipment, dtype, scratch)
    machine.need_disk(out, float(sum(merged.sizes().values())), "the merged model")
    write_shards(merged, out)
    written = merged.dtype if merged.dtype != "auto" else own_dtype(merged.folder)
    config = json.loads((merged.folder / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    (out / "config.json").write_text(json.dumps({**config, "dtype": written}, indent=2) + "\n", encoding="utf-8")
    write_tokens(shipment, out)
    return written


def write_adapter(shipment: Shipment, out: Path, base: str) -> None:
    """Write the adapter alone, with the name of the base model that it goes onto.

    Args:
        base: what others are to load it onto: a hub id or a folder.
    """
    assert shipment.adapter is not None
    for name in ADAPTER_FILES:
        if (shipment.adapter / name).is_file():
            shutil.copyfile(shipment.adapter / name, out / name)
    settings = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = base
    (out / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    write_tokens(shipment, out)


def write_tokens(shipment: Shipment, out: Path) -> None:
    """The tokenizer with its chat template, and generation_config.json with the run's stop tokens."""
    shipment.tokenizer.save_pretrained(out)
    settings = json.dumps(generation_settings(shipment), indent=2)
    (out / "generation_config.json").write_text(settings + "\n", encoding="utf-8")


def generation_settings(shipment: Shipment) -> dict[str, Any]:
    """How the run's model writes an answer: greedily, as it was measured, to one of the tokens that end an answer."""
    pad = shipment.tokenizer.pad_token_id
    return {
        "bos_token_id": shipment.tokenizer.bos_token_id,
        "eos_token_id": shipment.stops if len(shipment.stops) != 1 else shipment.stops[0],
        "pad_token_id": shipment.stops[0] if pad is None and shipment.stops else pad,
        "do_sample": False,
    }
