"""The 7B bench takes its whole path on a model of two layers: stock against ours, and what a reader mistypes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.bench import seven_billion
from tests.checkout import ROOT
from training.models import tiny


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "tests/bench/seven_billion.py", *arguments], cwd=ROOT, capture_output=True,
                          text=True)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("bench")
    tiny.model("qwen2")[1].save_pretrained(folder / "tokenizer")
    done = bench("--shape", "tiny", "--steps", "3", "--batch", "2", "--only", "lora-stock,lora-ours,full-ours",
                 "--tokenizer", str(folder / "tokenizer"), "--out", str(folder / "report.json"))  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "report.json").read_text())


@pytest.mark.long
def test_every_variant_is_timed_on_the_same_rows(report) -> None:
    found = {variant["name"]: variant for variant in report["variants"]}
    assert set(found) == {"lora-stock", "lora-ours", "full-ours"}
    assert {variant["steps"] for variant in found.values()} == {3}
    assert len({variant["mean_row_tokens"] for variant in found.values()}) == 1
    assert found["lora-stock"]["trained"] == found["lora-ours"]["trained"] < found["full-ours"]["trained"]
    assert found["lora-ours"]["loss_first"] == pytest.approx(found["lora-stock"]["loss_first"], rel=0.02)


@pytest.mark.long
def test_a_run_on_the_tiny_shape_can_never_be_quoted(report) -> None:
    assert report["run"]["status"] == "smoke"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--only", "lora-our"), "--only"), (("--steps", "1"), "--steps"), (("--batch", "0"), "--batch")],
)
def test_what_a_reader_mistypes_is_one_line(arguments, words) -> None:
    done = bench("--shape", "tiny", *arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_the_model_that_a_gpu_gets_has_the_parameters_of_qwen2_5_7b() -> None:
    assert seven_billion.random_model("7b", "meta").num_parameters() == 7_615_616_512
