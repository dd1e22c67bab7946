"""Why a station answers otherwise: its prompts, its stops, its weights and its settings against the reference's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from training.serving.stations import Answers, Station

if TYPE_CHECKING:
    import torch

EXACT = 1e-5  # relative difference of weights that hold the same numbers
HALF_STEP = 2.0**-8  # largest relative error of rounding to bfloat16, and more than that of float16
SETTINGS = (
    "rms_norm_eps", "num_attention_heads", "num_key_value_heads", "head_dim", "hidden_act", "sliding_window",
    "layer_types", "num_experts_per_tok", "attention_bias",
)  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """The weights that every station should hold.

    Attributes:
        weights: name in transformers -> merged weight in float32.
        base: the same without the adapter, for the layers that carry one.
        config: transformers' configuration.
    """

    weights: dict[str, torch.Tensor]
    base: dict[str, torch.Tensor]
    config: Any


@dataclass
class _Sums:
    """What a comparison of all weights adds up to."""

    along: float = 0.0
    update: float = 0.0
    missing: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    scaled: list[str] = field(default_factory=list)
    rounded: list[str] = field(default_factory=list)
    quantised: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def expected(station: Station) -> Expected:
    """The reference's weights; its adapter is merged in place, and it goes on to answer the same."""
    from peft import PeftModel

    model = station.model
    if not isinstance(model, PeftModel):
        return Expected(dict(model.state_dict()), {}, model.config)
    held: Any = model
    layers = {_plain(name): module for name, module in held.named_modules() if hasattr(module, "lora_A")}
    base = {f"{name}.weight": module.get_base_layer().weight.detach().clone() for name, module in layers.items()
            if hasattr(module.get_base_layer(), "weight")}  # fmt: skip
    held.merge_adapter()
    weights = {_plain(name): value for name, value in held.state_dict().items() if "lora_" not in name}
    return Expected(weights, base, held.get_base_model().config)


def _plain(name: str) -> str:
    return name.removeprefix("base_model.model.").replace(".base_layer", "").replace(".modules_to_save.default", "")


def culprit(truth: Answers, found: Answers, station: Station, first: Station, known: Expected,
            needed: set[int]) -> tuple[str, str]:  # fmt: skip
    """What makes a station answer otherwise, in a word and in a sentence.

    Args:
        truth, found: answers of the reference and of the station.
        station, first: the station, and the reference.
        known: the weights it should hold.
        needed: stop tokens that training taught.
    """
    for theirs, ours in zip(found.prompts, truth.prompts, strict=True):
        if theirs != ours:
            return _prompt_fault(theirs, ours, station)
    if needed - set(station.stops):
        names = ", ".join(str(first.tokenizer.convert_ids_to_tokens(at)) for at in sorted(needed - set(station.stops)))
        return "stop", f"an answer does not end at {names}, which training taught"
    settings = _settings_fault(station.model.config, known.config)
    if settings:
        return settings
    weights = _weights_fault(station, known)
    if weights:
        return weights
    extra = set(station.stops) - set(first.stops)
    if any(ids and ids[-1] in extra for ids in found.tokens):
        return "stop", "an answer ends at a token that training did not take for its end"
    return "other", "prompts, stops, weights and settings are those of the run, and the answers are not"


def _prompt_fault(theirs: list[int], ours: list[int], station: Station) -> tuple[str, str]:
    """What distinguishes two prompts for the same conversation."""
    if len(theirs) > len(ours) and theirs[-len(ours) :] == ours:
        extra = theirs[: len(theirs) - len(ours)]
        if set(extra) <= {station.tokenizer.bos_token_id, ours[0]}:
            return (
                "doubled beginning token",
                f"{len(extra)} beginning token(s) stand before the prompt that was trained",
            )
    at = next((at for at, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), min(len(theirs), len(ours)))
    return (
        "template",
        f"the prompt is another from its token {at + 1} on ({len(theirs)} tokens, trained with {len(ours)})",
    )


def _settings_fault(config: Any, known: Any) -> tuple[str, str] | None:
    """A setting of the computation that is not the run's."""
    theirs, ours = rope(config), rope(known)
    if not same(theirs, ours):
        return "rope", f"the rotary embedding is {theirs}, and the run's is {ours}"
    if bool(config.tie_word_embeddings) != bool(known.tie_word_embeddings):
        word = "tied to" if config.tie_word_embeddings else "apart from"
        return "embedding", f"the output layer is {word} the embedding, unlike the run's"
    for name in SETTINGS:
        a, b = getattr(config, name, None), getattr(known, name, None)
        if a is not None and b is not None and not same(a, b):
            return "settings", f"{name} is {a}, and the run's is {b}"
    return None


def rope(config: Any) -> dict[str, Any]:
    """A configuration's rotary embedding, without what has no effect."""
    found = dict(getattr(config, "rope_parameters", None) or {})
    if found.get("rope_type") == "llama3":  # its factors are a tensor in a GGUF, and are compared by the answers
        return {"rope_theta": found["rope_theta"]}
    return {key: rope_of(value) if isinstance(value, dict) else value for key, value in rope_of(found).items()}


def rope_of(found: dict[str, Any]) -> dict[str, Any]:
    """The parts of a rotary embedding that a GGUF and a config.json both have."""
    kept = ("rope_theta", "factor", "full_attention", "sliding_attention")
    return {key: value for key, value in found.items() if key in kept}


def same(a: Any, b: Any) -> bool:
    """Whether two settings mean the same; numbers as float32 holds them."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-5)
    return a == b


def _weights_fault(station: Station, known: Expected) -> tuple[str, str] | None:
    """What has happened to the weights, judged by all of them together."""
    held = {_plain(name): value for name, value in station.model.state_dict().items()}
    factor = _query_factor(station.model.config, known.config)
    sums = _Sums()
    for name, right in known.weights.items():
        theirs = held.get(name)
        if theirs is None or theirs.shape != right.shape:
            sums.missing.append(name)
            continue
        if factor != 1 and "q_norm" in name:  # a GGUF has the model's own attention scale in Gemma's query norm
            right = (1 + right) * factor - 1
        _compare(name, theirs.float(), right.float(), known.base.get(name), sums)
    return _verdict(sums, len(known.base))


def _query_factor(config: Any, known: Any) -> float:
    theirs, ours = (getattr(one, "query_pre_attn_scalar", None) for one in (config, known))
    return math.sqrt(theirs / ours) if theirs and ours else 1.0


# --8<-- [start:weights]
def _compare(
    name: str,
    theirs: torch.Tensor,
    right: torch.Tensor,
    base: torch.Tensor | None,
    sums: _Sums,
) -> None:
    """Enter one weight into the sums."""
    difference = theirs - right
    share, rest = 1.0, 1.0
    if base is not None:
        update, away = right - base.float(), theirs - base.float()
        along, size = float((away * update).sum()), float((update * update).sum())
        sums.along += along
        sums.update += size
        if size:
            share = along / size
            rest = float((away - share * update).norm()) / size**0.5
    if float(difference.norm()) <= EXACT * float(right.norm()):
        return
    if rest < 0.05 and abs(share) < 0.05:
        sums.plain.append(name)
        return
    if rest < 0.05 and abs(share - 1) > 0.05:
        sums.scaled.append(name)
        return
    if bool((difference.abs() <= 1.01 * HALF_STEP * right.abs() + 1e-7).all()):
        sums.rounded.append(name)
    elif is_quantised(difference, right):
        sums.quantised.append(name)
    elif is_reordered(theirs, right):
        sums.reordered.append(name)
    else:
        sums.other.append(name)


# --8<-- [end:weights]


def is_quantised(difference: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether the errors are those of a few bits with a scale for each 32 numbers of a row."""
    if right.dim() != 2 or right.shape[-1] % 32:
        return False
    blocks, errors = right.reshape(-1, 32).abs(), difference.reshape(-1, 32).abs()
    return bool((errors.amax(1) <= 1.05 * blocks.amax(1) / 7 + 1e-7).all())


def is_reordered(theirs: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether the same rows stand in another order."""
    if right.dim() != 2:
        return False
    a, b = (rows.norm(dim=1).sort().values for rows in (theirs, right))
    return bool(((a - b).abs() <= 1e-4 * b + 1e-7).all())


def _verdict(sums: _Sums, adapted: int) -> tuple[str, str] | None:
    """The culprit behind the sums; None where all weights are right."""
    if sums.missing:
        return (
            "missing tensor",
            f"{len(sums.missing)} weights are missing or of another shape, the first {sums.missing[0]}",
        )
    if sums.plain:
        return "adapter not applied", f"{len(sums.plain)} of {adapted} adapted weights are the base model's"
    share = sums.along / sums.update if sums.update else 1.0
    if sums.scaled or (sums.update and not (sums.reordered or sums.other) and abs(share - 1) > 0.2):
        return "scale", f"the adapter's update is multiplied by {share:.3g} times what it should be"
    if sums.reordered:
        return (
            "row order",
            f"{len(sums.reordered)} weights have their rows in another order, the first {sums.reordered[0]}",
        )
    if sums.other:
        head = [name for name in sums.other if name.startswith("lm_head") or "embed_tokens" in name]
        if head and len(head) == len(sums.other):
            return "embedding", f"{head[0]} is not the run's"
        return "weights", f"{len(sums.other)} weights are others, the first {sums.other[0]}"
    if sums.quantised:
        return "quantisation", f"{len(sums.quantised)} weights are held in a few bits"
    if sums.rounded:
        return "rounding", f"{len(sums.rounded)} weights are held in 16 bits"
    return None
