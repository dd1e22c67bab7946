"""Losses in plain torch: what pages show, and tests/parity compares with TRL, sentence-transformers and the labs.

Each takes the few tensors that its equation names, so that it can be read beside the paper: ``answers`` (supervised
fine-tuning), ``preference`` (reward model, DPO and its relatives), ``groups`` (GRPO), ``distillation``, ``contrast``.
"""

from training.losses.answers import IGNORED, answer_log_probabilities, answer_loss_sum, sft_loss
from training.losses.contrast import info_nce, matryoshka
from training.losses.distillation import distillation_loss, divergence, keep_top_k, top_k_divergence
from training.losses.groups import group_advantages, grpo_loss, kl_estimate
from training.losses.preference import (
    dpo_loss,
    dpo_with_nll_loss,
    ipo_loss,
    kto_loss,
    length_normalised_dpo_loss,
    orpo_loss,
    reward_model_loss,
    simpo_loss,
)

__all__ = [
    "IGNORED",
    "answer_log_probabilities",
    "answer_loss_sum",
    "distillation_loss",
    "divergence",
    "dpo_loss",
    "dpo_with_nll_loss",
    "group_advantages",
    "grpo_loss",
    "info_nce",
    "ipo_loss",
    "keep_top_k",
    "kl_estimate",
    "kto_loss",
    "length_normalised_dpo_loss",
    "matryoshka",
    "orpo_loss",
    "reward_model_loss",
    "sft_loss",
    "simpo_loss",
    "top_k_divergence",
]
