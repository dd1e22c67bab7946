"""A model of a folder without its weights: its modules on torch's meta device, made from config.json in a second."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any


def of_folder(source: str) -> Any | None:
    """The causal language model that a folder's config.json describes, without memory for its weights.

    Args:
        source: as ``model.source`` says it.

    Returns:
        None where ``source`` is no folder with a config.json, or transformers makes no language model of it.
    """
    file = Path(source) / "config.json"
    return _built(source, file.stat().st_mtime_ns) if file.is_file() else None


@lru_cache(maxsize=2)  # a plan asks several times
def _built(source: str, _changed: int) -> Any | None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(source)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
