"""A linear layer with its adapter as one operation: y = W x + s B A x, with its gradients written out.

PEFT computes the update by two small linear layers, multiplies it by the scale and adds it: two more passes over every
output, and again in the backward pass. On a CPU matrix products are nearly all of a step, and those passes are much of
the rest. Here the scale is taken into B, and the update is added to the output in place. Function and gradients are the
same
(tests/training/models/test_fused_lora.py); a variant (DoRA), a dropout or a quantised weight keeps PEFT's own forward.

Source: Hu et al. 2021, arXiv:2106.09685, section 4.1, equation 3.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from torch.nn.functional import linear

from training.run import machine


class FusedLora(torch.autograd.Function):
    """``x`` (..., D_in), ``weight`` (D_out, D_in) frozen, ``a`` (R, D_in), ``b`` (D_out, R) -> (..., D_out)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, a: torch.Tensor,
                b: torch.Tensor, scale: float) -> torch.Tensor:  # fmt: skip
        """W x + s B A x in the type of ``x``: (..., D_in) -> (..., D_out)."""
        a, b = a.to(x.dtype), (b * scale).to(x.dtype)
        rows = x.flatten(0, -2)
        inner = rows @ a.T  # (tokens, R)
        y = linear(rows, weight, bias).addmm_(inner, b.T)
        ctx.save_for_backward(rows, weight, a, b, inner)
        ctx.scale = scale
        return y.unflatten(0, x.shape[:-1])

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        """Gradients of ``x``, ``a`` and ``b`` from that of the output, (..., D_out); the frozen weight has none."""
        (gradient,) = grad_outputs
        rows, weight, a, b, inner = ctx.saved_tensors
        flat = gradient.flatten(0, -2)
        through = flat @ b  # (tokens, R), the scale is in b
        of_x = (flat @ weight).addmm_(through, a).view(*gradient.shape[:-1], -1) if ctx.needs_input_grad[0] else None
        of_b = (flat.T @ inner).float() * ctx.scale
        return of_x, None, None, (through.T @ rows).float(), of_b, None


def patch_lora_forward(model: Any) -> int:
    """Let each plain LoRA layer of a PEFT model compute its output in one operation; how many were changed.

    Only on a CPU and in one process: code that shards or gathers weights hooks the calls of the small layers.
    """
    if machine.device() != "cpu" or machine.process_count() > 1:
        return 0
    chosen = [module for module in model.modules() if _is_plain(module)]
    for module in chosen:
        module.forward = types.MethodType(_forward, module)
    return len(chosen)


def unpatch_lora_forward(model: Any) -> None:
    """Restore PEFT's own forward in every layer, so that later training or generation does not depend on the patch."""
    for module in model.modules():
        if getattr(module.__dict__.get("forward"), "__func__", None) is _forward:
            del module.forward


def _is_plain(module: Any) -> bool:
    """A LoRA layer on an ordinary linear layer with one adapter, no variant and no dropout."""
    base = getattr(module, "base_layer", None)
    if type(base) is not torch.nn.Linear or not getattr(module, "lora_A", None) or base.weight.requires_grad:
        return False
    names = list(module.lora_A)
    return (
        len(names) == 1
        and not module.lora_variant
        and isinstance(module.lora_dropout[names[0]], torch.nn.Identity)
        and module.lora_A[names[0]].bias is None
        and module.lora_B[names[0]].bias is None
    )


def _forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    """PEFT's forward, in one operation where the adapter is switched on and not merged."""
    name = next(iter(self.lora_A))
    if self.disable_adapters or self.merged or kwargs or args or self.active_adapters != [name]:
        return type(self).forward(self, x, *args, **kwargs)
    a, b = self.lora_A[name].weight, self.lora_B[name].weight
    base = self.base_layer
    return FusedLora.apply(x.to(base.weight.dtype), base.weight, base.bias, a, b, self.scaling[name])
