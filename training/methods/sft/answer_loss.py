"""Give a causal model a second way to be called: ``model(..., answer_loss=True)`` returns the answers' summed loss.

Everything happens inside one call of the model, so that what wraps it (PEFT, DDP, FSDP, DeepSpeed, autocast) works
as for any other forward. Two savings, both exact (tests/training/methods/sft/test_answer_loss.py):

- the vocabulary is scored only where a label stands (losses.answer_loss_sum);
- what the rows of a group begin with is run once, with gradient, and its keys and values are shared by all of them.
  A cache kept across steps would be wrong: the adapter changes those keys and values.
"""

from __future__ import annotations

import functools
import types
from typing import Any

import torch

from training.methods.sft import loss as sft_losses
from training.models.structure import batching

# Models that change their logits after the head: they keep the trainer's own loss.
RESCALING = ("final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier", "lm_head_multiplier")


def can_have_answer_loss(causal: Any) -> bool:
    """True when the logits are the head's output and nothing more, and no expert routing adds a loss."""
    config = causal.config.get_text_config()
    return not any(getattr(config, name, None) for name in (*RESCALING, "output_router_logits"))


def can_share_a_beginning(causal: Any) -> bool:
    """Whether the layers look back at every token: keys and values kept for a window are no beginning to share."""
    text = causal.config.get_text_config()
    return batching.window_of(text) is None and batching.promised(text, 1) != batching.ALONE


def add_answer_loss(causal: Any) -> None:
    """Patch ``causal.forward``; without ``answer_loss=True`` it stays what it was."""
    ordinary = causal.forward

    @functools.wraps(type(causal).forward)
    def forward(self, *args: Any, answer_loss: bool = False, **inputs: Any) -> Any:
        if not answer_loss:
            return ordinary(*args, **inputs)
        return {"loss": batch_loss_sum(self, **inputs)}

    causal.forward = types.MethodType(forward, causal)


def batch_loss_sum(
    causal: Any,
    input_ids: torch.Tensor,
    labels: torch.Tensor,
    attention_mask: torch.Tensor,
    groups: torch.Tensor | None = None,
    prefix_lengths: torch.Tensor | None = None,
    **_: Any,
) -> torch.Tensor:
    """Summed loss of a right-padded batch, group by group.

    Args:
        causal: the model, with its backbone and head.
        input_ids, labels, attention_mask: (B, T).
        groups, prefix_lengths: (B,) as the collator made them, or None.
    """
    backbone, head = causal.base_model, causal.get_output_embeddings()
    widths = attention_mask.sum(1)
    if groups is None or prefix_lengths is None:
        return _plain(backbone, head, input_ids[:, : int(widths.max())], labels[:, : int(widths.max())])
    total = torch.zeros((), device=input_ids.device)
    for group in groups.unique().tolist():
        rows = (groups == group).nonzero()[:, 0]
        width, prefix = int(widths[rows].max()), int(prefix_lengths[rows[0]]) * can_share_a_beginning(causal)
        ids, wanted = input_ids[rows, :width], labels[rows, :width]
        part = _shared(backbone, head, ids, wanted, prefix) if prefix else _plain(backbone, head, ids, wanted)
        total = total + part
    return total


def _plain(backbone: Any, head: Any, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """No mask is needed: padding stands on the right, and no real token looks to the right."""
    hidden = backbone(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, D)
    return sft_losses.answer_loss_sum(hidden, labels, head)


def _shared(backbone: Any, head: Any, ids: torch.Tensor, labels: torch.Tensor, prefix: int) -> torch.Tensor:
    """Run the common beginning as one row, then the rest of all rows on its keys and values."""
    from transformers import DynamicCache

    beginning = backbone(input_ids=ids[:1, :prefix], use_cache=True).past_key_values
    shared = DynamicCache()
    for layer, kept in enumerate(beginning.layers):
        rows = (ids.shape[0], -1, -1, -1)
        shared.update(kept.keys.expand(rows), kept.values.expand(rows), layer)  # (B, H, P, D/H), gradient flows back
    positions = torch.arange(prefix, ids.shape[1], device=ids.device)[None]  # (1, T-P)
    hidden = backbone(
        input_ids=ids[:, prefix:], past_key_values=shared, position_ids=positions, use_cache=True
    ).last_hidden_state
    return sft_losses.answer_loss_sum(hidden, labels[:, prefix:], head)
