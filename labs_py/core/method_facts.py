"""Numbers that the articles on LoRA and on preference tuning print: memory by parts, operations, small examples."""

from __future__ import annotations

import math

import numpy as np

from labs_py.core import adapter_size, policy, quantize, run_cost
from labs_py.core.model_table import MODELS

# fmt: off
# --8<-- [start:memory]
# 4.127 with double quantisation
NF4_BITS = quantize.bits_per_weight(4, 64 * 256, 256, 32, double=True)


def tuning_bytes(
    model: str, method: str, part: str = "total", targets: str = "all", rank: int = 16
) -> float:
    """Bytes of one part of a fine-tuned model's memory, activations left out.

    Full fine-tuning keeps 16-bit weights and gradients,
    a 32-bit master copy and Adam's two 32-bit moments. LoRA freezes the 16-bit weights
    and trains a 32-bit adapter; QLoRA does the same on linear layers in NF4 with double
    quantisation.

    Args:
        model: "gpt2", "llama-7b" or "qwen2.5-7b".
        method: "full", "lora" or "qlora".
        part: "weights", "adapter", "gradients", "optimiser" or "total".
        targets: "qv", "qkvo" or "all" layers carry the adapter.
        rank: of the adapter.
    """
    shape = adapter_size.SHAPES[model]
    trained = adapter_size.count_adapter(shape, targets, rank)
    if method == "full":
        each = {"weights": 2, "adapter": 0, "gradients": 2, "optimiser": 4 + 8}
        parts = {name: count * float(shape.parameters) for name, count in each.items()}
    else:
        linear = adapter_size.count_adapted(shape, "all")
        coded = NF4_BITS / 8 if method == "qlora" else 2
        weights = coded * linear + 2 * (shape.parameters - linear)
        parts = {
            "weights": weights, "adapter": 4.0 * trained, "gradients": 4.0 * trained,
            "optimiser": 8.0 * trained,
        }
    return sum(parts.values()) if part == "total" else parts[part]


# --8<-- [end:memory]
# fmt: on


FRAGMENTED = 0.1  # of the sum, on top: the estimate tool's own allowance


def run_bytes(part: str, tokens: int, method: str = "qlora", model: str = "Llama-2-7B", rank: int = 16) -> float:
    """Bytes of one part of a run with an adapter, activations recomputed, as the memory estimator counts them.

    Args:
        part: "weights", "adapter and gradients", "optimiser" (8 bits for QLoRA), "inputs" (of all layers), "layer at
            work", "scores", "sum" or "total" (with a tenth more for fragmented memory).
        tokens: in a micro-batch, all rows together.
        method: "lora" or "qlora".
        model: a name of the memory estimator.
        rank: of the adapter, on all linear layers.
    """
    shape, nf4 = MODELS[model], method == "qlora"
    run = run_cost.Run(rank, nf4=nf4, optimizer="paged_adamw_8bit" if nf4 else "adamw", tokens=tokens)
    found = run_cost.memory(shape, run)
    inputs = 2 * shape.layers * shape.hidden * tokens
    parts: dict[str, float] = {
        "weights": found["weights"],
        "adapter and gradients": found["adapter"] + found["gradients"],
        "optimiser": found["optimiser"],
        "inputs": inputs,
        "layer at work": found["activations"] - inputs,
        "scores": found["scores"],
    }
    whole = sum(parts.values())
    return {**parts, "sum": whole, "total": whole * (1 + FRAGMENTED)}[part]


def scale_bits(block: int, double: bool) -> float:
    """Bits a weight that the scales of NF4 add: 32 to a block, or 8 to a block and 32 to 256 blocks.

    Args:
        block: weights that share a scale.
        double: whether the scales are quantised as well.
    """
    return quantize.bits_per_weight(4, block * 256, 256, 32, double=double) - 4


def step_operations(width: int, rank: int) -> float:
    """Operations of a LoRA step on a square layer as a share of a full one: (2 N^2 + 6 N r) / 3 N^2."""
    return (2 * width**2 + 6 * width * rank) / (3 * width**2)


# fmt: off
# --8<-- [start:remerge]
def lost_in_remerge(
    size: float, rank: int = 8, width: int = 256, seed: int = 0
) -> float:
    """How far a merged and again quantised matrix is from base and adapter apart,
    over the update's own length.

    The base is normal noise held in NF4, blocks of 64; the update is a random product
    of the given rank. The adapter was trained on the quantised base, so that base plus
    adapter is what was evaluated.

    Args:
        size: length of the update as a share of the base's.
        rank: of the update.
        width: of the square matrix.
        seed: of both.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(width, width))
    update = rng.normal(size=(width, rank)) @ rng.normal(size=(rank, width))
    update *= size * np.linalg.norm(weights) / np.linalg.norm(update)

    def quantised(matrix: np.ndarray) -> np.ndarray:
        return quantize.from_groups(
            quantize.nf4(quantize.to_groups(matrix, "group", 64)).restored, matrix.shape
        )

    apart = quantised(weights) + update
    return float(np.linalg.norm(quantised(apart) - apart) / np.linalg.norm(update))


# --8<-- [end:remerge]
# fmt: on


def grid_ratio(coarse_bits: int, fine_bits: int) -> float:
    """How many times wider the steps of the coarser of two even grids over the same range are."""
    return (2**fine_bits - 1) / (2**coarse_bits - 1)


def models_bytes(parameters: float, trained: int, frozen: int) -> float:
    """Memory of several models of one size, activations left out: 16 bytes a trained parameter, 2 a frozen one.

    Args:
        parameters: of each model.
        trained: how many are trained with Adam in mixed precision.
        frozen: how many only answer, in 16 bits.
    """
    return parameters * (16 * trained + 2 * frozen)


def margin_needed(probability: float, beta: float) -> float:
    """Difference of log-ratios, in nats, at which DPO's implicit reward prefers the chosen answer so surely."""
    return math.log(probability / (1 - probability)) / beta


def beta_of_sum(beta_per_token: float, tokens: int) -> float:
    """The beta on whole answers of this length that equals a length-normalised beta."""
    return beta_per_token / tokens


def group_advantage(right: int, size: int, good: bool = True) -> float:
    """GRPO's advantage of a right (or wrong) answer in a group where so many answers got reward 1, the rest 0."""
    rewards = np.array([1.0] * right + [0.0] * (size - right))
    return float(policy.group_advantages(rewards)[0 if good else -1])


def difficulty_weight(right: float) -> float:
    """How much the division by the spread adds to an advantage, against a prompt solved half the time."""
    return 0.5 / math.sqrt(right * (1 - right))


PADDING = np.arange(7.0)  # seven answers, told apart by how much they say
TRUE_REWARD = PADDING - PADDING**2 / 5  # best between 2 and 3, worse than the emptiest answer beyond 5
FITTED_REWARD = PADDING * 0.5  # a line, fitted where labels were: few of them went past 2
FEW_WORDS = np.log(0.4**PADDING / np.sum(0.4**PADDING))


def chased(what: str, beta: float) -> float:
    """Reward or distance of the policy that maximises a fitted reward under a KL price, over seven made-up answers.

    Args:
        what: "kl" in nats, "fitted" or "true" reward less the reference's.
        beta: price of a nat.
    """
    tilted = policy.tilt(FEW_WORDS, FITTED_REWARD, np.array([beta]))
    path = policy.reward_path(tilted, FEW_WORDS, FITTED_REWARD, TRUE_REWARD)
    return float(path[{"kl": "kl", "fitted": "proxy", "true": "true"}[what]][0])


METHOD_FACTS = (
    tuning_bytes, run_bytes, scale_bits, step_operations, lost_in_remerge, grid_ratio, models_bytes, margin_needed,
    beta_of_sum, group_advantage, difficulty_weight, chased,
)  # fmt: skip
