"""The settings to start with are the same on the pages, in their scripts, and in what ``training new`` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.checkout import ROOT
from training.cli import main

ARTICLES = ROOT / "docs" / "articles" / "10-fine-tuning"
SCRIPTS = ROOT / "docs" / "data" / "scripts"


def number(text: str) -> float:
    """The one number in backticks."""
    [found] = re.findall(r"`([\d.e-]+)`", text)
    return float(found)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The configuration that ``training new`` writes for the bundled model and a few rows."""
    folder: Path = tmp_path_factory.mktemp("own") / "mine"
    assert main(["new", str(folder)]) == 0
    return yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))


def test_the_table_of_supervised_fine_tuning_starts_where_a_new_folder_does(written: dict) -> None:
    text = (ARTICLES / "supervised-fine-tuning.md").read_text(encoding="utf-8")
    [(rate, rank, alpha, batch)] = re.findall(
        r"^\| up to half a billion \| (`[^`]+`) \| (`[^`]+`), (`[^`]+`) \| (`[^`]+`) \|", text, re.MULTILINE
    )
    assert number(rate) == float(written["train"]["learning_rate"])
    assert (number(rank), number(alpha)) == (written["lora"]["r"], written["lora"]["lora_alpha"])
    assert number(batch) == written["train"]["per_device_train_batch_size"]


def test_a_small_models_learning_rate_is_one_number(written: dict) -> None:
    rate = float(written["train"]["learning_rate"])
    lora = (ARTICLES / "lora-and-qlora.md").read_text(encoding="utf-8")
    said = re.findall(r"to begin with, `([\d.e-]+)`", lora) + re.findall(r"`([\d.e-]+)` for 135M", lora)
    for script in SCRIPTS.glob("*.py"):
        said += re.findall(r"learning_rate=([\d.e-]+),  # for 135M", script.read_text(encoding="utf-8"))
    assert len(said) >= 4 and {float(found) for found in said} == {rate}
