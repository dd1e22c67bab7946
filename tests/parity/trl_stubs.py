"""TRL's own loss methods, called on tensors of ours: a stand-in for ``self`` holds only what the method reads.

The method's text is TRL's; nothing of its arithmetic is repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

import torch


class Accelerator(SimpleNamespace):
    """One process: gathering is doing nothing."""

    device, num_processes, sync_gradients = torch.device("cpu"), 1, True

    def gather(self, x):
        return x

    gather_for_metrics = gather

    def reduce(self, x, reduction="sum"):
        return x


def trainer(**attributes) -> SimpleNamespace:
    """What every trainer has, and what a loss asks for besides."""
    common = {"accelerator": Accelerator(), "model": SimpleNamespace(training=True), "aux_loss_enabled": False,
              "_metrics": defaultdict(lambda: defaultdict(list)), "_total_train_tokens": 0, "_tp_size": 1,
              "current_gradient_accumulation_steps": 1}  # fmt: skip
    return SimpleNamespace(**{**common, **attributes})


def language_model(log_probabilities: torch.Tensor):
    """A model whose fused head has just given these log-probabilities per token, (B, T - 1)."""
    zeros = torch.zeros_like(log_probabilities)
    outputs = SimpleNamespace(log_probs=log_probabilities, entropy=zeros, is_top1=zeros.bool(), mean_logits=zeros)
    return lambda **_: outputs


def dpo(chosen, rejected, chosen_mask, rejected_mask, ref_chosen, ref_rejected, kinds, weights, beta):
    """``DPOTrainer._compute_loss`` on log-probabilities per token (B, T - 1) and masks (B, T)."""
    from trl import DPOTrainer

    mask = torch.cat([chosen_mask, rejected_mask])
    inputs = {"input_ids": torch.zeros_like(mask), "attention_mask": torch.ones_like(mask), "completion_mask": mask,
              "ref_chosen_logps": ref_chosen, "ref_rejected_logps": ref_rejected}  # fmt: skip
    stand_in = trainer(ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl", loss_types=kinds,
                       loss_weights=weights, beta=beta, label_smoothing=0.0, use_weighting=False)  # fmt: skip
    return DPOTrainer._compute_loss(stand_in, language_model(torch.cat([chosen, rejected])), inputs, False)


def reward(chosen, rejected):
    """``RewardTrainer.compute_loss`` on rewards (B,)."""
    from trl import RewardTrainer

    stand_in = trainer(args=SimpleNamespace(center_rewards_coefficient=None))
    outputs = SimpleNamespace(logits=torch.cat([chosen, rejected])[:, None])
    ones = torch.ones(2 * len(chosen), 2)
    return RewardTrainer.compute_loss(stand_in, lambda **_: outputs, {"attention_mask": ones})


def simpo(chosen_mean, rejected_mean, beta, gamma):
    """SimPO lives in TRL's CPO trainer."""
    from trl.experimental.cpo import CPOTrainer

    stand_in = trainer(beta=beta, alpha=0.0, loss_type="simpo", simpo_gamma=gamma, label_smoothing=0.0)
    return CPOTrainer.cpo_loss(stand_in, chosen_mean, rejected_mean)[0].mean()


def grpo(policy, old, advantages, mask, variant, low, high, reference, kl_weight, longest):
    """``GRPOTrainer._compute_loss`` on log-probabilities per token (B, T)."""
    from trl import GRPOTrainer

    ids = torch.zeros_like(mask)
    inputs = {"prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1], "completion_ids": ids, "completion_mask": mask,
              "advantages": advantages, "old_per_token_logps": old, "ref_per_token_logps": reference,
              "num_items_in_batch": mask.sum()}  # fmt: skip
    stand_in = trainer(
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, importance_sampling_level="token", beta=kl_weight,
        loss_type=variant, epsilon_low=low, epsilon_high=high, max_completion_length=longest, use_vllm=False,
        _entropy_bonus_enabled=False,
        args=SimpleNamespace(use_bias_correction_kl=False, delta=None, steps_per_generation=1),
        _get_per_token_logps_and_entropies=lambda *_, **__: (policy, torch.zeros_like(policy), None),
    )  # fmt: skip
    return GRPOTrainer._compute_loss(stand_in, None, inputs)
