"""Which build of torch this machine gets: the small CPU build, or the one that uses an NVIDIA card.

``STAGE10_TORCH=cpu`` or ``cuda`` decides; without it the card does. Runs on the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
DRIVER = Path("/proc/driver/nvidia/version")
WSL_SMI = Path("/usr/lib/wsl/lib/nvidia-smi")
NAMES = {"cpu": "CPU build", "cuda": "CUDA build"}


class WrongChoice(Exception):
    """STAGE10_TORCH names no build that this system has; the message is one line with the remedy."""


@dataclass(frozen=True)
class Choice:
    """A build of torch (``cpu``, ``cuda``, or ``only`` where the system has one alone) and why it was taken."""

    kind: str
    why: str


def find_card() -> str | None:
    """Words for the NVIDIA card of this machine; None without one.

    nvidia-smi is believed where it is found (on WSL it may not be on PATH). Without it a loaded driver counts.
    """
    smi = shutil.which("nvidia-smi") or (str(WSL_SMI) if WSL_SMI.exists() else None)
    if smi:
        try:
            listed = subprocess.run([smi, "-L"], capture_output=True, text=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return None
        cards = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
        return cards[0].split(" (UUID")[0] if cards and listed.returncode == 0 else None
    return f"a loaded driver, {DRIVER}" if DRIVER.exists() else None


def choose() -> Choice:
    """The build to install here, by STAGE10_TORCH or by the card.

    Raises:
        WrongChoice: STAGE10_TORCH is neither cpu nor cuda, or asks for CUDA where torch has no such build.
    """
    asked = os.environ.get("STAGE10_TORCH") or None
    if asked not in (None, *NAMES):
        raise WrongChoice(
            f"STAGE10_TORCH={asked} is neither cpu nor cuda: set one of them, or unset it to go by the card."
        )
    if sys.platform != "linux":
        if asked == "cuda":
            raise WrongChoice("STAGE10_TORCH=cuda: torch has a CUDA build for Linux only here; unset it.")
        return Choice("only", f"the only one on {sys.platform}")
    if asked:
        return Choice(asked, f"STAGE10_TORCH={asked}")
    card = find_card()
    return Choice("cuda", f"found {card}") if card else Choice("cpu", "no NVIDIA card found")


def pip_options(kind: str, pin: str) -> list[str]:
    """What pip is told beside requirements/train.txt, so that it takes the build of ``kind``.

    ``pin`` is torch's release, such as 2.13.0. The index of CPU builds is named for the CPU alone, and only where
    it is reached within 3 seconds; pip then prefers 2.13.0+cpu to 2.13.0. For the CUDA build three equal signs ask
    for the release without a local name, because 2.13.0+cpu satisfies ``==2.13.0`` as well.
    """
    if kind == "cuda":
        return [f"torch==={pin}"]
    return ["--extra-index-url", CPU_INDEX] if kind == "cpu" and index_answers() else []


def index_answers() -> bool:
    """True where PyTorch's own index is reached."""
    try:
        with socket.create_connection(("download.pytorch.org", 443), timeout=3):
            return True
    except OSError:
        return False


def release(requirements: str) -> str:
    """The release of torch that the text of a requirements file pins."""
    return next(line for line in requirements.splitlines() if line.startswith("torch==")).removeprefix("torch==")


def installed(site_packages: Path) -> str | None:
    """Version of the torch that lies in a folder of packages, local name included; None without torch."""
    found = sorted(site_packages.glob("torch-*.dist-info"))
    return found[0].name.removeprefix("torch-").removesuffix(".dist-info") if found else None


def must_go(kind: str, version: str | None) -> bool:
    """True when an installed torch has to be removed first, because its version satisfies the pin all the same."""
    return kind == "cpu" and version is not None and not version.endswith("+cpu")


def told(choice: Choice, version: str | None) -> str:
    """The line that says which build was taken and why."""
    if choice.kind == "only":
        return f"torch: {version} ({choice.why})"
    other = "cuda" if choice.kind == "cpu" else "cpu"
    if (choice.kind == "cpu") == (version or "").endswith("+cpu"):
        return f"torch: {NAMES[choice.kind]} {version} ({choice.why}); STAGE10_TORCH={other} takes the other"
    return f"torch: {NAMES[other]} {version}: the {NAMES[choice.kind]} was wanted ({choice.why}), and pip found none"
