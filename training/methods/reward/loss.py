"""The loss of a reward model on pairs."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from training.methods.tensor_checks import same_shape


# fmt: off
# --8<-- [start:reward]
def reward_model_loss(
    chosen_reward: torch.Tensor, rejected_reward: torch.Tensor
) -> torch.Tensor:
    """-log sigmoid(r(x, y_w) - r(x, y_l)): the Bradley-Terry likelihood of the choice.

    Source: Ouyang et al. 2022 (arXiv 2203.02155), equation 1,
    for one pair per question.

    Args:
        chosen_reward, rejected_reward: (B,), any unit; only differences count.

    Returns:
        Scalar; log 2 when the rewards are equal.
    """
    same_shape(chosen_reward, rejected_reward)
    return -F.logsigmoid(chosen_reward - rejected_reward).mean()


# --8<-- [end:reward]
# fmt: on
