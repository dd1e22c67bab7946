"""Which linear layers carry an adapter: what ``lora.target_modules`` and ``lora.layers_to_transform`` mean.

Free of torch, for the estimates.
"""

from __future__ import annotations

import re

from labs_py.core.model_table import DecoderShape
from training.run.errors import BadInput
from training.run.settings import LoraSettings

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")  # of a decoder's layer
BLOCKS = dict.fromkeys((*ALL_LINEAR[:4], "qkv_proj"), "self_attn")  # where they lie; the others in mlp


def named(lora: LoraSettings, every: tuple[str, ...] = ALL_LINEAR) -> list[str] | str:
    """The names of the targeted layers, or a regular expression, as PEFT takes it.

    Args:
        lora: the adapter's settings.
        every: what all-linear means for this kind of model.
    """
    wanted = lora.target_modules
    if wanted == "all-linear":
        return list(every)
    return wanted if isinstance(wanted, str) else list(wanted)


def is_target(module: str, wanted: list[str] | str) -> bool:
    """Whether a module carries an adapter, by its whole name, by PEFT's rule; ``wanted`` as ``named`` gives it."""
    if isinstance(wanted, str):
        return re.fullmatch(wanted, module) is not None
    return any(module == name or module.endswith(f".{name}") for name in wanted)


def linears(lora: LoraSettings, shape: DecoderShape) -> tuple[str, ...]:
    """The targeted linear layers of a decoder's layer, by their short names.

    Args:
        lora: the adapter's settings.
        shape: of the model, which knows its linear layers.

    Raises:
        BadInput: there is none.
    """
    wanted, place = named(lora, tuple(shape.linears)), adapted_from(lora)
    found = tuple(name for name in shape.linears
                  if is_target(f"model.layers.{place}.{BLOCKS.get(name, 'mlp')}.{name}", wanted))  # fmt: skip
    if not found:
        raise BadInput(f"lora.target_modules: {lora.target_modules} names no linear layer of a decoder; there are"
                       f" {', '.join(shape.linears)}, or all-linear")  # fmt: skip
    return found


def adapted_from(lora: LoraSettings) -> int:
    """The first layer with an adapter; no gradient goes below it."""
    wanted = lora.layers_to_transform
    if isinstance(wanted, list):
        return min(wanted)
    return int(wanted.partition(":")[2]) if wanted else 0


def adapted_layers(lora: LoraSettings, layers: int) -> list[int]:
    """The layers with an adapter, of a model that has so many.

    Raises:
        BadInput: the model has no such layer.
    """
    wanted = lora.layers_to_transform
    found = sorted(set(wanted)) if isinstance(wanted, list) else list(range(adapted_from(lora), layers))
    if not found or found[-1] >= layers:
        raise BadInput(f"lora.layers_to_transform: the model's last layer is {layers - 1}, and {wanted} asks for a"
                       " later one; give smaller numbers")  # fmt: skip
    return found
