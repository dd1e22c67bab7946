"""The number type that weights and activations are held and calculated in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from training.run import machine

if TYPE_CHECKING:
    import torch


def in_float32(tuned: torch.nn.Module) -> None:
    """Train the adapter in float32 on 4-bit weights, too.

    TRL 1.16 casts it to bfloat16 there, where AdamW loses small steps, and a resumed run would continue in another type
    than an uninterrupted one.
    """
    for parameter in tuned.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


@contextmanager
def preserve_dtype(tuned: torch.nn.Module) -> Generator[None, None, None]:
    """Keep trainable parameters bit by bit where building a trainer would cast them to bfloat16 and back.

    With several processes nothing is done: each places its own part.
    """
    kept = {} if machine.process_count() > 1 else {
        name: parameter.detach().clone() for name, parameter in tuned.named_parameters() if parameter.requires_grad
    }  # fmt: skip
    yield
    for name, parameter in tuned.named_parameters():
        if name in kept:
            parameter.data = kept[name].to(parameter.device)


def autocast_like(model: torch.nn.Module) -> torch.autocast:
    """Autocast where the layers are bfloat16, as in training: adapter and layers are then multiplied in one type."""
    import torch

    kind = next(p.dtype for name, p in model.named_parameters() if "lora_" not in name and "score" not in name)
    return torch.autocast(next(model.parameters()).device.type, torch.bfloat16, enabled=kind == torch.bfloat16)


def keep_activation_dtype(model: torch.nn.Module, keep: bool = True) -> None:
    """Stop PEFT from casting activations to float32 at each adapter, where autocast takes care of the types.

    Without autocast a bfloat16 activation does not fit a float32 adapter: code that calls the model outside of it, as
    GRPO's sampling does, passes ``keep=False`` to restore PEFT's casts.
    """
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            setattr(module, "cast_input_dtype_enabled", not keep)  # noqa: B010  (nn.Module has no such attribute)
