"""The set-up takes the build of torch that the machine can use, says which and why, and changes it with the card."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import quick_pip  # noqa: E402
import setup  # noqa: E402
import torch_build  # noqa: E402

LISTED = "GPU 0: NVIDIA H200 (UUID: GPU-0b)"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux with an empty PATH, no driver and no choice made; returns the one folder on the PATH."""
    monkeypatch.setattr(torch_build.sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("STAGE10_TORCH", raising=False)
    monkeypatch.delenv("STAGE10_OFFLINE", raising=False)
    monkeypatch.setattr(torch_build, "DRIVER", tmp_path / "no-driver")
    monkeypatch.setattr(torch_build, "WSL_SMI", tmp_path / "no-wsl")
    return tmp_path


def smi(path: Path, words: str, status: int = 0) -> None:
    """A program that answers as nvidia-smi -L would."""
    path.write_text(f"#!/bin/sh\necho '{words}'\nexit {status}\n")
    path.chmod(0o755)


def test_without_a_card_the_cpu_build_is_taken() -> None:
    assert torch_build.choose() == torch_build.Choice("cpu", "no NVIDIA card found")


def test_a_card_that_nvidia_smi_lists_takes_the_cuda_build(bare: Path) -> None:
    smi(bare / "nvidia-smi", LISTED)
    assert torch_build.choose() == torch_build.Choice("cuda", "found GPU 0: NVIDIA H200")


@pytest.mark.parametrize(("words", "status"), [("No devices were found", 0), ("NVIDIA-SMI has failed", 9), ("", 0)])
def test_an_nvidia_smi_without_a_card_is_believed(bare: Path, words: str, status: int) -> None:
    smi(bare / "nvidia-smi", words, status)
    torch_build.DRIVER.write_text("loaded")
    assert torch_build.choose().kind == "cpu"


def test_wsl_and_a_loaded_driver_are_seen(bare: Path) -> None:
    torch_build.DRIVER.write_text("NVRM version: 580")
    assert torch_build.choose().kind == "cuda" and "driver" in torch_build.choose().why
    smi(torch_build.WSL_SMI, LISTED)
    assert "H200" in torch_build.choose().why


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_variable_decides_over_the_card(bare: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    smi(bare / "nvidia-smi", LISTED if kind == "cpu" else "No devices were found")
    monkeypatch.setenv("STAGE10_TORCH", kind)
    assert torch_build.choose() == torch_build.Choice(kind, f"STAGE10_TORCH={kind}")


@pytest.mark.parametrize(("system", "value"), [("linux", "gpu"), ("linux", "CUDA"), ("darwin", "cuda")])
def test_a_wrong_variable_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, system: str, value: str
) -> None:
    monkeypatch.setattr(torch_build.sys, "platform", system)
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(setup, "one_at_a_time", lambda folder: nullcontext())  # another test may be building
    monkeypatch.setenv("STAGE10_TORCH", value)
    assert setup.main(["train"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and f"STAGE10_TORCH={value}" in lines[0] and "unset it" in lines[0]


def test_a_mac_takes_the_one_build_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build.sys, "platform", "darwin")
    assert torch_build.choose().kind == "only" and torch_build.pip_options("only", "2.13.0") == []


def test_the_options_admit_the_build_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    (wanted,) = torch_build.pip_options("cuda", "2.13.0")
    allowed = SpecifierSet(wanted.removeprefix("torch"))
    assert "2.13.0" in allowed and "2.13.0+cpu" not in allowed
    monkeypatch.setattr(torch_build, "index_answers", lambda: True)
    assert torch_build.pip_options("cpu", "2.13.0") == ["--extra-index-url", torch_build.CPU_INDEX]
    monkeypatch.setattr(torch_build, "index_answers", lambda: False)
    assert torch_build.pip_options("cpu", "2.13.0") == []


def test_the_pin_is_read_from_the_requirements(root: Path) -> None:
    text = (root / "requirements" / "train.txt").read_text()
    assert f"torch=={torch_build.release(text)}\n" in text


@pytest.mark.parametrize(
    ("kind", "version", "said"),
    [
        ("cpu", "2.13.0+cpu", "torch: CPU build 2.13.0+cpu (why); STAGE10_TORCH=cuda takes the other"),
        ("cuda", "2.13.0", "torch: CUDA build 2.13.0 (why); STAGE10_TORCH=cpu takes the other"),
        ("cpu", "2.13.0", "torch: CUDA build 2.13.0: the CPU build was wanted (why), and pip found none"),
        (
            "cuda",
            "2.13.0+cpu",
            "torch: CPU build 2.13.0+cpu: the CUDA build was wanted (why), and pip found none",
        ),
        ("only", "2.13.0", "torch: 2.13.0 (why)"),
    ],
)
def test_what_was_taken_is_said(kind: str, version: str, said: str) -> None:
    assert torch_build.told(torch_build.Choice(kind, "why"), version) == said


def test_a_card_that_comes_later_installs_the_other_build(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    packages = bare / "venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(setup, "VENV", bare / "venv")
    monkeypatch.setattr(setup, "STAMPS", bare / "stamps")
    monkeypatch.setattr(setup, "require_disk", lambda _: None)
    monkeypatch.setattr(torch_build, "index_answers", lambda: True)
    ran: list[list[str]] = []

    def pip(command: list[str], _: str) -> None:
        """Notes the command and leaves what pip would; all but torch comes by hash and is not looked at here."""
        if "--require-hashes" in command:
            assert not any(word.startswith("torch=") for word in command)
            return
        ran.append(command[3:])
        for old in packages.glob("torch-*"):
            old.rmdir()
        if command[3] == "install":
            version = "2.13.0" if any(word.startswith("torch===") for word in command) else "2.13.0+cpu"
            (packages / f"torch-{version}.dist-info").mkdir()

    monkeypatch.setattr(setup, "run", pip)
    monkeypatch.setattr(quick_pip, "bring", lambda *_: None)
    setup.install_torch()
    setup.install_torch()
    assert len(ran) == 1 and torch_build.CPU_INDEX in ran[0], "the second call does nothing"
    smi(bare / "nvidia-smi", LISTED)
    setup.install_torch()
    assert len(ran) == 2 and torch_build.CPU_INDEX not in ran[1]
    monkeypatch.setenv("STAGE10_TORCH", "cpu")
    setup.install_torch()
    assert [command[0] for command in ran[2:]] == ["uninstall", "install"]
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("torch:")]
    assert ["CPU" in line.split("(")[0] for line in told] == [True, False, True]
