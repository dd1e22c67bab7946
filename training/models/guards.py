"""Guards against failures that a falling loss does not show. Each is one function; its test switches it off.

Each ``Source`` is a report of the failure in practice.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.models import adapter
from training.run import machine
from training.run.errors import GuardFailed
from training.run.settings import LoraSettings

if TYPE_CHECKING:
    import torch

IGNORED = -100  # label of a token that is not in the loss, as torch's cross-entropy and transformers take it


def seed_before_adapter(seed: int) -> None:
    """Seed before A is drawn: a trainer seeds only later, and two runs of one seed would start apart.

    Source: MakazhanAlpamys/Soup#354; unslothai/unsloth-zoo#674.
    """
    machine.set_seed(seed)


def trainable_count(model: torch.nn.Module, expected: int) -> None:
    """The trainable parameters are as many as the formula says: no layer was forgotten, none trained by accident.

    Raises:
        GuardFailed: they are more or fewer.
    """
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if trainable != expected:
        raise GuardFailed(f"the adapter has {trainable:,} trainable parameters where rank * (D_in + D_out) gives"
                          f" {expected:,}: lora.target_modules does not match this model's layers")  # fmt: skip


def every_matrix_adapted(model: Any) -> None:
    """Under all-linear every weight matrix of the model's blocks has an adapter.

    Counted over the blocks' weights and not over the names that were asked for: a list of names that misses a fused
    layer agrees with itself.

    Raises:
        GuardFailed: some matrix has none.

    Source: hiyouga/LLaMA-Factory#4020.
    """
    import torch

    layers = model.config.get_text_config().num_hidden_layers
    stacks = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == layers]
    if not stacks:
        return
    blocks = max(stacks, key=lambda stack: sum(p.numel() for p in stack.parameters()))
    forgotten = []
    for name, weight in blocks.named_parameters():
        place = name.removesuffix(".weight")
        if weight.ndim != 2 or place == name or "lora_" in name or place.endswith("base_layer"):
            continue
        owner = blocks.get_submodule(place)
        if not isinstance(owner, torch.nn.Embedding) and not place.endswith(("router", ".gate")):
            forgotten.append(place)
    if forgotten:
        raise GuardFailed(f"lora.target_modules: all-linear left {len(forgotten)} weight matrices of the blocks without"
                          f" an adapter, such as {forgotten[0]}; name the layers in lora.target_modules")  # fmt: skip


def scale_rule(model: torch.nn.Module, lora: LoraSettings) -> None:
    """The update is scaled by alpha / rank (rsLoRA: alpha / sqrt(rank)), on every layer.

    Raises:
        GuardFailed: some layer scales otherwise, or no layer has an adapter.

    Source: rasbt/LLMs-from-scratch#1079.
    """
    expected = adapter.scale(lora)
    layers: list[Any] = [m.scaling for m in model.modules() if isinstance(getattr(m, "scaling", None), dict)]
    scales = {round(s, 9) for scaling in layers for s in scaling.values()}
    if not scales or any(not math.isclose(s, expected, rel_tol=1e-6) for s in scales):
        raise GuardFailed(f"the adapter scales its update by {sorted(scales)} and not by {expected:g}, which"
                          " lora.lora_alpha and lora.r give")  # fmt: skip


def supervised_share(labels: list[int], where: str, whole_text: bool = False) -> None:
    """Some of a row's tokens are in the loss, and unless it is plain text not all of them.

    Args:
        labels: of one row, length T; IGNORED where a token is not in the loss.
        where: names the row in a message.
        whole_text: plain text, all of which is trained on.

    Raises:
        GuardFailed: no token is in the loss, or every one.

    Source: huggingface/trl#4879, #3279 (a template without generation marks gives a mask of all ones, or none).
    """
    count = sum(x != IGNORED for x in labels)
    if count == 0:
        raise GuardFailed(f"{where}: no token would be trained on; the answer is empty or was cut off")
    if count == len(labels) and not whole_text:
        raise GuardFailed(
            f"{where}: every token would be trained on, the prompt too; the mask of the answer is missing"
        )


# --8<-- [start:stop]
def stop_token_supervised(
    ids: list[int],
    labels: list[int],
    stop_ids: set[int],
    where: str,
) -> None:
    """The last token in the loss is a stop token; without it answers never end.

    Args:
        ids, labels: of one row, length T each.
        stop_ids: tokens that end an answer.
        where: names the row in a message.

    Raises:
        GuardFailed: it is another token, or there is none.

    Source: huggingface/trl PR#5988.
    """
    last = max((i for i, x in enumerate(labels) if x != IGNORED), default=-1)
    if last < 0 or ids[last] not in stop_ids:
        raise GuardFailed(
            f"{where}: no-stop-token: the answer's last trained token is not a stop"
            " token; the chat template must end the assistant's turn with one"
        )


# --8<-- [end:stop]


def mask_by_length(length: int, width: int) -> list[int]:
    """Attention mask by length: where pad and stop are one token, comparing with the pad id loses the stop token.

    Source: unslothai/unsloth#416; huggingface/trl#734; hiyouga/LLaMA-Factory#7943.
    """
    return [1] * length + [0] * (width - length)


def label_count(count: Any) -> Any:
    """How many labels a loss is divided by, at least 1: a micro-batch without labels gives 0 and not NaN.

    Args:
        count: a number or a tensor; the result is of the same kind.

    Source: karpathy/nanochat#590.
    """
    return count.clamp(min=1) if hasattr(count, "clamp") else max(count, 1)


def adapter_loaded(model: torch.nn.Module, folder: Path) -> None:
    """A saved adapter has been loaded: its B matrices are in the model and not all zero.

    Raises:
        GuardFailed: there is no B, or every B is zero.

    Source: huggingface/peft#793; tloen/alpaca-lora#459 (a silently missing adapter answers like the base).
    """
    matrices = [p for n, p in model.named_parameters() if "lora_B" in n]
    if not any(bool(p.any()) for p in matrices):
        raise GuardFailed(f"{folder}: the adapter changes nothing (every B is zero or missing): it was not trained, or"
                          " it belongs to a model with other layer names")  # fmt: skip


def adapter_moved(model: torch.nn.Module) -> None:
    """Training has changed the adapter: some B differs from its start, zero.

    Raises:
        GuardFailed: every B is still zero.
    """
    matrices = [p for n, p in model.named_parameters() if "lora_B" in n]
    if matrices and not any(bool(p.any()) for p in matrices):
        raise GuardFailed("after training every B is still zero: no gradient reached the adapter")


def merge_equal(before: torch.Tensor, after: torch.Tensor, tolerance: float) -> float:
    """Logits with the adapter apart and merged agree; the largest difference over the largest logit.

    Args:
        before, after: logits (B, T, V).
        tolerance: largest quotient allowed.

    Raises:
        GuardFailed: they differ by more.

    Source: unslothai/unsloth#3508, #3247.
    """
    difference = float((before - after).abs().max() / before.abs().max().clamp(min=1e-9))
    if not difference <= tolerance:
        raise GuardFailed(f"merging changed the logits by {difference:.2e} of the largest, more than {tolerance:.0e}:"
                          " merge in float32, or keep the adapter apart")  # fmt: skip
    return difference


def loss_finite(loss: float, step: int) -> None:
    """The loss of a step is a finite number.

    Raises:
        GuardFailed: it is infinite or NaN.
    """
    if not math.isfinite(loss):
        raise GuardFailed(
            f"step {step}: the loss is {loss}; lower train.learning_rate or look at the rows of this step"
        )


def same_base(folder: Path, source: str) -> None:
    """An adapter is loaded onto the base model that it was trained on; one without a note of it passes.

    Args:
        folder: the adapter's.
        source: ``model.source`` of the base model.

    Raises:
        GuardFailed: the note names another model.
    """
    try:
        noted = json.loads((Path(folder) / "stage10.json").read_text(encoding="utf-8"))["model"]["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if noted != source:
        raise GuardFailed(f"{folder}: this adapter was trained on {noted}, not on {source}")
