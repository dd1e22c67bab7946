"""A linear map with its adapter as one operation: y = W x + s B A x, with its gradients written out.

PEFT makes the update as two small maps, multiplies it by the scale and adds it: two more passes over every output, and
again backwards. On a CPU, where the products are nearly all of a step, those passes are a good part of the rest. Here
the scale is taken into B, and the update is added where the output lies. The same function and the same gradients
(tests/training/models/test_fused_lora.py); a variant (DoRA), a dropout or a quantised weight keeps PEFT's own way.

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
    def forward(ctx, x, weight, bias, a, b, scale: float):
        """W x + s B A x in the type of ``x``."""
        a, b = a.to(x.dtype), (b * scale).to(x.dtype)
        rows = x.flatten(0, -2)
        inner = rows @ a.T  # (tokens, R)
        y = linear(rows, weight, bias).addmm_(inner, b.T)
        ctx.save_for_backward(rows, weight, a, b, inner)
        ctx.scale = scale
        return y.unflatten(0, x.shape[:-1])

    @staticmethod
    def backward(ctx, gradient):
        """Gradients of ``x``, ``a`` and ``b``; the frozen weight has none."""
        rows, weight, a, b, inner = ctx.saved_tensors
        flat = gradient.flatten(0, -2)
        through = flat @ b  # (tokens, R), the scale is in b
        of_x = (flat @ weight).addmm_(through, a).view(*gradient.shape[:-1], -1) if ctx.needs_input_grad[0] else None
        of_b = (flat.T @ inner).float() * ctx.scale
        return of_x, None, None, (through.T @ rows).float(), of_b, None


def patch_lora_forward(model: Any) -> int:
    """Let each plain LoRA layer of a PEFT model make its product in one; how many were changed.

    Only on a CPU and in one process: what shards or gathers weights must see each small map being called.
    """
    if machine.device() != "cpu" or machine.process_count() > 1:
        return 0
    chosen = [module for module in model.modules() if _is_plain(module)]
    for module in chosen:
        module.forward = types.MethodType(_forward, module)
    return len(chosen)


def unpatch_lora_forward(model: Any) -> None:
    """Give PEFT's own way back to every layer: what is trained or asked next must not depend on what was before."""
    for module in model.modules():
        if getattr(module.__dict__.get("forward"), "__func__", None) is _forward:
            del module.forward


def _is_plain(module: Any) -> bool:
    """A LoRA layer on an ordinary linear map with one adapter, no variant and no dropout."""
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


def _forward(self, x, *args, **kwargs):
    """PEFT's forward, with the product in one where the adapter is on and apart from the weights."""
    name = next(iter(self.lora_A))
    if self.disable_adapters or self.merged or kwargs or args or self.active_adapters != [name]:
        return type(self).forward(self, x, *args, **kwargs)
    a, b = self.lora_A[name].weight, self.lora_B[name].weight
    base = self.base_layer
    return FusedLora.apply(x.to(base.weight.dtype), base.weight, base.bias, a, b, self.scaling[name])
