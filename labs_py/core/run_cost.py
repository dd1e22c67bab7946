"""What a training run needs: bytes by part, floating-point operations, hours and money, as plain arithmetic.

``shape`` is any object with layers, hidden, key_value, inner, vocabulary, linears, linear_parameters and parameters,
such as ``model_table.Decoder``. The weights, the adapter, the gradients and the optimiser's state are exact; what
passes through (activations, scores) is counted by tensor, without the allocator's rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

TARGETS = {
    "all-linear": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "query-value": ("q_proj", "v_proj"),
}
BYTES = {"float32": 4.0, "bfloat16": 2.0, "auto": 2.0}
NF4_BITS = 4 + 0.127  # 4 bits, and double-quantised scales: Dettmers et al. 2023, arXiv:2305.14314, section 3
ADAM_BYTES = {"adamw": 8, "paged_adamw_8bit": 2}
# Operations for a weight and a token: forward 2, gradient of the activations 2, gradient of the weights 2. A frozen
# weight needs no gradient of its own; recomputing activations costs a second forward pass.
FORWARD, THROUGH, OWN = 2, 2, 2


@dataclass(frozen=True)
class Run:
    """The settings that decide what a run needs.

    Attributes:
        rank: of the adapter; 0 trains every weight.
        tokens: of one row.
        batch: rows of one micro-batch.
        labelled: share of the tokens whose scores over the vocabulary are computed.
        dora: the adapter trains the lengths of the outputs' weights, too (Liu et al. 2024, arXiv:2402.09353).
    """

    rank: int = 16
    targets: str = "all-linear"
    nf4: bool = False
    dtype: str = "bfloat16"
    optimizer: str = "adamw"
    tokens: int = 512
    batch: int = 1
    checkpointing: bool = True
    labelled: float = 1.0
    dora: bool = False


# --8<-- [start:adapter]
def adapter_parameters(shape, targets: str, rank: int, dora: bool = False) -> int:
    """Trainable parameters of an adapter: A is (R, D_in), B is (D_out, R); DoRA has D_out lengths besides."""
    chosen = [sizes for name, sizes in shape.linears.items() if name in TARGETS[targets]]
    return shape.layers * sum(rank * (i + o) + (o if dora else 0) for i, o in chosen)


# --8<-- [end:adapter]


# --8<-- [start:memory]
def memory(shape, run: Run) -> dict[str, int]:
    """Bytes by part. Trained numbers are held in float32, as are their gradients."""
    size = BYTES[run.dtype] if run.rank else 4.0
    trained = adapter_parameters(shape, run.targets, run.rank, run.dora) if run.rank else shape.parameters
    held = shape.parameters * size
    if run.nf4:
        held += shape.linear_parameters * (NF4_BITS / 8 - size)
    rows = run.batch * run.tokens
    return {
        "weights": int(held),
        "adapter": 4 * trained if run.rank else 0,
        "gradients": 4 * trained,
        "optimiser": ADAM_BYTES[run.optimizer] * trained,
        "activations": int(activation_bytes(shape, rows, min(size, 2.0), run.checkpointing)),
        "scores": int(scores_bytes(shape, rows, run.labelled)),
    }


# --8<-- [end:memory]


def activation_bytes(shape, tokens: int, size: float, checkpointing: bool) -> float:
    """What the backward pass needs of ``tokens`` tokens.

    A layer keeps its two norms' inputs (float32), the inputs of its seven maps, queries, keys and values after
    rotation, the attention's result, and three tensors of the gated MLP. Checkpointing keeps each layer's input
    only, and one layer whole while it is computed again.
    """
    h, k, m = shape.hidden, shape.key_value, shape.inner
    layer = tokens * (size * (7 * h + 4 * k + 4 * m) + 4 * 4 * h)
    return shape.layers * tokens * h * size + layer if checkpointing else shape.layers * layer


def scores_bytes(shape, tokens: int, labelled: float) -> float:
    """Scores of the vocabulary with their gradient in float32, and half of it again in two bytes."""
    return tokens * labelled * shape.vocabulary * 10.0


# --8<-- [start:work]
def operations(shape, run: Run, tokens: float) -> float:
    """Floating-point operations of training on ``tokens`` tokens: 6 N D for every weight, 4 N D around frozen ones.

    N counts the linear maps and the output head; the products of attention with its own length are left out, which
    is little below a few thousand tokens.
    """
    head = shape.vocabulary * shape.hidden
    body = shape.linear_parameters
    frozen = bool(run.rank)
    each = FORWARD + THROUGH + (0 if frozen else OWN) + (FORWARD if run.checkpointing else 0)
    adapter = adapter_parameters(shape, run.targets, run.rank, run.dora) if frozen else 0
    per_head = FORWARD + THROUGH + (0 if frozen else OWN)
    return tokens * (each * body + per_head * head * run.labelled + (each + OWN) * adapter)


def hours(work: float, peak: float, low: float, high: float) -> tuple[float, float]:
    """Shortest and longest time when between ``low`` and ``high`` of the peak rate is reached."""
    return work / (peak * high) / 3600, work / (peak * low) / 3600


# --8<-- [end:work]


def largest_batch(shape, run: Run, room: float, most: int = 4096) -> int:
    """Largest micro-batch whose parts fit into ``room`` bytes; 0 when a single row does not."""
    parts = memory(shape, Run(**{**run.__dict__, "batch": 1}))
    passing = parts["activations"] + parts["scores"]
    fixed = sum(parts.values()) - passing
    return int(min(most, max(0, (room - fixed) // passing)))
