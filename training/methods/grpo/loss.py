"""GRPO: a group of answers to one question is its own baseline, so no value network is needed.

Notation: B answers of up to T tokens, G answers to each question in a row; ``mask`` (B, T) is 1 on an answer's tokens.
"""

from __future__ import annotations

import math

import torch

from training.methods.tensor_checks import same_shape

FLOOR = 1e-4  # added to a group's spread, as TRL does: equal rewards give advantage 0 and not 0/0


# fmt: off
# --8<-- [start:advantages]
def group_advantages(
    rewards: torch.Tensor, group: int, divide_by_spread: bool = True
) -> torch.Tensor:
    """(r - mean) / std within each group:
    how much better than its siblings an answer was.

    Source: Shao et al. 2024 (arXiv 2402.03300), section 4.1.2. Dr. GRPO (arXiv
    2503.20783, section 3.2) leaves the division out, because it weighs questions up
    that are nearly always or nearly never answered rightly.

    Args:
        rewards: (B,), siblings side by side; NaN marks an answer that could not be
            scored: it gets advantage 0 and its siblings are compared without it. Whole
            numbers and truth values count as float64.
        group: G, a divisor of B.
        divide_by_spread: False for Dr. GRPO.

    Returns:
        (B,); all 0 in a group whose rewards are equal.

    Raises:
        ValueError: a number of rewards that ``group`` does not divide.
    """
    if group < 1 or rewards.numel() % group:
        raise ValueError(
            f"{rewards.numel()} rewards cannot be parted into groups of {group}"
        )
    # (B/G, G)
    table = (rewards if rewards.is_floating_point() else rewards.double()).reshape(
        -1, group
    )
    scored = ~table.isnan()
    centred = table - table.nanmean(1, keepdim=True)
    first = table.gather(1, scored.int().argmax(1, keepdim=True))
    equal = ((table == first) | ~scored).all(1, keepdim=True)
    # A mean may miss equal numbers by a rounding, and 1e-17 / 1e-4 is not 0
    centred = centred.masked_fill(equal, 0.0)
    if divide_by_spread:
        count = scored.sum(1, keepdim=True)
        squares = centred.masked_fill(~scored, 0.0).square().sum(1, keepdim=True)
        centred = centred / ((squares / (count - 1).clamp(min=1)).sqrt() + FLOOR)
    return centred.nan_to_num(nan=0.0).flatten()


# --8<-- [end:advantages]
# fmt: on


# --8<-- [start:kl]
def kl_estimate(policy: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """exp(ref - pi) - (ref - pi) - 1 per token: never negative,
    and KL(pi || ref) on average over pi's samples.

    Source: Shao et al. 2024 (arXiv 2402.03300), equation 4.
    """
    difference = reference - policy
    return torch.expm1(difference) - difference


# --8<-- [end:kl]


# fmt: off
# --8<-- [start:grpo]
def grpo_loss(
    policy: torch.Tensor,
    sampled_by: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    variant: str = "grpo",
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    reference: torch.Tensor | None = None,
    kl_weight: float = 0.0,
    longest: int = 0,
) -> torch.Tensor:
    """-min(ratio A, clip(ratio) A) per token, plus the KL to the reference; variants
    differ in the mean they take.

    - "grpo": mean within each answer, then over answers:
      a long wrong answer is punished less per token.
      Source: Shao et al. 2024 (arXiv 2402.03300), equation 3.
    - "dr_grpo": sum over tokens by a constant (B times ``longest``). Source: Liu et al.
      2025 (arXiv 2503.20783), section 3.2.
    - "dapo": mean over all tokens of the batch, usually with ``clip_high`` above
      ``clip_low``. Source: Yu et al. 2025 (arXiv 2503.14476), sections 3.1 and 3.3.

    Args:
        policy: log-probabilities of the tokens now, (B, T).
        sampled_by: the same under the model that wrote the answers, (B, T),
            without gradient.
        advantages: (B,).
        mask: (B, T); what stands where it is 0 counts for nothing, even inf,
            and has gradient 0.
        reference: log-probabilities under the frozen model, (B, T);
            needed when ``kl_weight`` is not 0.
        longest: the limit on an answer's tokens; needed by "dr_grpo".

    Returns:
        Scalar; 0 when every advantage is 0 (and the KL is off), whatever the answers.
    """
    _check(policy, sampled_by, advantages, mask, reference, variant, kl_weight, longest)
    padding = mask == 0
    policy = policy.masked_fill(padding, 0.0)
    sampled_by = sampled_by.masked_fill(padding, 0.0)
    gain = advantages[:, None]
    log_ratio = policy - sampled_by
    # Beyond the clip a ratio counts only where the advantage is negative;
    # elsewhere inf * 0 would be NaN.
    ratio = torch.where(
        gain < 0, log_ratio, log_ratio.clamp(max=math.log1p(clip_high) + 1)
    ).exp()
    # (B, T)
    each = -torch.min(ratio * gain, ratio.clamp(1 - clip_low, 1 + clip_high) * gain)
    if kl_weight and reference is not None:
        each = each + kl_weight * kl_estimate(
            policy, reference.masked_fill(padding, 0.0)
        )
    each = each.masked_fill(padding, 0.0)
    if variant == "grpo":
        return (each.sum(1) / mask.sum(1).clamp(min=1)).mean()
    if variant == "dr_grpo":
        return each.sum() / (len(each) * longest)
    return each.sum() / mask.sum().clamp(min=1)


# --8<-- [end:grpo]
# fmt: on


def _check(
    policy: torch.Tensor,
    sampled_by: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    reference: torch.Tensor | None,
    variant: str,
    kl_weight: float,
    longest: int,
) -> None:
    """Raise ValueError for shapes that torch would broadcast, and for an argument that a variant lacks."""
    if variant not in ("grpo", "dr_grpo", "dapo"):
        raise ValueError(f"variant must be grpo, dr_grpo or dapo, not {variant!r}")
    if variant == "dr_grpo" and longest < 1:
        raise ValueError(f"dr_grpo divides by longest, an answer's most tokens; it must be above 0, not {longest}")
    same_shape(policy, sampled_by=sampled_by, mask=mask)
    same_shape(policy[:, 0], advantages=advantages)
    if kl_weight and reference is None:
        raise ValueError(f"kl_weight {kl_weight} needs the reference's log-probabilities")
    if kl_weight and reference is not None:
        same_shape(policy, reference=reference)
