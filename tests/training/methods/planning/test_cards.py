"""A plan for a named card counts probe, evaluation and merge, and is held against that card and not this machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.training.method_runs import CONFIGS
from tests.training.models.families import made
from training.cli import main
from training.data import splits
from training.methods import registry
from training.methods.configuration import load_config
from training.methods.memory_estimate import estimate
from training.methods.planning import phase_memory
from training.methods.planning.cards import GIGABYTES, USABLE, card_of
from training.models import loading
from training.models.loading import LoadedModel
from training.models.shapes import shape_of
from training.run.errors import BadInput

OLMO = ("olmo2_7b_lora_24gb", "olmo2_7b_qlora_16gb")


@pytest.mark.parametrize("text, name, size", [
    ("RTX 4090", "RTX 4090", 24), ("rtx4090", "RTX 4090", 24), ("NVIDIA GeForce RTX 5090", "RTX 5090", 32),
    ("4090", "RTX 4090", 24), ("Tesla T4", "T4", 16), ("a100-40gb", "A100 40GB", 40), ("H200", "H200", 141),
    ("24 GB", "a card of 24 GB", 24), ("80gb", "a card of 80 GB", 80), ("Apple 64 GB", "Apple, 64 GB unified", 64),
    ("M3 Max 36GB", "Apple, 36 GB unified", 36),
])  # fmt: skip
def test_cards_are_known_by_the_names_that_people_write(text, name, size):
    card = card_of(text)
    assert card.name.startswith(name) and card.bytes == size * 1e9 and card.usable < card.bytes


@pytest.mark.parametrize("text", ["RTX 9999", "", "big", "GB", "0 GB", "-24 GB"])
def test_an_unknown_card_is_one_line(text):
    with pytest.raises(BadInput, match="--card: .*there are T4, RTX 3090"):
        card_of(text)


def asking(config):
    return phase_memory.asking_of(config, splits.task_of(config), registry.load_rows(config).heldout)


@pytest.mark.parametrize("stem", OLMO)
def test_the_olmo2_configurations_fit_their_cards_by_every_phase(stem):
    config = load_config(CONFIGS / "sft" / f"{stem}.yaml")
    shape, card = shape_of(config.model.source), card_of(config.card)
    assert card.bytes == float(re.search(r"(\d+)gb", stem)[1]) * 1e9
    assert estimate(config)["total_bytes"] <= card.usable
    assert phase_memory.asking_bytes(config, shape, asking(config)) <= card.usable


@pytest.mark.parametrize("stem", OLMO)
def test_a_hundred_prompts_at_once_would_not(stem):
    config = load_config(CONFIGS / "sft" / f"{stem}.yaml", ["evaluate.per_device_eval_batch_size=100"])
    shape, card, asked = shape_of(config.model.source), card_of(config.card), asking(config)
    needed = phase_memory.asking_bytes(config, shape, asked)
    assert needed > card.usable
    fitting = phase_memory.rows_that_fit(config, shape, asked, card.usable)
    assert 8 <= fitting < asked.rows
    one_more = phase_memory.held_bytes(config, shape) + (fitting + 1) * phase_memory.row_bytes(config, shape, asked)
    assert one_more > card.usable


def test_keys_and_values_are_those_of_the_model():
    """OLMo-2 7B keeps 2 x 4096 x 32 numbers of two bytes for a token."""
    config = load_config(CONFIGS / "sft" / "olmo2_7b_lora_24gb.yaml")
    shape = shape_of(config.model.source)
    longer = phase_memory.Asking(1, 100, 81), phase_memory.Asking(1, 100, 80)
    one, other = (phase_memory.row_bytes(config, shape, asked) for asked in longer)
    assert one - other == 2 * 4096 * 32 * 2


def plan(capsys, *words: str) -> str:
    assert main(["train", "--config", str(CONFIGS / "sft" / "olmo2_7b_lora_24gb.yaml"), "--dry-run", *words]) == 0
    return capsys.readouterr().out


def test_a_dry_run_is_held_against_the_card_and_not_this_machine(capsys):
    said = plan(capsys)
    assert "card         a card of 24 GB, 21.6 of it usable: training fits" in said and "evaluation fits" in said
    assert "merge does not fit" in said and "main memory" in said and "free here" not in said
    small = plan(capsys, "--card", "T4")
    assert "T4, 16 GB" in small and "training does not fit" in small and "model.quantization=nf4" in small
    large = plan(capsys, "--card", "H200", "evaluate.per_device_eval_batch_size=100")
    assert large.count(" fits (") == 3
    tight = plan(capsys, "evaluate.per_device_eval_batch_size=100")
    found = re.search(r"evaluation does not fit .*set evaluate.per_device_eval_batch_size=(\d+) ", tight)
    assert found and "evaluation fits" in plan(capsys, f"evaluate.per_device_eval_batch_size={found[1]}")


def test_a_wrong_card_is_refused_before_the_plan(capsys):
    assert main(["train", "--config", str(CONFIGS / "sft" / "tiny.yaml"), "--dry-run", "--card", "GTX 1"]) == 2
    assert "--card: 'GTX 1' is not known" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gpt2", "qwen3_moe", "phi3", "gpt_neox", "falcon", "qwen2_moe"])
def test_a_folder_of_any_family_is_counted_from_its_modules(tmp_path, name):
    model = made(name)
    model.config.save_pretrained(tmp_path)
    own = [f"model.source={tmp_path}", "lora.layers_to_transform=null", "lora.target_modules=all-linear"]
    experts = ["lora.target_parameters=experts"] * ("moe" in name)
    config = load_config(CONFIGS / "sft" / "tiny.yaml", [*own, *experts])
    found = estimate(config)
    tuned = loading.attach_new_adapter(LoadedModel(model, None, "float32", {}), config.lora, 0)
    assert found["parameters"] == made(name).num_parameters()
    assert found["trainable_parameters"] == sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    assert found["optimiser_bytes"] == 8 * found["trainable_parameters"] and found["activations_bytes"] > 0


def test_the_table_says_gigabytes():
    assert all(8 <= size <= 200 for size in GIGABYTES.values()) and 0 < USABLE < 1


@pytest.mark.few(4)
@pytest.mark.parametrize("file", sorted(Path("training/configs").glob("*/*7b*.yaml")), ids=lambda file: file.stem)
def test_no_plan_of_a_7b_predicts_seconds_of_this_processor(file, capsys, monkeypatch):
    monkeypatch.setenv("STAGE10_DEVICE", "cpu")
    monkeypatch.setenv("STAGE10_MEMORY_LIMIT_GB", "12")
    assert main([file.parent.name, "--config", str(file), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "threads)" not in said and re.search(r"^time +not estimated", said, re.MULTILINE), said
