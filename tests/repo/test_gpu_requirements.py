"""What needs an NVIDIA card: pins that fit the others, one line without a card, an environment apart for vLLM."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import gpu  # noqa: E402
import newest  # noqa: E402
import setup  # noqa: E402


@pytest.fixture(autouse=True)
def without_a_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Linux without a card, an environment that is not there, and no stamps."""
    monkeypatch.setattr(gpu.torch_build.sys, "platform", "linux")
    monkeypatch.setattr(gpu.torch_build, "find_card", lambda: None)
    monkeypatch.delenv("STAGE10_TORCH", raising=False)
    monkeypatch.delenv("STAGE10_OFFLINE", raising=False)
    monkeypatch.setattr(setup, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(setup, "require_disk", lambda _: None)
    monkeypatch.setattr(gpu, "APART", tmp_path / "apart")


def pins(root: Path, name: str) -> dict[str, str]:
    """Package -> release of a requirements file."""
    return newest.pins([(root / "requirements" / f"{name}.txt").read_text()])


@pytest.mark.parametrize("name", ["site", "test", "gpu"])
def test_what_is_installed_side_by_side_is_pinned_alike(root: Path, name: str) -> None:
    train, other = pins(root, "train"), pins(root, name)
    assert {package: train[package] for package in train.keys() & other} == {
        package: other[package] for package in train.keys() & other
    }


def test_vllms_environment_is_whole_and_differs_where_it_says(root: Path) -> None:
    train, vllm = pins(root, "train"), pins(root, "vllm")
    assert set(train) <= set(vllm) and pins(root, "gpu").items() <= vllm.items()
    assert {name for name in train if train[name] != vllm[name]} == {"fastapi", "numpy", "setuptools"}
    head = (root / "requirements" / "vllm.txt").read_text().split("accelerate==")[0]
    assert "fastapi below 0.137" in head and "numpy below 2.4" in head


@pytest.mark.parametrize("what", ["deepspeed", "vllm"])
def test_without_a_card_it_is_one_line(capsys: pytest.CaptureFixture, what: str) -> None:
    assert gpu.main([what]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "NVIDIA card" in line and "STAGE10_TORCH=cuda" in line


def test_vllm_has_an_environment_of_its_own_with_the_cuda_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE10_TORCH", "cuda")
    ran: list[list[str]] = []

    def run(command: list[str], *_: object) -> None:
        """Notes the command and leaves what venv would."""
        ran.append(command)
        (gpu.APART / "bin").mkdir(parents=True, exist_ok=True)
        if "venv" in command:
            (gpu.APART / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(setup, "run", run)
    assert gpu.main(["vllm"]) == 0 and gpu.main(["vllm"]) == 0
    made, installed = ran
    assert made[-1] == str(gpu.APART) and installed[0] == str(gpu.APART / "bin" / "python")
    assert any(word.startswith("torch===") for word in installed)


def test_deepspeed_goes_beside_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE10_TORCH", "cuda")
    ran: list[list[str]] = []
    monkeypatch.setattr(setup, "run", lambda command, *_: ran.append(command))
    assert gpu.main(["deepspeed"]) == 0
    assert ran[0][0] == str(setup.PYTHON) and ran[0][-1].endswith("gpu.txt")


def test_the_targets_are_there(root: Path) -> None:
    for target, word in (("gpu", "deepspeed"), ("gpu-vllm", "vllm")):
        done = subprocess.run(
            ["make", "--no-print-directory", "-n", target], cwd=root, capture_output=True, text=True, check=True
        )
        assert done.stdout.rstrip().endswith(f"overrides/build/gpu.py {word}")
