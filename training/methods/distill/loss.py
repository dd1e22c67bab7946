"""Distillation: how far the student's next-token distribution lies from the teacher's.

Notation: N positions, V tokens. p is the teacher, q the student; a teacher may give a token no mass at all (-inf).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from training.methods.tensor_checks import same_shape


# --8<-- [start:divergence]
def divergence(log_p: torch.Tensor, log_q: torch.Tensor, beta: float) -> torch.Tensor:
    """Generalised Jensen-Shannon divergence of each position, nats.

    beta 0 is the forward KL(p || q): the student is to cover all that the teacher may
    say. beta 1 is the reverse KL(q || p): it is to say nothing that the teacher would
    not. Between them
    beta KL(p || m) + (1 - beta) KL(q || m) with m = beta p + (1 - beta) q.
    Source: Agarwal et al. 2023 (arXiv 2306.13649), equation 1; the ends as in TRL.

    Args:
        log_p, log_q: log-probabilities, (N, V).
        beta: 0 to 1.

    Returns:
        (N,); the reverse KL is infinite where the student has mass and the teacher
        none. A probability so small that it is 0 as a number is no mass.

    Raises:
        ValueError: beta outside 0 to 1.
    """
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must lie between 0 and 1, not {beta}")
    if beta == 0:
        return _weighted(log_p, log_p - log_q)
    if beta == 1:
        return _weighted(log_q, log_q - log_p)
    parts = log_p + math.log(beta), log_q + math.log1p(-beta)
    nowhere = (log_p == -math.inf) & (log_q == -math.inf)  # of no weight
    log_m = torch.logaddexp(*(part.masked_fill(nowhere, 0.0) for part in parts))
    to_p, to_q = _weighted(log_p, log_p - log_m), _weighted(log_q, log_q - log_m)
    return beta * to_p + (1 - beta) * to_q


def _weighted(log_weights: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Sum over V of exp(log_weights) values; weight 0 counts as 0 (0 log 0 = 0)."""
    weights = log_weights.exp()
    return (weights * values.masked_fill(weights == 0, 0.0)).sum(-1)


# --8<-- [end:divergence]


# fmt: off
# --8<-- [start:distillation]
def distillation_loss(
    student: torch.Tensor,
    teacher: torch.Tensor,
    labels: torch.Tensor,
    temperature: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.0,
) -> torch.Tensor:
    """alpha T^2 D(p_T, q_T) + (1 - alpha) CE(label, q):
    soft targets and hard ones, mixed.

    T^2 keeps the soft part's gradient in size when T changes,
    since softening divides it by T^2.
    Source: Hinton et al. 2015 (arXiv 1503.02531), section 2.

    Args:
        student, teacher: logits at the positions that count, (N, V).
        labels: hard labels, (N,).
        temperature: T, for both sides of the soft part; the hard part is always at 1.
        alpha: share of the soft part.
        beta: which divergence, see ``divergence``.

    Returns:
        Scalar, the mean over positions; 0 when there is none.

    Raises:
        ValueError: a temperature that is not above 0, or beta outside 0 to 1.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    same_shape(student, teacher=teacher)
    if len(student) == 0:
        return student.sum() * 0.0
    log_p = (teacher / temperature).log_softmax(-1)
    log_q = (student / temperature).log_softmax(-1)
    soft = (
        temperature**2 * divergence(log_p, log_q, beta).mean()
        if alpha
        else student.new_zeros(())
    )
    hard = F.cross_entropy(student, labels) if alpha < 1 else student.new_zeros(())
    return alpha * soft + (1 - alpha) * hard


# --8<-- [end:distillation]
# fmt: on


# fmt: off
# --8<-- [start:top_k]
def keep_top_k(
    log_p: torch.Tensor, k: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What is worth keeping of a teacher's distribution: its k largest
    log-probabilities and the log of the rest.

    Args:
        log_p: (N, V).
        k: 1 to V.

    Returns:
        Log-probabilities (N, k), their tokens (N, k),
        and the log of the other tokens' mass together (N,): summed from the tokens
        themselves, since one minus a sum near one has no digits;
        -inf when there are none.

    Raises:
        ValueError: k below 1 or above V.
    """
    if not 1 <= k <= log_p.shape[-1]:
        raise ValueError(
            f"k must lie between 1 and the {log_p.shape[-1]} tokens that there are, "
            f"not {k}"
        )
    kept, tokens = log_p.topk(k, -1)
    if k == log_p.shape[-1]:
        return kept, tokens, torch.full_like(kept[:, 0], -math.inf)
    return kept, tokens, log_p.scatter(-1, tokens, -math.inf).logsumexp(-1)


def top_k_divergence(
    kept: torch.Tensor, tokens: torch.Tensor, rest: torch.Tensor, log_q: torch.Tensor
) -> torch.Tensor:
    """Forward KL from what ``keep_top_k`` kept,
    with all other tokens as one token of exact mass.

    sum over the kept of p log(p / q), plus P log(P / Q) with P and Q the mass of all
    others. A teacher's scores over 49,152 tokens are large to keep; k of them and the
    mass of the rest are not. Merging tokens can only lower a KL,
    so this is a lower bound, and exact for k = V.
    Source: the log sum inequality (Cover and Thomas 2006, theorem 2.7.1).

    Args:
        kept, tokens, rest: from ``keep_top_k``.
        log_q: the student's log-probabilities, (N, V).

    Returns:
        (N,).
    """
    listed = _weighted(kept, kept - log_q.gather(-1, tokens))
    if tokens.shape[-1] == log_q.shape[-1]:
        return listed
    others = log_q.scatter(-1, tokens, -math.inf)
    # (N,); unused where nothing is left
    rest_q = others.masked_fill((rest == -math.inf)[:, None], 0.0).logsumexp(-1)
    return listed + _weighted(rest[:, None], (rest - rest_q)[:, None])


# --8<-- [end:top_k]
# fmt: on
