"""Two challenges of the LoRA Lab about counting: the factor in front of B·A, and an adapter's budget."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import adapter_size, lora
from labs_py.labs.lora.params import TARGET_NAMES
from labs_py.spec import Challenge, Task, Verdict

RULES = {"lora": "alpha / r", "rslora": "alpha / √r"}
MEGABYTE = 1_000_000


def _same_scale(seed: int) -> tuple[str, int, int, int, int]:
    """Rule, rank and alpha that are given, the other rank, and the alpha that belongs to it."""
    rng = np.random.default_rng([seed, 201])
    rule = ("lora", "rslora")[int(rng.integers(2))]
    rank, other = (int(r) for r in rng.permutation([1, 4, 16, 64])[:2])
    ratio = other / rank if rule == "lora" else float(np.sqrt(other / rank))
    alphas = [alpha for alpha in range(2, 513) if float(alpha * ratio).is_integer() and 2 <= alpha * ratio <= 512]
    alpha = int(rng.choice(alphas))
    return rule, rank, alpha, other, int(alpha * ratio)


def _draw_same_scale(seed: int) -> Task:
    rule, rank, alpha, other, _ = _same_scale(seed)
    return Task(
        f"Rank {rank}, alpha {alpha} and the rule {RULES[rule]} put a factor in front of B·A. Set the lab to rank "
        f"{other} under the same rule, with the alpha that leaves this factor as it is.",
        {"rank": rank, "alpha": alpha, "scaling": rule},
    )


def _check_same_scale(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    rule, rank, alpha, other, wanted = _same_scale(seed)
    found = params["alpha"]
    if params["rank"] != other:
        return Verdict("wrong", f"The rank must be {other} now; rank {rank} with alpha {alpha} is the given setting.")
    if params["scaling"] != rule:
        return Verdict("wrong", f"Stay with the rule {RULES[rule]}: another rule is another way to change the factor.")
    factor = lora.scaling_factor(alpha, rank, rule)
    if found == wanted:
        return Verdict("right", f"{found} and {alpha} both give {factor:.4g}: alpha says nothing without r.")
    if found == alpha:
        return Verdict("wrong", "The same alpha at another rank is another factor. Alpha alone is not the scale.")
    if rule == "rslora" and found == alpha * other / rank:
        return Verdict("wrong", "That keeps alpha / r. Under this rule alpha goes with the square root of the rank.")
    if rule == "lora" and np.isclose(found, alpha * np.sqrt(other / rank)):
        return Verdict("wrong", "That keeps alpha / √r. Under this rule alpha goes with the rank itself.")
    return Verdict("wrong", f"The factor was {factor:.4g} and is {lora.scaling_factor(found, other, rule):.4g} now.")


def _budget(seed: int) -> tuple[str, str, int, float]:
    """Model, targets, the right rank, and the budget in megabytes (10^6 bytes)."""
    rng = np.random.default_rng([seed, 202])
    model = str(rng.choice(list(adapter_size.SHAPES)))
    targets = str(rng.choice(list(adapter_size.TARGETS)))
    rank = int(rng.integers(6, 61))
    one_rank = adapter_size.BF16_BYTES * adapter_size.count_adapter(adapter_size.SHAPES[model], targets, 1)
    # Rounded down to a kilobyte, the budget still holds this rank and never the next one.
    return model, targets, rank, np.floor((rank + 0.2 + 0.6 * rng.random()) * one_rank / 1000) / 1000


def _draw_budget(seed: int) -> Task:
    model, targets, _, megabytes = _budget(seed)
    name = adapter_size.SHAPES[model].name
    return Task(
        f"An adapter for {name} on {TARGET_NAMES[targets]} may take {megabytes:.3f} MB (1 MB = 1,000,000 bytes) in "
        "bf16, with q, k and v counted apart. Which is the largest rank that fits?",
        {"shape": model, "targets": targets, "rank": 1},
    )


def _check_budget(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    model, targets, rank, megabytes = _budget(seed)
    shape = adapter_size.SHAPES[model]
    if answer == rank:
        count = adapter_size.count_adapter(shape, targets, rank)
        return Verdict("right", f"Rank {rank} has {count:,} parameters and takes {2 * count:,} bytes.")
    if answer != round(answer) or answer < 1:
        return Verdict("wrong", "A rank is a whole number of at least 1.")
    if answer in (2 * rank, 2 * rank + 1):
        return Verdict("wrong", "That counts one byte a parameter. In bf16 it is two.")
    if answer == rank // 2:
        return Verdict("wrong", "That counts four bytes a parameter. In bf16 it is two.")
    for other in adapter_size.TARGETS:
        if other != targets and answer == adapter_size.largest_rank(shape, other, megabytes * MEGABYTE):
            return Verdict("wrong", f"That would be right with adapters on {TARGET_NAMES[other]}.")
    if shape.fused and answer == int(megabytes * MEGABYTE // (2 * adapter_size.count_adapter(shape, targets, 1, True))):
        return Verdict("wrong", "That would be right with q, k and v fused into one layer.")
    if answer == int(megabytes * 2**20 // (2 * adapter_size.count_adapter(shape, targets, 1))):
        return Verdict("wrong", "That takes a megabyte as 1,048,576 bytes. Here it is 1,000,000.")
    needed = 2 * adapter_size.count_adapter(shape, targets, int(answer)) / MEGABYTE
    problem = "more than the budget" if answer > rank else "and a larger rank fits too"
    return Verdict("wrong", f"Rank {int(answer)} takes {needed:.1f} MB, {problem}.")


SAME_SCALE = Challenge(
    "same-scale",
    "Two settings with the same scale",
    "params",
    _draw_same_scale,
    _check_same_scale,
    "The lab shows the factor in front of B·A. Under one rule it falls with r, under the other with √r.",
)
BUDGET = Challenge(
    "budget",
    "An adapter that fits",
    "number",
    _draw_budget,
    _check_budget,
    "The size grows in proportion to the rank: one look at rank 1 is enough to divide.",
    unit="rank",
)
