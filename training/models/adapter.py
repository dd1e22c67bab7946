"""What an adapter's settings mean to PEFT: LoRA, rsLoRA, DoRA, PiSSA; and how a PiSSA adapter becomes a plain LoRA.

rsLoRA (Kalajdzievski 2023, arXiv:2312.03732) scales the update by alpha / sqrt(rank). DoRA (Liu et al. 2024,
arXiv:2402.09353) trains the length of each output's row of weights apart from its direction. PiSSA (Meng et al. 2024,
arXiv:2404.02948) starts A and B from the largest singular vectors and takes them out of the frozen weights.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.models import targets
from training.models.structure import linears
from training.run import machine
from training.run.errors import BadInput
from training.run.settings import LoraSettings

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig, PeftModel
    from transformers import PreTrainedModel

START = "adapter-start"  # a PiSSA adapter before its first step


def scale(lora: LoraSettings) -> float:
    """What the update B A is multiplied by: alpha / R, for rsLoRA alpha / sqrt(R)."""
    return lora.lora_alpha / (math.sqrt(lora.r) if lora.use_rslora else lora.r)


def lora_config(lora: LoraSettings, model: PreTrainedModel, task_type: str, **more: Any) -> LoraConfig:
    """PEFT's configuration of an adapter on ``model``.

    Args:
        task_type: as PEFT names it, such as CAUSAL_LM.
        more: further fields of LoraConfig.

    Raises:
        BadInput: the model has no such layer or parameter as the settings name.
    """
    from peft import LoraConfig

    chosen = linears.adapted(model, lora)
    if chosen.parameters:
        more["target_parameters"] = chosen.parameters
    if lora.layers_to_transform:
        layers = model.config.get_text_config().num_hidden_layers
        more["layers_to_transform"] = targets.adapted_layers(lora, layers)

    start: Any = True if lora.init_lora_weights == "default" else lora.init_lora_weights
    alpha: Any = lora.lora_alpha  # PEFT says int, and computes with any number
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that rsLoRA and PiSSA need care: save_plain takes it
        return LoraConfig(r=lora.r, lora_alpha=alpha, lora_dropout=lora.lora_dropout, bias="none",
                          target_modules=chosen.modules, task_type=task_type, use_dora=lora.use_dora,
                          fan_in_fan_out=chosen.transposed, use_rslora=lora.use_rslora, init_lora_weights=start,
                          **more)  # fmt: skip


def put_on(model: Any, config: LoraConfig) -> PeftModel:
    """``model`` with a fresh adapter; the one door through which PEFT's own errors come.

    Raises:
        BadInput: PEFT refuses the settings on this model, in its words.
    """
    from peft import get_peft_model

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a Linear beside a Conv1D holds its weight the other way
            return get_peft_model(model, config)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, RuntimeError) as error:
        why = " ".join(f"{error}".split())[:200]
        raise BadInput(f"lora: PEFT cannot put this adapter on a {model.config.model_type} model ({why}); name other"
                       " layers in lora.target_modules, or take lora.init_lora_weights=default without lora.use_dora"
                       ) from error  # fmt: skip


def save_initial_adapter(tuned: PeftModel, folder: Path) -> None:
    """Save a fresh PiSSA adapter, so that ``save_plain`` can subtract what was taken out of the weights.

    Raises:
        BadInput: several processes train, which cannot save it for the base model.
    """
    if machine.process_count() > 1:
        raise BadInput("lora.init_lora_weights: PiSSA's frozen weights are its own, and several processes cannot save"
                       " it for the base model; train it in one process, or set it to default")  # fmt: skip
    own: Any = tuned.peft_config["default"]
    kind, own.init_lora_weights = own.init_lora_weights, True  # PEFT would take the vectors out once more on loading
    tuned.save_pretrained(str(folder / START))
    own.init_lora_weights = kind


def save_plain(tuned: PeftModel, folder: Path, target: Path) -> None:
    """A PiSSA adapter as a plain LoRA of rank 2R on the untouched base model.

    With W the base, s the scale and A0, B0 the start, the model held W - s B0 A0 and trained A, B: it is
    W + s (B A - B0 A0) (Meng et al. 2024, arXiv:2404.02948, appendix on conversion to LoRA).

    Args:
        tuned: the trained model.
        folder: the run's, with the files of ``save_initial_adapter``.
        target: where the adapter goes.
    """
    from safetensors.torch import load_file, save_file

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        tuned.save_pretrained(str(target), path_initial_model_for_weight_conversion=str(folder / START))
    file = target / "adapter_model.safetensors"
    tensors = load_file(str(file))
    for name in [name for name in tensors if "lora_A" in name]:
        other = name.replace("lora_A", "lora_B")
        tensors[name], tensors[other] = balanced(tensors[name], tensors[other])
    save_file(tensors, str(file), metadata={"format": "pt"})


def balanced(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Factors of the same product B A, both as small as the product: differences of large numbers survive bfloat16.

    Args:
        a: (R, D_in).
        b: (D_out, R).

    Returns:
        A and B in the same shapes and types.
    """
    import torch

    if a.shape[0] > min(a.shape[1], b.shape[0]):
        return a, b  # the product is smaller than its factors
    left, inner_left = torch.linalg.qr(b.double())  # (D_out, R), (R, R)
    right, inner_right = torch.linalg.qr(a.double().T)
    u, s, v = torch.linalg.svd(inner_left @ inner_right.T)
    root = s.sqrt()
    return (root[:, None] * (v @ right.T)).to(a.dtype).contiguous(), ((left @ u) * root).to(b.dtype).contiguous()
