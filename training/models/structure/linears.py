"""What of a model can carry an adapter, read from its own modules: linear layers, and the experts of a mixture.

A list of names fits one family. Phi-3 has queries, keys and values in one layer, GPT-2 holds its weights as Conv1D, and
a mixture of experts holds all experts of a layer in one three-dimensional parameter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from labs_py.core import run_cost
from training.models import targets
from training.run.errors import BadInput
from training.run.settings import LoraSettings

EXPERTS = "experts"  # what ``lora.target_parameters`` may say for every parameter of a mixture's experts

APART = ("pooler", "score", "classifier", "router")  # modules that no adapter belongs on, by their own name


@dataclass(frozen=True)
class Linear:
    """One linear layer.

    Attributes:
        d_in, d_out: widths.
        transposed: its weight is (D_in, D_out), as GPT-2's Conv1D holds it.
    """

    d_in: int
    d_out: int
    transposed: bool = False

    def adapter_parameters(self, lora: LoraSettings) -> int:
        """Trainable parameters of its adapter."""
        return run_cost.layer_parameters(self.d_in, self.d_out, lora.r, lora.use_dora)


@dataclass(frozen=True)
class Expert:
    """One parameter that holds a matrix for each expert of a layer.

    Attributes:
        count: experts.
        d_in, d_out: widths of each expert's matrix.
    """

    count: int
    d_in: int
    d_out: int

    def adapter_parameters(self, lora: LoraSettings) -> int:
        """Trainable parameters of its adapter: one of rank R for each expert."""
        return self.count * run_cost.layer_parameters(self.d_in, self.d_out, lora.r)


@dataclass(frozen=True)
class Adapted:
    """What of a model carries an adapter.

    Attributes:
        layers: linear layers by whole name.
        experts: parameters of a mixture's experts by whole name.
        left: parameters of experts that stay as they are.
        modules: ``target_modules`` for PEFT.
        parameters: ``target_parameters`` for PEFT.
    """

    layers: dict[str, Linear]
    experts: dict[str, Expert]
    left: dict[str, Expert]
    modules: list[str] | str
    parameters: list[str]

    @property
    def transposed(self) -> bool:
        """Whether a layer's weight is (D_in, D_out), PEFT's ``fan_in_fan_out``."""
        return any(layer.transposed for layer in self.layers.values())

    def count(self, lora: LoraSettings) -> int:
        """Trainable parameters of the whole adapter."""
        return sum(part.adapter_parameters(lora) for part in (*self.layers.values(), *self.experts.values()))


def adapted(model: Any, lora: LoraSettings) -> Adapted:
    """What of ``model`` the settings adapt.

    Args:
        model: of transformers, without an adapter; it may lie on the meta device.

    Raises:
        BadInput: a name in ``lora.target_modules`` or ``lora.target_parameters`` is none of the model's.
    """
    linear, experts = linear_layers(model), expert_parameters(model)
    wanted: list[str] | str = lora.target_modules if isinstance(lora.target_modules, str) else [*lora.target_modules]
    if wanted == "all-linear":
        chosen, modules = linear, short_names(model, list(linear))
    else:
        every = linear_layers(model, head=True)
        chosen = {name: layer for name, layer in every.items() if targets.is_target(name, wanted)}
        _need_layers(wanted, chosen, every, lora.target_parameters)
        modules = wanted
    parts = _chosen_experts(lora.target_parameters, experts)
    if lora.layers_to_transform:
        layers = targets.adapted_layers(lora, model.config.get_text_config().num_hidden_layers)
        chosen = {name: layer for name, layer in chosen.items() if block_of(name) in layers}
        parts = {name: part for name, part in parts.items() if block_of(name) in layers}
    parameters = list(parts) if lora.layers_to_transform else short_names(model, list(parts), parameters=True)
    taken = _taken_for_experts(model, modules)
    modules = [name for name in modules if name not in taken] if isinstance(modules, list) else modules
    left = {name: part for name, part in experts.items() if name not in parts}
    return Adapted(chosen, parts, left, modules, [*parameters, *(f"{name}.weight" for name in taken)])


def _need_layers(wanted: list[str] | str, chosen: dict[str, Linear], every: dict[str, Linear],
                 parameters: list[str] | str | None) -> None:  # fmt: skip
    unknown = [] if isinstance(wanted, str) else [name for name in wanted if not any(
        targets.is_target(layer, [name]) for layer in every)]  # fmt: skip
    if unknown or not (chosen or parameters):
        there = sorted({name.rsplit(".", 1)[-1] for name in every})
        raise BadInput(f"lora.target_modules: this model has no linear layer {', '.join(unknown) or wanted}; it has"
                       f" {', '.join(there)}, and all-linear means all of its layers'")  # fmt: skip


def _chosen_experts(wanted: list[str] | str | None, experts: dict[str, Expert]) -> dict[str, Expert]:
    """The experts' parameters that ``lora.target_parameters`` names: all, or those whose name ends so.

    Raises:
        BadInput: there is none of such a name.
    """
    if not wanted:
        return {}
    if not experts:
        raise BadInput(f"lora.target_parameters: {wanted} names experts, and this model is no mixture of experts;"
                       " set it to null")  # fmt: skip
    if wanted == EXPERTS:
        return experts
    names = [wanted] if isinstance(wanted, str) else wanted
    unknown = [name for name in names if not any(targets.is_target(part, [name]) for part in experts)]
    if unknown:
        there = sorted({".".join(name.rsplit(".", 2)[-2:]) for name in experts})
        raise BadInput(f"lora.target_parameters: this model's experts have no {', '.join(unknown)}; there are"
                       f" {', '.join(there)}, or {EXPERTS} for all")  # fmt: skip
    return {name: part for name, part in experts.items() if targets.is_target(name, names)}


def _taken_for_experts(model: Any, modules: list[str] | str) -> list[str]:
    """Targets that PEFT (0.21) reads as the experts of an older release of transformers: a shared expert's layers.

    The same layers, named by their weights, are left alone.
    """
    try:
        from peft.utils import transformers_weight_conversion as conversion
    except ImportError:
        return []
    family = getattr(conversion, "_MODEL_TO_CONVERSION_PATTERN", {}).get(model.config.model_type)
    former = getattr(conversion, "_MOE_TARGET_MODULE_MAPPING", {}).get(family, {})
    if isinstance(modules, str) or not expert_parameters(model):
        return []
    return [name for name in modules if name.rsplit(".", 1)[-1] in former]


def block_of(name: str) -> int:
    """The number in a module's name, such as 3 in model.layers.3.mlp.up_proj; 0 where it has none."""
    return next((int(part) for part in name.split(".") if part.isdigit()), 0)


def linear_layers(model: Any, head: bool = False) -> dict[str, Linear]:
    """Every linear layer by its whole name, those of a text decoder's blocks only unless ``head``.

    Args:
        model: of transformers, without an adapter; it may lie on the meta device.
        head: also the output head, a router, and the parts that see or hear.
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    found: dict[str, Linear] = {}
    left_out = set() if head else _left_out(model)
    for name, module in model.named_modules():
        if ".lora_" in name or any(name == part or name.startswith(f"{part}.") for part in left_out):
            continue
        name = name.removesuffix(".base_layer")  # under an adapter that is there already
        if isinstance(module, nn.Linear):
            found[name] = Linear(module.in_features, module.out_features)
        elif isinstance(module, Conv1D):
            found[name] = Linear(module.nx, module.nf, transposed=True)
    return found


def expert_parameters(model: Any) -> dict[str, Expert]:
    """Every parameter of a mixture that holds a matrix for each expert, by its whole name."""
    found = {}
    for place, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.ndim == 3 and EXPERTS in place.rsplit(".", 1)[-1]:
                count, rows, columns = parameter.shape
                turned = getattr(module, "is_transposed", False)  # (experts, D_in, D_out), as PEFT asks
                found[f"{place}.{name}"] = Expert(count, *((rows, columns) if turned else (columns, rows)))
    return found


def _left_out(model: Any) -> set[str]:
    """Names of the modules that no adapter belongs on: the head, a pooler, a router, and what sees or hears."""
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    names = {name for name, module in model.named_modules() if head is not None and module is head}
    names |= {name for name, _ in model.named_modules() if name.rsplit(".", 1)[-1] in APART}
    config = getattr(model, "config", None)
    if getattr(config, "vision_config", None) is None and getattr(config, "audio_config", None) is None:
        return names
    decoder = model.get_decoder()
    inside = next((name for name, module in model.named_modules() if module is decoder), "")
    if not inside:
        return names
    return names | {
        name for name, _ in model.named_modules() if name and not f"{inside}.".startswith(f"{name}.")
        and not name.startswith(f"{inside}.") and name not in names
    }  # fmt: skip


def short_names(model: Any, chosen: list[str], parameters: bool = False) -> list[str]:
    """The shortest endings that name the ``chosen`` modules and no other, in the order of the model.

    PEFT takes a module whose name ends in a given one; an adapter's file then says ``q_proj`` and not every layer.

    Args:
        parameters: ``chosen`` are parameters; their names keep the module's.
    """
    wanted = set(chosen)
    every = model.named_parameters() if parameters else model.named_modules()
    others = [name for name, _ in every if name not in wanted]
    endings: Counter[str] = Counter()
    for name in others:
        parts = name.split(".")
        endings.update(".".join(parts[at:]) for at in range(len(parts)))
    found: dict[str, None] = {}
    for name in chosen:
        parts = name.split(".")
        ends = (".".join(parts[at:]) for at in range(len(parts) - (2 if parameters else 1), -1, -1))
        found[next(end for end in ends if not endings[end])] = None
    return list(found)
