"""The number type that weights and activations are held and calculated in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from training.run import machine


def in_float32(tuned) -> None:
    """Train the adapter in float32 on 4-bit weights, too: TRL 1.16 brings it to bfloat16 there, where AdamW loses small
    steps, and a resumed run would go on in another type than the straight one."""
    for parameter in tuned.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


@contextmanager
def preserve_dtype(tuned) -> Iterator[None]:
    """Leave what trains as it was, bit by bit, where building a trainer would bring it to bfloat16 and back.

    Several processes place their own parts, and are left alone.
    """
    kept = {} if machine.process_count() > 1 else {
        name: parameter.detach().clone() for name, parameter in tuned.named_parameters() if parameter.requires_grad
    }  # fmt: skip
    yield
    for name, parameter in tuned.named_parameters():
        if name in kept:
            parameter.data = kept[name].to(parameter.device)


def autocast_like(model):
    """Autocast where the layers are bfloat16, as in training: adapter and layers are then multiplied in one type."""
    import torch

    kind = next(p.dtype for name, p in model.named_parameters() if "lora_" not in name and "score" not in name)
    return torch.autocast(next(model.parameters()).device.type, torch.bfloat16, enabled=kind == torch.bfloat16)


def keep_activation_dtype(model, keep: bool = True) -> None:
    """Stop PEFT from casting activations to float32 at each adapter, where autocast takes care of the types; or let it.

    Without autocast a bfloat16 activation does not fit a float32 adapter: who goes on with the model by itself, as
    GRPO's sampling does, gives PEFT its way back.
    """
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = not keep
