"""Losses on single answers: the cross-entropy of supervised fine-tuning, and an answer's log-probability."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from training.models.guards import IGNORED


# fmt: off
# --8<-- [start:sft]
def sft_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """-log pi(y_t | x, y_<t), the mean over the answers' tokens, nats.

    Source: Radford et al. 2018 (GPT), equation 1,
    over the answers' tokens alone and by their number.

    Args:
        logits: (B, T, V); half precision is summed in float32.
        labels: (B, T), -100 where a token is not trained on;
            position t is predicted from position t - 1.

    Returns:
        Scalar; log V when the logits are all equal.
    """
    # (B*(T-1), V), (B*(T-1),)
    scores, targets = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
    total = F.cross_entropy(
        _wide(scores), targets, ignore_index=IGNORED, reduction="sum"
    )
    return total / (targets != IGNORED).sum().clamp(min=1)


# --8<-- [end:sft]
# fmt: on


def answer_log_probabilities(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability of each answer, and its length: what every loss on preferences is made of.

    log pi(y | x) = sum over t of log pi(y_t | x, y_<t).

    Args:
        logits: (B, T, V).
        labels: (B, T), -100 where a token is not part of the answer.

    Returns:
        Summed natural logs (B,), and tokens counted (B,); an answer without a token has 0 and 0.
    """
    targets = labels[:, 1:]  # (B, T-1)
    counted = targets != IGNORED
    scores = logits[:, :-1].log_softmax(-1)  # (B, T-1, V)
    each = scores.gather(-1, targets.masked_fill(~counted, 0)[..., None])[..., 0]
    return each.masked_fill(~counted, 0.0).sum(1), counted.sum(1)


# fmt: off
# --8<-- [start:sparse]
def answer_loss_sum(
    hidden: torch.Tensor, labels: torch.Tensor, head: Any
) -> torch.Tensor:
    """Summed cross-entropy of the answers' tokens,
    scoring the vocabulary only where a label stands, nats.

    The same value and gradient as the sum in ``sft_loss``:
    a position without a label adds nothing to the sum, so its V scores need not be
    made. Of a prompt of 94 tokens and an answer of 45 that saves two thirds of them.

    Args:
        hidden: last hidden states, (B, T, D).
        labels: (B, T), -100 where a token is not trained on.
        head: the output layer, D -> V.
    """
    labelled = labels[:, 1:] != IGNORED  # (B, T-1)
    chosen, targets = hidden[:, :-1][labelled], labels[:, 1:][labelled]  # (N, D), (N,)
    if targets.numel() == 0:
        return hidden.sum() * 0.0  # stays connected, so that backward works
    parts = zip(chosen.split(CHUNK), targets.split(CHUNK), strict=True)
    return torch.stack([_scored(part, target, head) for part, target in parts]).sum()


# --8<-- [end:sparse]
# fmt: on


# Labels scored at once; more would hold too many rows of V scores (1,024 rows of 49,152 in float32 are 200 MB).
CHUNK = 1024


def _scored(hidden: torch.Tensor, targets: torch.Tensor, head: Any) -> torch.Tensor:
    return F.cross_entropy(_wide(head(hidden)), targets, reduction="sum")


def _wide(scores: torch.Tensor) -> torch.Tensor:
    """Half precision as float32, whose sums keep their digits; float32 and float64 as they are."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
