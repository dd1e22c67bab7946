"""The adapter added into the weights one tensor at a time, so that a 7B needs the memory of its largest matrix.

W + s B A is computed in float32 and written in the type that is asked for; what carries no adapter is passed through.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.models import loading
from training.run import checkpoint_integrity, jsonl
from training.run.errors import BadInput, GuardFailed
from training.serving.shipment import Shipment, weight_files

if TYPE_CHECKING:
    import torch

PARTS = re.compile(r"base_model\.model\.(.+)\.(lora_A|lora_B|lora_magnitude_vector)(?:\.weight)?")


@dataclass(frozen=True)
class Update:
    """What an adapter adds to one weight.

    Attributes:
        a: A, (R, D_in).
        b: B, (D_out, R).
        scale: s, that B A is multiplied by.
        length: of each output's row of weights where DoRA trained it, (D_out,).
        transposed: whether the layer holds its weight as (D_in, D_out).
    """

    a: torch.Tensor
    b: torch.Tensor
    scale: float
    length: torch.Tensor | None = None
    transposed: bool = False

    def product(self) -> torch.Tensor:
        """s B A in float32, (D_out, D_in)."""
        return self.scale * (self.b.float() @ self.a.float())

    def added_to(self, weight: torch.Tensor) -> torch.Tensor:
        """The merged weight in float32, in the shape of ``weight``.

        Source: Hu et al. 2021, arXiv:2106.09685, section 4.1; for the lengths Liu et al. 2024, arXiv:2402.09353,
        equation 5.
        """
        import torch

        whole = (weight.T if self.transposed else weight).float() + self.product()
        if self.length is not None:
            whole = whole * (self.length.float() / torch.linalg.norm(whole, dim=1))[:, None]
        return whole.T if self.transposed else whole


def updates(adapter: Path) -> dict[str, Update] | None:
    """What an adapter adds, by the name of the module; None where it holds more than LoRA on linear layers.

    Raises:
        BadInput: the adapter's files are damaged.
        GuardFailed: it changes nothing.
    """
    remedy = "the adapter is damaged: give another, or train it again"
    settings = jsonl.read_object(adapter / "adapter_config.json", remedy)
    if settings.get("peft_type") != "LORA" or not (adapter / "adapter_model.safetensors").is_file():
        return None
    tensors = checkpoint_integrity.load(adapter / "adapter_model.safetensors", remedy)
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        found = PARTS.fullmatch(name)
        if not found:
            return None
        parts.setdefault(found[1], {})[found[2]] = tensor
    if any(not {"lora_A", "lora_B"} <= set(part) or part["lora_A"].dim() != 2 for part in parts.values()):
        return None
    if not any(bool(part["lora_B"].any()) for part in parts.values()):
        raise GuardFailed(f"{adapter}: the adapter changes nothing (every B is zero or missing): it was not trained")
    for module, part in parts.items():
        said, held = _own(settings, "rank_pattern", module, settings.get("r")), part["lora_A"].shape[0]
        if said != held:
            raise BadInput(f"{adapter / 'adapter_config.json'}: says rank {said}, and the weights of {module} have"
                           f" {held}; {remedy}")  # fmt: skip
    transposed = bool(settings.get("fan_in_fan_out"))
    return {
        module: Update(part["lora_A"], part["lora_B"], scale_of(settings, module, part["lora_A"].shape[0]),
                       part.get("lora_magnitude_vector"), transposed)
        for module, part in parts.items()
    }  # fmt: skip


def scale_of(settings: dict[str, Any], module: str, rank: int) -> float:
    """alpha / R of one layer, for rsLoRA alpha / sqrt(R).

    Args:
        settings: the adapter_config.json.
        module: the layer's whole name; a pattern of the settings may give it an alpha of its own.
        rank: R, as the layer's A has it.
    """
    alpha = float(_own(settings, "alpha_pattern", module, settings["lora_alpha"]))
    return alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank)


def _own(settings: dict[str, Any], patterns: str, module: str, otherwise: Any) -> Any:
    """What the patterns of an adapter_config.json give a layer of its own, or what holds for the others."""
    own = settings.get(patterns) or {}
    return next((value for key, value in own.items() if re.match(rf"(.*\.)?({key})$", module)), otherwise)


def stored_names(folder: Path) -> dict[str, Path]:
    """Each tensor's name and file."""
    from safetensors import safe_open

    names: dict[str, Path] = {}
    for file in weight_files(folder):
        with safe_open(file, "pt") as tensors:
            names.update(dict.fromkeys(tensors.keys(), file))
    return names


def placed(updates_by_module: dict[str, Update], names: set[str]) -> dict[str, Update] | None:
    """The updates by the name of the stored tensor; None where a module has no tensor of its own in the files."""
    found: dict[str, Update] = {}
    for module, update in updates_by_module.items():
        bare = module.removeprefix("model.").removeprefix("transformer.")
        place = next((f"{name}.weight" for name in (module, bare) if f"{name}.weight" in names), None)
        if place is None:
            return None
        found[place] = update
    return found


class Merged:
    """The tensors of a run's merged model, read one by one.

    Args:
        shipment: the run.
        dtype: "auto" for each tensor's own, or torch's name of one.
        scratch: an existing folder for a model that has to be merged as a whole.

    Raises:
        BadInput, GuardFailed: as ``updates``.
    """

    def __init__(self, shipment: Shipment, dtype: str, scratch: Path) -> None:
        self.folder, self.dtype, self.updates = shipment.base, dtype, {}
        self.rounding = nf4_layers(shipment) if shipment.config.model.quantization == "nf4" else set()
        self.held = shipment.dtype
        self.whole = False
        if shipment.adapter is not None:
            added = updates(shipment.adapter)
            places = None if added is None else placed(added, set(stored_names(shipment.base)))
            if places is None:
                self.folder, self.whole, self.rounding = merged_whole(shipment, scratch), True, set()
                self.dtype = own_dtype(shipment.base) if dtype == "auto" else dtype
            else:
                self.updates = places
        self.files = stored_names(self.folder)

    def __iter__(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Each tensor's name and its value, in the order of the files."""
        from safetensors import safe_open

        for file in dict.fromkeys(self.files.values()):
            with safe_open(file, "pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118  (not a dict)
                    yield name, self._value(name, tensors.get_tensor(name))

    def get(self, name: str) -> torch.Tensor:
        """One tensor."""
        from safetensors import safe_open

        with safe_open(self.files[name], "pt") as tensors:
            return self._value(name, tensors.get_tensor(name))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each tensor's shape."""
        from safetensors import safe_open

        found: dict[str, tuple[int, ...]] = {}
        for file in dict.fromkeys(self.files.values()):
            with safe_open(file, "pt") as tensors:
                found.update({name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()})  # noqa: SIM118
        return found

    def sizes(self) -> dict[str, int]:
        """Bytes of each tensor as it will be written."""
        import torch
        from safetensors import safe_open

        found: dict[str, int] = {}
        for file in dict.fromkeys(self.files.values()):
            with safe_open(file, "pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118  (not a dict)
                    part = tensors.get_slice(name)
                    floating = part.get_dtype() in WIDTHS and self.dtype != "auto"
                    width = getattr(torch, self.dtype).itemsize if floating else WIDTHS.get(part.get_dtype(), 8)
                    found[name] = math.prod(part.get_shape()) * width
        return found

    def _value(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        import torch

        own = tensor.dtype
        if not own.is_floating_point:
            return tensor
        target = own if self.dtype == "auto" else getattr(torch, self.dtype)
        if name.removesuffix(".weight") in self.rounding:
            tensor = through_nf4(tensor, self.held)
        update = self.updates.get(name)
        if update is not None:
            update = fitted(update, tensor, name)
            tensor = update.added_to(tensor)
        return tensor.to(target).contiguous()


WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes, by safetensors' names


def fitted(update: Update, weight: torch.Tensor, name: str) -> Update:
    """The update with ``transposed`` as the stored weight has it.

    Raises:
        BadInput: the shapes do not go together either way.
    """
    shape = (update.b.shape[0], update.a.shape[1])
    straight, turned = tuple(weight.shape) == shape, tuple(weight.shape) == shape[::-1]
    if not straight and not turned:
        raise BadInput(f"{name}: the adapter changes a weight of shape {shape}, and this one has {tuple(weight.shape)};"
                       " give the base model that the adapter was trained on")  # fmt: skip
    return update if straight and turned else Update(update.a, update.b, update.scale, update.length, not straight)


def own_dtype(folder: Path) -> str:
    """How a model's files hold its weights, in torch's words: the type of most of its numbers."""
    from safetensors import safe_open

    counts: dict[str, int] = {}
    for file in weight_files(folder):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (not a dict)
                part = tensors.get_slice(name)
                counts[part.get_dtype()] = counts.get(part.get_dtype(), 0) + math.prod(part.get_shape())
    most = max((kind for kind in counts if kind in WIDTHS), key=lambda kind: counts[kind], default="F32")
    return {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}[most]


def merged_whole(shipment: Shipment, scratch: Path) -> Path:
    """A model whose files do not name its layers one by one, merged in memory by PEFT; the folder with the result."""
    assert shipment.adapter is not None
    loaded = loading.load_base(shipment.config.model, "float32")
    if shipment.config.model.quantization != "none":
        loaded.model = loaded.model.dequantize()
    plain = loading.merged(loading.attach_adapter(loaded.model, shipment.adapter))
    target = scratch / "whole"
    plain.save_pretrained(target, max_shard_size="2GB")
    return target


def nf4_layers(shipment: Shipment) -> set[str]:
    """The linear layers that a run in 4 bits held quantised: all but the output layer, as transformers chooses them."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(shipment.base))
    head = model.get_output_embeddings()
    linear = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    return {name for name, module in linear.items() if module is not head}


def through_nf4(weight: torch.Tensor, held: str) -> torch.Tensor:
    """A weight as the run saw it: rounded to 4 bits (NF4, double quantisation) and back, in float32.

    An adapter that was trained on 4-bit weights belongs on them.

    Args:
        weight: (D_out, D_in).
        held: the type that the run loaded it in, before quantising.
    """
    import torch
    from bitsandbytes import functional

    packed, state = functional.quantize_4bit(weight.to(getattr(torch, held)).contiguous(), blocksize=64,
                                             compress_statistics=True, quant_type="nf4")  # fmt: skip
    return functional.dequantize_4bit(packed, state).float()


def write_shards(merged: Merged, out: Path, limit: float = 2e9) -> None:
    """Write the tensors as safetensors of at most ``limit`` bytes each, with an index where there are several."""
    from safetensors.torch import save_file

    shards: list[list[str]] = [[]]
    filled, sizes = 0.0, merged.sizes()
    for name, size in sizes.items():
        if shards[-1] and filled + size > limit:
            shards.append([])
            filled = 0.0
        shards[-1].append(name)
        filled += size
    total = len(shards)
    names = [f"model-{i + 1:05d}-of-{total:05d}.safetensors" for i in range(total)]
    names = names if total > 1 else ["model.safetensors"]
    for file, held in zip(names, shards, strict=True):
        save_file({name: merged.get(name) for name in held}, str(out / file), metadata={"format": "pt"})
        (out / file).chmod(0o644)  # safetensors leaves it to its owner alone, and a server may run as somebody else
    if total > 1:
        places = {name: file for file, held in zip(names, shards, strict=True) for name in held}
        index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": places}
        (out / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
