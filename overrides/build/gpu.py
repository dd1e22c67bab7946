"""What only an NVIDIA card uses: ``gpu.py deepspeed`` into .venv, ``gpu.py vllm`` into an environment of its own.

vLLM is apart because no release of it accepts the pins of requirements/train.txt; requirements/vllm.txt says which.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import setup  # noqa: E402
import torch_build  # noqa: E402

APART = setup.ROOT / ".venv-vllm"


def require_card() -> None:
    """A card, or STAGE10_TORCH=cuda for a machine that will have one.

    Raises:
        setup.Lacking: without either.
    """
    try:
        choice = torch_build.choose()
    except torch_build.WrongChoice as error:
        raise setup.Lacking(str(error)) from error
    if choice.kind != "cuda":
        raise setup.Lacking(
            f"DeepSpeed and vLLM need an NVIDIA card, and this machine has the CPU's torch ({choice.why}). "
            "STAGE10_TORCH=cuda installs them all the same."
        )


def deepspeed() -> None:
    """Install requirements/gpu.txt into .venv; its kernels are compiled when they are first used."""
    os.environ["DS_BUILD_OPS"] = "0"
    setup.pip_install("gpu", "DeepSpeed (requirements/gpu.txt)")


def vllm() -> None:
    """Make .venv-vllm from requirements/vllm.txt, once for each state of that file."""
    requirements = setup.ROOT / "requirements" / "vllm.txt"
    key = setup.digest(requirements)
    python = APART / "bin" / "python"
    if setup.stamped("vllm", key) and python.exists():
        return
    if setup.offline():
        raise setup.Lacking("STAGE10_OFFLINE=1, and .venv-vllm is not set up.")
    setup.require_disk("vllm")
    setup.say("setting up: vLLM in .venv-vllm (requirements/vllm.txt, several GB)")
    if not python.exists() or subprocess.run([python, "-c", "import pip"], capture_output=True).returncode:
        shutil.rmtree(APART, ignore_errors=True)
        setup.run([sys.executable, "-m", "venv", str(APART)], "the virtual environment of vLLM")
    pin = torch_build.pip_options("cuda", torch_build.release(requirements.read_text()))
    environment = {**os.environ, "DS_BUILD_OPS": "0"}
    setup.run([str(python), "-m", "pip", "install", "--quiet", *pin, "-r", str(requirements)], "vLLM", environment)
    setup.stamp("vllm", key)
    setup.say("run with it: .venv-vllm/bin/python -m training grpo --config FILE grpo.use_vllm=true")


def main(arguments: list[str]) -> int:
    """Install what was asked for."""
    try:
        require_card()
        {"deepspeed": deepspeed, "vllm": vllm}[arguments[0]]()
    except setup.Lacking as error:
        setup.say(str(error))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
