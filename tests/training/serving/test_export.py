"""An exported folder answers as adapter on base does, in every family, in the base's own type, without PEFT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.training.serving.made_runs import FAMILIES, logits, make_run
from training.cli import main
from training.models import chat_template
from training.serving import merging


def export(run: Path, out: Path, *more: str) -> int:
    return main(["export", str(run), "--to", "transformers", "--out", str(out), *more])


def tuned(run: Path, dtype: torch.dtype = torch.float32) -> Any:
    base: Any = AutoModelForCausalLM.from_pretrained(run.parent / "base", dtype=dtype)
    return PeftModel.from_pretrained(base, str(run / "adapter")).eval()


@pytest.mark.few(4)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_merged_folder_computes_what_the_adapter_on_the_base_does(family: str, tmp_path: Path) -> None:
    run = make_run(tmp_path, family)
    assert export(run, tmp_path / "out") == 0
    plain: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    expected, base = logits(tuned(run)), logits(AutoModelForCausalLM.from_pretrained(tmp_path / "base"))
    assert torch.allclose(logits(plain), expected, atol=1e-4 * float(expected.abs().max()))
    assert not torch.allclose(base, expected, atol=1e-2)


@pytest.mark.parametrize("lora", [
    {"use_rslora": True}, {"use_dora": True}, {"alpha_pattern": {"q_proj": 64}, "rank_pattern": {"v_proj": 2}},
    {"modules_to_save": ["lm_head"]},
])  # fmt: skip
def test_every_kind_of_adapter_is_merged_with_its_own_scale(lora: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path, "qwen2", **lora)
    assert export(run, tmp_path / "out") == 0
    expected = logits(tuned(run))
    found = logits(AutoModelForCausalLM.from_pretrained(tmp_path / "out"))
    assert torch.allclose(found, expected, atol=1e-4 * float(expected.abs().max()))


def test_bfloat16_stays_bfloat16_and_the_sum_is_rounded_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, "llama", torch.bfloat16)
    assert export(run, tmp_path / "out") == 0
    written = load_file(tmp_path / "out" / "model.safetensors")
    base = load_file(tmp_path / "base" / "model.safetensors")
    assert {tensor.dtype for tensor in written.values()} == {torch.bfloat16}
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == "bfloat16"
    name = "model.layers.1.mlp.down_proj"
    adapter = load_file(run / "adapter" / "adapter_model.safetensors")
    a, b = (adapter[f"base_model.model.{name}.lora_{part}.weight"].double() for part in "AB")
    exact = base[f"{name}.weight"].double() + 2 * (b @ a)
    assert (written[f"{name}.weight"].double() - exact).abs().max() <= exact.abs().max() * 2**-8
    assert float(((written[f"{name}.weight"].double() - exact).abs() / exact.abs()).max()) <= 2**-8
    assert export(run, tmp_path / "wide", "--dtype", "float32") == 0
    assert {t.dtype for t in load_file(tmp_path / "wide" / "model.safetensors").values()} == {torch.float32}


def test_shards_are_written_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, "llama")
    monkeypatch.setattr(merging.write_shards, "__defaults__", (40_000.0,))
    assert export(run, tmp_path / "out") == 0
    shards = sorted((tmp_path / "out").glob("model-*.safetensors"))
    assert len(shards) > 2 and all(shard.stat().st_size < 60_000 for shard in shards)
    expected = logits(tuned(run))
    assert torch.allclose(logits(AutoModelForCausalLM.from_pretrained(tmp_path / "out")), expected, atol=1e-3)


def test_the_folder_stops_where_the_run_does_and_says_how_to_serve_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path, "qwen3")
    assert main(["export", str(run), "--to", "vllm", "--out", str(tmp_path / "out")]) == 0
    line = capsys.readouterr().out.strip()
    assert line.startswith("vllm serve ") and line in (tmp_path / "out" / "README.md").read_text()
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "out")
    settings = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert set(settings["eos_token_id"]) == chat_template.stop_ids(tokenizer) and settings["do_sample"] is False
    turns = [{"role": "user", "content": "Where is it?"}]
    own: Any = AutoTokenizer.from_pretrained(tmp_path / "base")
    assert chat_template.prompt_ids(tokenizer, turns) == chat_template.prompt_ids(own, turns)


def test_the_adapter_alone_names_its_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, "llama", r=12)
    assert main(["export", str(run), "--to", "vllm", "--adapter-only", "--out", str(tmp_path / "out")]) == 0
    line = capsys.readouterr().out
    assert str(tmp_path / "base") in line and "--max-lora-rank 16" in line
    assert not list((tmp_path / "out").glob("model*.safetensors"))
    base: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    again: Any = PeftModel.from_pretrained(base, str(tmp_path / "out"))
    assert torch.allclose(logits(again.eval()), logits(tuned(run)), atol=1e-5)


def test_what_cannot_be_shipped_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, "llama")
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    for arguments, said in (
        ([str(tmp_path / "nothing")], "config.yaml is missing"),
        ([str(run), "--out", str(full)], "give a new folder"),
        ([str(run)], None),
    ):
        out = [] if "--out" in arguments else ["--out", str(tmp_path / "new")]
        if said is None:
            (tmp_path / "base" / "model.safetensors").write_bytes(b"cut short")
            said = "not readable as safetensors"
        assert main(["export", *arguments, "--to", "transformers", *out]) == 2
        captured = capsys.readouterr().err.strip()
        assert said in captured and captured.startswith("error: ") and "\n" not in captured


def test_an_adapter_of_another_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "one", "llama")
    other = make_run(tmp_path / "other", "llama", base={"hidden_size": 64, "head_dim": 16})
    config = (run / "config.yaml").read_text().replace(str(tmp_path / "one"), str(tmp_path / "other"))
    (run / "config.yaml").write_text(config)
    assert export(run, tmp_path / "out") == 2
    assert "the base model that the adapter was trained on" in capsys.readouterr().err
    assert other.is_dir()
