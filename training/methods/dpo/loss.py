"""Losses on preferences: from two answers to one question, which is better?

Notation: B pairs; ``chosen`` and ``rejected`` (B,) are the policy's log-probabilities of whole answers (natural
logs, ``answers.answer_log_probabilities``), ``reference_*`` the frozen starting model's; ``*_tokens`` (B,) are the
answers' lengths. Every loss is the mean over the pairs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from training.methods.tensor_checks import same_shape


# --8<-- [start:dpo]
def dpo_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    beta: float,
) -> torch.Tensor:
    """-log sigmoid(beta [log pi(y_w)/ref(y_w) - log pi(y_l)/ref(y_l)]):
    a reward model that is the policy itself.

    Source: Rafailov et al. 2023 (arXiv 2305.18290), equation 7.

    Returns:
        Scalar; log 2 at the start, where policy and reference agree.
    """
    same_shape(chosen, rejected, reference_chosen, reference_rejected)
    margin = (chosen - reference_chosen) - (rejected - reference_rejected)  # (B,)
    return -F.logsigmoid(beta * margin).mean()


# --8<-- [end:dpo]


# fmt: off
# --8<-- [start:dpo_nll]
def dpo_with_nll_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    chosen_tokens: torch.Tensor,
    beta: float,
    nll_weight: float,
) -> torch.Tensor:
    """DPO plus ``nll_weight`` times the chosen answers' cross-entropy per token,
    -sum log pi(y_w) / sum |y_w|.

    DPO asks only for a difference, which also grows while both answers become
    unlikelier; the second term holds the chosen one up. Source: the term is that of
    Llama 3 (arXiv 2407.21783), section 4.1.4; per token as in TRL,
    the mean over all chosen tokens of the batch.
    """
    same_shape(chosen, chosen_tokens)
    nll = -chosen.sum() / chosen_tokens.sum().clamp(min=1)
    return (
        dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta)
        + nll_weight * nll
    )


# --8<-- [end:dpo_nll]
# fmt: on


def length_normalised_dpo_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    chosen_tokens: torch.Tensor,
    rejected_tokens: torch.Tensor,
    beta: float,
) -> torch.Tensor:
    """DPO on log-ratios per token, so that a long answer does not win by being long.

    -log sigmoid(beta [log pi(y_w)/ref(y_w) / |y_w| - log pi(y_l)/ref(y_l) / |y_l|]).
    Source: Tulu 3 (arXiv 2411.15124), section 5.1.2 (its beta of 5 belongs to this form and not to plain DPO).
    """
    same_shape(chosen, rejected, reference_chosen, reference_rejected, chosen_tokens, rejected_tokens)
    chosen_ratio = (chosen - reference_chosen) / chosen_tokens.clamp(min=1)
    rejected_ratio = (rejected - reference_rejected) / rejected_tokens.clamp(min=1)
    return -F.logsigmoid(beta * (chosen_ratio - rejected_ratio)).mean()


def ipo_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    reference_chosen: torch.Tensor,
    reference_rejected: torch.Tensor,
    chosen_tokens: torch.Tensor,
    rejected_tokens: torch.Tensor,
    tau: float,
) -> torch.Tensor:
    """(h - 1 / (2 tau))^2 with h the difference of the log-ratios: a target for the margin instead of "more".

    Source: Azar et al. 2023 (arXiv 2310.12036), equation 17; h per token, as TRL has it from the paper's authors.

    Args:
        tau: strength of the pull towards the reference; DPO's beta in TRL's settings.
    """
    same_shape(chosen, rejected, reference_chosen, reference_rejected, chosen_tokens, rejected_tokens)
    chosen_ratio = (chosen - reference_chosen) / chosen_tokens.clamp(min=1)
    rejected_ratio = (rejected - reference_rejected) / rejected_tokens.clamp(min=1)
    return (chosen_ratio - rejected_ratio - 1 / (2 * tau)).square().mean()


# fmt: off
# --8<-- [start:simpo]
def simpo_loss(
    chosen_mean: torch.Tensor, rejected_mean: torch.Tensor, beta: float, gamma: float
) -> torch.Tensor:
    """-log sigmoid(beta (mean log pi(y_w) - mean log pi(y_l)) - gamma): no reference,
    and a margin to win by.

    Source: Meng et al. 2024 (arXiv 2405.14734), equation 6.

    Args:
        chosen_mean, rejected_mean: log-probabilities per token, (B,).
        gamma: margin, in the unit of beta times a log-probability.
    """
    same_shape(chosen_mean, rejected_mean)
    return -F.logsigmoid(beta * (chosen_mean - rejected_mean) - gamma).mean()


# --8<-- [end:simpo]
# fmt: on
