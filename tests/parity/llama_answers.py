"""Answers that are held against transformers' in float32, with and without the page's adapters."""

from __future__ import annotations

import json
from pathlib import Path

import peft
import torch
import transformers

from labs_py.core.llama import adapter as lora
from training.models import bundled
from training.run import machine
from training.site_records import real_model

KEPT = machine.cache_dir() / "models" / f"{bundled.NAME}-{bundled.WHEEL_SHA256[:8]}"
ASKED = [f"{ask} {what}?" for ask in ("What is", "Tell me about", "Who invented", "How do I use")
         for what in ("a lever", "the moon", "salt", "a bicycle pump", "silk")]  # fmt: skip
NEAR = 1e-3  # logits: two candidates that lie closer may come in either order


def packed(name: str) -> lora.Adapter:
    """A committed adapter out of its parts."""
    record = json.loads((real_model.FOLDER / "record.json").read_text(encoding="utf-8"))
    [entry] = [entry for entry in record["adapters"] if entry["name"] == name]
    return lora.unpack(b"".join((real_model.FOLDER / file["name"]).read_bytes() for file in entry["files"]))[0]


def theirs_with(adapter: str | lora.Adapter, folder: Path):
    """The bundled model in transformers, float32, with one of the page's adapters through PEFT; "": without."""
    base = transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=torch.float32).eval()
    if not adapter:
        return base
    content, config = lora.peft_files(packed(adapter) if isinstance(adapter, str) else adapter)
    (folder / "adapter_model.safetensors").write_bytes(content)
    (folder / "adapter_config.json").write_text(config)
    return peft.PeftModel.from_pretrained(base, folder).eval()


def check_against(theirs, prompt: list[int], written: list[int]) -> None:
    """After the text before it, each written token is the likeliest in transformers, or nearly so."""
    with torch.inference_mode():
        logits = theirs(input_ids=torch.tensor([prompt + written[:-1]])).logits[0, len(prompt) - 1 :]
    for place, token in enumerate(written):
        lead = float(logits[place].max() - logits[place, token])
        assert lead < NEAR, (place, token, lead)
