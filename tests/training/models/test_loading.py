"""What other libraries raise while a model or an adapter is read is one line with a remedy."""

from __future__ import annotations

import json

import pytest

from training.models import loading, tiny
from training.run.errors import BadInput
from training.run.settings import LoraSettings, ModelSettings


def folder(tmp_path):
    model, tokenizer = tiny.model("llama")
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


DAMAGE = {
    "tokenizer.json": ["", "{}", "not json", '{"version": "1.0", "model": {"type": "Strange"}}', "[1, 2]"],
    "config.json": ["", "{}", '{"model_type": "nobody-knows"}', "[]", '{"model_type": "llama", "hidden_size": "wide"}'],
    "model.safetensors": ["", "garbage, and not weights at all"],
    "tokenizer_config.json": ["not json"],
}


@pytest.mark.parametrize("name, text", [(name, text) for name, texts in DAMAGE.items() for text in texts])
def test_a_damaged_file_of_a_model_is_one_line(tmp_path, name, text):
    base = folder(tmp_path)
    (base / name).write_text(text)
    with pytest.raises(BadInput) as caught:
        loading.load_base(ModelSettings(source=str(base), revision=None, dtype="float32"))
    assert "\n" not in str(caught.value) and str(base) in str(caught.value)


@pytest.mark.parametrize("changes", [{"r": 3}, {"target_modules": ["nothing"]}, {"peft_type": "STRANGE"}, {"r": "two"},
                                     {"lora_alpha": None, "peft_type": None}])  # fmt: skip
def test_an_adapter_that_peft_refuses_is_one_line(tmp_path, changes):
    base = ModelSettings(source=str(folder(tmp_path)), revision=None, dtype="float32")
    tuned = loading.attach_new_adapter(loading.load_base(base), LoraSettings(r=2, lora_alpha=4), 0)
    tuned.save_pretrained(tmp_path / "adapter")
    file = tmp_path / "adapter" / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    with pytest.raises(BadInput) as caught:
        loading.attach_adapter(loading.load_base(base).model, tmp_path / "adapter")
    assert "\n" not in str(caught.value) and "adapter" in str(caught.value)
