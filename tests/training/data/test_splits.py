"""The rows of a run are checked by the same stop tokens as ``data check`` uses."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")

from tests.checkout import ROOT  # noqa: E402
from training.data import splits  # noqa: E402
from training.methods.configuration import load_config  # noqa: E402
from training.models import tiny  # noqa: E402


def test_a_template_may_end_turns_with_another_token_than_the_tokenizers_end_of_text(tmp_path):
    """As in Qwen's base models and Llama 3: the end of text is one token, the end of a turn another."""
    tokenizer = tiny.tokenizer()
    tokenizer.eos_token = tiny.END_OF_TEXT
    rows = [{"messages": [{"role": "user", "content": f"Say {word}."}, {"role": "assistant", "content": word}]}
            for word in ("red", "blue", "green", "white")]  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tiny_run = ROOT / "training" / "configs" / "sft" / "tiny.yaml"
    config = load_config(tiny_run, ["task=jsonl", f"data.train_file={file}", "train.max_length=512"])
    assert splits.load(config, tokenizer).n["train"] == len(rows)
