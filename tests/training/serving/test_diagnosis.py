"""Faults that are planted between training and serving are found, and each is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.serving.made_runs import make_run
from training.cli import main
from training.commands.serving import port
from training.data.tasks import registry
from training.methods.configuration import load_config
from training.models import tiny
from training.run import machine
from training.run.errors import BadInput
from training.run.jsonl import read_object
from training.serving import comparison, gguf_export, gguf_layout, llama_cpp, shipment, stations
from training.serving.shipment import Shipment

TASK = registry.get("jsonl")
ROWS = [TASK.row(f"Where is order K-{at}?", f"It left on day {at}.") for at in range(8)]
for _row in ROWS:
    _row["messages"][0]["content"] = "Answer about orders."
LIMIT = 14


@dataclass
class Shipped:
    """A run, its exported folder and its GGUF, and the reference that they are held against."""

    run: Path
    opened: Shipment
    folder: Path
    file: Path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A Llama whose output layer is its own."""
    home = tmp_path_factory.mktemp("shipped")
    run = make_run(home, "llama", base={"tie_word_embeddings": False})
    (home / "scratch").mkdir()
    opened = shipment.open_run(run, load_config(run / "config.yaml"), home / "scratch")
    assert main(["export", str(run), "--to", "transformers", "--out", str(home / "folder")]) == 0
    gguf_export.write_model(opened, home / "model.gguf", "auto", "auto", home / "scratch")
    return Shipped(run, opened, home / "folder", home / "model.gguf")


def looked_at(shipped: Shipped, *others: stations.Station) -> dict[str, Any]:
    return comparison.compare(stations.reference(shipped.opened), others, ROWS, TASK, LIMIT)


def test_what_was_exported_answers_the_same_at_every_station(shipped: Shipped) -> None:
    found = looked_at(shipped, stations.merged(shipped.folder), stations.gguf(shipped.file, "gguf"))
    assert [one["name"] for one in found["stations"]] == ["adapter", "merged", "gguf"] and found["culprit"] is None
    for one in found["stations"]:
        assert one["equal_tokens"] == one["n"] == len(ROWS) and one["first_difference"] is None and one["lossless"]


# ---- faults: each changes one thing in a folder that was right ----
def weights(folder: Path, change: Callable[[str, torch.Tensor, torch.Tensor], torch.Tensor | None]) -> None:
    """Rewrite the tensors of a folder; ``change`` gets a name, the merged value and the base's, and may drop one."""
    base = load_file(folder.parent / "base.safetensors")
    changed = {name: change(name, value, base[name])
               for name, value in load_file(folder / "model.safetensors").items()}  # fmt: skip
    kept = {name: value.contiguous() for name, value in changed.items() if value is not None}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def settings(folder: Path, name: str, **more: Any) -> None:
    file = folder / name
    file.write_text(json.dumps({**read_object(file, ""), **more}))


def template(folder: Path, text: str) -> None:
    (folder / "chat_template.jinja").write_text(text)


def as_bfloat16(name: str, value: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    return value.bfloat16().float()


def in_four_bits(name: str, value: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    if value.dim() == 1:
        return value
    kind = gguf.GGMLQuantizationType.Q4_0
    return torch.tensor(gguf.quants.dequantize(gguf.quants.quantize(value.numpy(), kind), kind))


def rotated(name: str, value: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    return gguf_layout.interleaved(value, 4) if "q_proj" in name else value


def crossed(name: str, value: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
    return base + (value - base).T if "o_proj" in name else value


def tied_by_mistake(folder: Path) -> None:
    settings(folder, "config.json", tie_word_embeddings=True)
    weights(folder, lambda name, value, _: None if name == "lm_head.weight" else value)


PLANTED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "the adapter added twice": ("scale", lambda f: weights(f, lambda n, v, b: v + (v - b))),
    "alpha / r left out": ("scale", lambda f: weights(f, lambda n, v, b: b + (v - b) / 2)),
    "the adapter not added": ("adapter not applied", lambda f: weights(f, lambda n, v, b: b)),
    "one layer forgotten": ("adapter not applied", lambda f: weights(f, lambda n, v, b: b if "0.mlp.up" in n else v)),
    "another template": ("template", lambda f: template(f, tiny.TEMPLATE.replace("<|im_start|>", "### "))),
    "no system turn": ("template", lambda f: template(f, tiny.TEMPLATE.replace(
        "for message in messages", "for message in messages if message['role'] != 'system'"))),
    "a doubled beginning": ("doubled beginning token", lambda f: template(f, "{{ bos_token }}" + tiny.TEMPLATE)),
    "no stop": ("stop", lambda f: settings(f, "generation_config.json", eos_token_id=0)),
    "rounded": ("rounding", lambda f: weights(f, as_bfloat16)),
    "in four bits": ("quantisation", lambda f: weights(f, in_four_bits)),
    "rows for another rotary embedding": ("row order", lambda f: weights(f, rotated)),
    "B A transposed": ("weights", lambda f: weights(f, crossed)),
    "an output layer taken for the embedding": ("embedding", tied_by_mistake),
    "another rotary base": ("rope", lambda f: settings(
        f, "config.json", rope_parameters={"rope_type": "default", "rope_theta": 500.0})),
    "another epsilon": ("settings", lambda f: settings(f, "config.json", rms_norm_eps=0.1)),
}  # fmt: skip


@pytest.mark.few(6)
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found_and_named(fault: str, shipped: Shipped, tmp_path: Path) -> None:
    word, plant = PLANTED[fault]
    shutil.copytree(shipped.folder, tmp_path / "folder")
    shutil.copy(shipped.run.parent / "base" / "model.safetensors", tmp_path / "base.safetensors")
    plant(tmp_path / "folder")
    found = looked_at(shipped, stations.merged(tmp_path / "folder"))
    assert (found["culprit"], found["stations"][1]["culprit"]) == (word, word), found["stations"][1]["why"]
    assert found["stations"][1]["equal_tokens"] < len(ROWS) or word == "stop"


def test_the_scale_is_told(shipped: Shipped, tmp_path: Path) -> None:
    for fault, said in (("the adapter added twice", "2 times"), ("alpha / r left out", "0.5 times")):
        folder = tmp_path / fault.replace(" / ", "-")
        shutil.copytree(shipped.folder, folder)
        shutil.copy(shipped.run.parent / "base" / "model.safetensors", tmp_path / "base.safetensors")
        PLANTED[fault][1](folder)
        assert said in looked_at(shipped, stations.merged(folder))["stations"][1]["why"]


def test_the_same_faults_are_named_in_a_gguf(shipped: Shipped, tmp_path: Path) -> None:
    for kind, word in (("Q4_0", "quantisation"), ("BF16", "rounding")):
        gguf_export.write_model(shipped.opened, tmp_path / f"{kind}.gguf", kind, "auto", tmp_path)
        found = looked_at(shipped, stations.gguf(tmp_path / f"{kind}.gguf", "gguf"))
        assert found["culprit"] == word and not found["stations"][1]["lossless"]
    station = stations.gguf(shipped.file, "gguf")
    doubled = stations.Station("gguf", station.model, station.tokenizer, station.stops, beginning=True)
    doubled.tokenizer.chat_template = tiny.TEMPLATE.replace("<|im_start|>", "<|im_end|>", 1)
    assert looked_at(shipped, doubled)["culprit"] in ("doubled beginning token", "template")


def test_a_near_tie_is_no_fault_and_a_gap_is(shipped: Shipped) -> None:
    first = stations.reference(shipped.opened)
    truth = stations.ask(first, ROWS[:1], TASK, LIMIT)
    expected = truth.tokens[0][0]
    other = stations.Answers(truth.prompts, [[expected + 1, *truth.tokens[0][1:]]], 0.0)
    apart = comparison.parting(0, truth, other, first)
    assert apart is not None and (apart["expected"], apart["got"], apart["token"]) == (expected, expected + 1, 0)
    assert apart["gap"] > stations.NEAR_TIE


def test_the_command_ends_with_one_json_line(shipped: Shipped, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["port", str(shipped.run), "--n", "2", "--json", "--merged", str(shipped.folder), "--gguf",
                 str(shipped.file)]) == 0  # fmt: skip
    out = capsys.readouterr().out.strip().splitlines()
    assert len(out) == 1
    found = json.loads(out[0])
    assert found["culprit"] is None and len(found["stations"]) == 3
    assert {"name", "equal_tokens", "n", "first_difference", "score"} <= set(found["stations"][0])
    assert main(["port", str(shipped.run), "--n", "2", "--merged", str(shipped.folder), "--gguf", str(shipped.file),
                 "--quantization", "Q4_0"]) == 10  # fmt: skip
    out = capsys.readouterr().out.strip().splitlines()
    assert json.loads(out[-1])["culprit"] == "quantisation" and out[-2].startswith("gguf-Q4_0")
    assert main(["port", str(shipped.run), "--n", "0"]) == 2
    assert "error: port: --n is 0" in capsys.readouterr().err


def test_a_result_is_kept_for_the_site_from_a_clean_checkout_alone(
    shipped: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["port", str(shipped.run), "--n", "2", "--merged", str(shipped.folder), "--gguf", str(shipped.file)]
    monkeypatch.setattr(port, "RECORDS_FOLDER", tmp_path)
    monkeypatch.setattr(machine, "commit", lambda: ("a" * 40, True))
    assert main([*line, "--record", "orders"]) == 2
    assert "port: --record needs a clean checkout" in capsys.readouterr().err
    monkeypatch.setattr(machine, "commit", lambda: ("a" * 40, False))
    assert main([*line, "--record", "../orders"]) == 2
    assert "port: --record '../orders' is no name" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert main([*line, "--record", "orders"]) == 0
    kept = read_object(tmp_path / "port-orders.json", "")
    assert kept["run"]["status"] == "main" and kept["run"]["command"].startswith("python -m training port ")
    assert set(kept["stations"]) == {"adapter", "merged", "gguf"} and kept["culprit"] is None
    assert kept["stations"]["gguf"]["equal_tokens"] == kept["stations"]["gguf"]["n"] == kept["shipped"]["n"] == 2


RUNNER = """#!/usr/bin/env python3
import json, sys
asked = json.load(sys.stdin)
print("a line of a library's")
print(json.dumps({"tokens": [[9, 2] for _ in asked["prompts"]],
                  "tokenized": [[ord(letter) % 250 for letter in text] for text in asked["texts"]], "addsBos": False}))
"""


def test_llama_cpp_is_a_station_where_it_is_at_hand(
    shipped: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path))
    monkeypatch.delenv("STAGE10_LLAMA_CPP", raising=False)
    assert llama_cpp.addon() is None
    monkeypatch.setenv("STAGE10_LLAMA_CPP", str(tmp_path / "nothing"))
    with pytest.raises(BadInput, match="STAGE10_LLAMA_CPP"):
        llama_cpp.addon()
    (tmp_path / "node").write_text(RUNNER)  # stands for Node with the addon, which the tests do not need
    (tmp_path / "node").chmod(0o755)
    (tmp_path / "llama-addon.node").touch()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("STAGE10_LLAMA_CPP", str(tmp_path / "llama-addon.node"))
    runner = llama_cpp.addon()
    assert runner is not None
    station = llama_cpp.station(shipped.file, runner)
    found = looked_at(shipped, station)["stations"][1]
    assert found["name"] == "llama.cpp" and found["culprit"] == "template"  # its tokens are others than ours
    assert station.greedy([[1]], 2) == [[9, 2]]
    (tmp_path / "node").write_text("#!/bin/sh\necho 'no such model' >&2\nexit 1\n")
    with pytest.raises(BadInput, match="no such model"):
        station.greedy([[1]], 2)
