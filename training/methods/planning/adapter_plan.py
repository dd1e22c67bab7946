"""What an adapter will lie on, said before training: the linear layers by name, and the experts of a mixture."""

from __future__ import annotations

from training.models import adapter, targets
from training.models.shapes import Shape
from training.models.structure import linears, skeleton
from training.models.structure.linears import EXPERTS, Adapted
from training.run import settings
from training.run.settings import Config, LoraSettings


def adapter_lines(config: Config, shape: Shape | None) -> list[str]:
    """Lines of a dry run about the adapter, read from the model's own modules where its folder is here.

    Args:
        config: of the run.
        shape: of the model, None where it is not known.

    Raises:
        BadInput: the model has no such layer or parameter as the settings name.
    """
    lora = config.lora
    if lora is None:
        return ["adapter      none: every weight is trained"]
    kind = "DoRA" if lora.use_dora else "PiSSA" if settings.is_pissa(lora) else "LoRA"
    first = (f"adapter      {kind}, rank {lora.r}, alpha {lora.lora_alpha:g} (scale {adapter.scale(lora):g}), on"
             f" {lora.target_modules}")  # fmt: skip
    found = adapted_of(config)
    if found is not None:
        names = list(dict.fromkeys(name.rsplit(".", 1)[-1] for name in found.layers))
        return [f"{first}: {', '.join(names)} ({len(found.layers)} linear layers)", *_expert_lines(found, lora)]
    if shape is None:
        return [first]
    adapted = targets.linears(lora, shape)
    count = len(adapted) * len(targets.adapted_layers(lora, shape.layers))
    return [f"{first}: {', '.join(adapted)} ({count} linear layers)"]


def adapted_of(config: Config) -> Adapted | None:
    """What the adapter lies on, where the model's folder is here; otherwise None.

    Raises:
        BadInput: the model has no such layer or parameter as the settings name.
    """
    causal = config.lora is not None and config.method != "embed"  # an encoder is no causal language model
    model = skeleton.of_folder(config.model.source) if causal else None
    return None if model is None or config.lora is None else linears.adapted(model, config.lora)


def _expert_lines(found: Adapted, lora: LoraSettings) -> list[str]:
    """What is said of a mixture's experts: adapted, or left as they are and how to adapt them."""
    lines = []
    if found.experts:
        own = sum(part.adapter_parameters(lora) for part in found.experts.values())
        count = max(part.count for part in found.experts.values())
        lines.append(f"experts      {count} in each of {len(found.experts)} parameters carry an adapter of their own:"
                     f" {own:,} trainable parameters")  # fmt: skip
    if found.left:
        size = sum(part.adapter_parameters(lora) for part in found.left.values())
        count = max(part.count for part in found.left.values())
        lines.append(f"experts      {count} in each of {len(found.left)} parameters stay as they are;"
                     f" lora.target_parameters={EXPERTS} adapts them with {size:,} trainable parameters")  # fmt: skip
    return lines
