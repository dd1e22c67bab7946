"""Tensor files that a killed process or a full disk cut short are found before a library fails on them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from training.run.errors import BadInput

if TYPE_CHECKING:
    import torch


def need_safetensors(file: str | Path, remedy: str) -> None:
    """Check that a file is complete safetensors, by its header and its length.

    Args:
        file: its path.
        remedy: what to do about a damaged one, for the message.

    Raises:
        BadInput: it is not.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{file}: not readable as safetensors ({error}); {remedy}") from None


def load(file: str | Path, remedy: str) -> dict[str, torch.Tensor]:
    """The tensors of a file by name; arguments and errors as in ``need_safetensors``."""
    from safetensors.torch import load_file

    need_safetensors(file, remedy)
    return load_file(str(file))


def need_torch(file: str | Path, remedy: str) -> None:
    """Check that a file is an archive as ``torch.save`` writes it; arguments as in ``need_safetensors``.

    Raises:
        BadInput: a file that is missing or damaged, with the remedy.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            whole = any(name.endswith("/data.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        whole = False
    if not whole:
        raise BadInput(f"{file}: is missing or damaged; {remedy}")
