"""merge keeps the type of the base model's weights, or takes the one that is asked for."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from tests.training.method_runs import CONFIGS
from training.cli import main
from training.models import loading, tiny
from training.run.settings import LoraSettings, ModelSettings

TINY = str(CONFIGS / "sft" / "tiny.yaml")


def base_and_adapter(tmp_path, dtype: torch.dtype) -> str:
    """A model folder whose files hold ``dtype``, and an adapter that changes it."""
    model, tokenizer = tiny.model("llama")
    model.to(dtype).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    settings = ModelSettings(source=str(tmp_path / "base"), revision=None)
    tuned = loading.attach_new_adapter(loading.load_base(settings, "float32"), LoraSettings(r=2, lora_alpha=4), 0)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter.data, std=0.05)
    tuned.save_pretrained(tmp_path / "adapter")
    return str(tmp_path / "base")


@pytest.mark.parametrize("held, asked, wanted", [
    (torch.bfloat16, "auto", torch.bfloat16), (torch.float16, "auto", torch.float16),
    (torch.float32, "auto", torch.float32), (torch.bfloat16, "float32", torch.float32),
    (torch.float32, "bfloat16", torch.bfloat16),
])  # fmt: skip
def test_the_merged_weights_keep_their_type(tmp_path, capsys, held, asked, wanted):
    source = base_and_adapter(tmp_path, held)
    command = ["merge", "--config", TINY, f"model.source={source}", "--adapter", str(tmp_path / "adapter"), "--dtype"]
    assert main([*command, asked, "--out", str(tmp_path / "merged")]) == 0
    tensors = load_file(str(tmp_path / "merged" / "model.safetensors"))
    assert {tensor.dtype for tensor in tensors.values()} == {wanted}
    name = str(wanted).removeprefix("torch.")
    assert json.loads((tmp_path / "merged" / "config.json").read_text())["dtype"] == name
    assert f"in {name}" in capsys.readouterr().err
    base = load_file(str(tmp_path / "base" / "model.safetensors"))
    moved = [key for key in base if not torch.equal(base[key].float(), tensors[key].float())]
    assert any("q_proj" in key for key in moved)
