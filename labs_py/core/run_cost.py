"""What a training run needs: bytes by part, floating-point operations, hours and money, as plain arithmetic.

The weights, the adapter, the gradients and the optimiser's state are exact; what
passes through (activations, logits) is counted by tensor, without the allocator's rounding. What a whole process on a
CPU takes beyond that was fitted to measured runs (``measured_runs``) and is said by ``process_bytes``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

TARGETS = {
    "all-linear": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "query-value": ("q_proj", "v_proj"),
}
FUSED = {"q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj", "gate_proj": "gate_up_proj",
         "up_proj": "gate_up_proj"}  # fmt: skip
BYTES = {"float32": 4.0, "bfloat16": 2.0, "auto": 2.0}
NF4_BITS = 4 + 0.127  # 4 bits, and double-quantised scales: Dettmers et al. 2023, arXiv:2305.14314, section 3
ADAM_BYTES = {"adamw": 8, "paged_adamw_8bit": 2}
# Operations for a weight and a token: forward 2, gradient of the activations 2, gradient of the weights 2. A frozen
# weight needs no gradient of its own; recomputing activations costs a second forward pass.
FORWARD, THROUGH, OWN = 2, 2, 2
TILE = (4096, 32_768)  # tokens and vocabulary entries whose logits TRL computes at once


class Shape(Protocol):
    """What of a decoder's shape decides its cost; ``model_table.Decoder`` says what each means."""

    @property
    def layers(self) -> int: ...
    @property
    def hidden(self) -> int: ...
    @property
    def query(self) -> int: ...
    @property
    def key_value(self) -> int: ...
    @property
    def inner(self) -> int: ...
    @property
    def vocabulary(self) -> int: ...
    @property
    def linears(self) -> dict[str, tuple[int, int]]: ...
    @property
    def linear_parameters(self) -> int: ...
    @property
    def parameters(self) -> int: ...


@dataclass(frozen=True)
class Run:
    """The settings that decide what a run needs.

    Attributes:
        rank: of the adapter; 0 trains every weight.
        tokens: of one row.
        batch: rows of one micro-batch.
        labelled: share of the tokens whose logits are computed.
        tiles: logits are computed tile by tile, and again in the backward pass, as TRL does it.
        targets: a name of ``TARGETS``, or the linear layers with an adapter.
        first_layer: the first with an adapter; those below it keep nothing and send no gradient.
        adapted: layers with an adapter; None means all from ``first_layer`` on.
        more_trained: parameters of the adapter beside those of the blocks' linear layers, as on a mixture's experts.
        dora: the adapter trains the lengths of the outputs' weights, too (Liu et al. 2024, arXiv:2402.09353).
    """

    rank: int = 16
    targets: str | tuple[str, ...] = "all-linear"
    nf4: bool = False
    dtype: str = "bfloat16"
    optimizer: str = "adamw"
    tokens: int = 512
    batch: int = 1
    checkpointing: bool = True
    labelled: float = 1.0
    dora: bool = False
    tiles: bool = False
    first_layer: int = 0
    adapted: int | None = None
    more_trained: int = 0


def chosen_linears(targets: str | tuple[str, ...], shape: Shape | None = None) -> tuple[str, ...]:
    """The linear layers of a decoder's layer that carry an adapter; a fused layer with the first of its parts."""
    if not isinstance(targets, str):
        return targets
    names = TARGETS[targets]
    if shape is None or "qkv_proj" not in shape.linears:
        return names
    return tuple(dict.fromkeys(FUSED.get(name, name) for name in names))


def layer_parameters(d_in: int, d_out: int, rank: int, dora: bool = False) -> int:
    """Trainable parameters beside one linear layer: A is (R, D_in), B is (D_out, R); DoRA has D_out lengths besides."""
    return rank * (d_in + d_out) + (d_out if dora else 0)


def adapter_parameters(shape: Shape, targets: str | tuple[str, ...], rank: int, dora: bool = False,
                       adapted: int | None = None) -> int:  # fmt: skip
    """Trainable parameters of an adapter, over the targeted linear layers of the ``adapted`` blocks (all when None)."""
    chosen = [sizes for name, sizes in shape.linears.items() if name in chosen_linears(targets, shape)]
    return (shape.layers if adapted is None else adapted) * sum(layer_parameters(i, o, rank, dora) for i, o in chosen)


def trained_parameters(shape: Shape, run: Run) -> int:
    """Parameters that the optimiser moves: the adapter's, or all of them."""
    if not run.rank:
        return shape.parameters
    adapted = shape.layers - run.first_layer if run.adapted is None else run.adapted
    return adapter_parameters(shape, run.targets, run.rank, run.dora, adapted) + run.more_trained


# --8<-- [start:memory]
def memory(shape: Shape, run: Run) -> dict[str, int]:
    """Bytes by part. Trained numbers are held in float32, as are their gradients."""
    size = BYTES[run.dtype] if run.rank else 4.0
    trained = trained_parameters(shape, run)
    held = shape.parameters * size
    if run.nf4:
        held += shape.linear_parameters * (NF4_BITS / 8 - size)
    return {
        "weights": int(held),
        "adapter": 4 * trained if run.rank else 0,
        "gradients": 4 * trained,
        "optimiser": ADAM_BYTES[run.optimizer] * trained,
        "activations": int(activation_bytes(shape, run)),
        "scores": int(scores_bytes(shape, run)),
        # In two bytes, of trained weights, under mixed precision
        "copies": 0 if run.rank else 2 * shape.parameters,
    }


# --8<-- [end:memory]


# fmt: off
# --8<-- [start:activations]
def activation_bytes(shape: Shape, run: Run) -> float:
    """What the backward pass needs, tensor by tensor, for all tokens of a micro-batch.

    A layer keeps the inputs of its two norms in float32; queries and attention's
    result, keys and values; three tensors of the gated MLP; and the inputs of the
    linear layers that are trained. Checkpointing keeps each block's input only, and one
    block whole while it is computed again. Training all weights also keeps what the
    norms put out, and an input for each linear layer.
    """
    h, q, k, m = shape.hidden, shape.query, shape.key_value, shape.inner
    size = 4 if run.rank and run.dtype == "float32" else 2
    chosen = chosen_linears(run.targets if run.rank else "all-linear", shape)
    entering = {
        "q_proj": h, "k_proj": h, "v_proj": h, "gate_proj": h, "up_proj": h,
        "down_proj": m, "o_proj": 0, "qkv_proj": h, "gate_up_proj": h,
    }
    if run.rank and not run.tiles:  # one tensor serves all layers that read it
        entering |= {"k_proj": 0, "up_proj": 0}
        entering["v_proj"] = 0 if "q_proj" in chosen else h
    elif run.rank:  # PEFT hands every adapter an input of its own
        entering["o_proj"] = q
    inputs = sum(entering.get(name, h) for name in chosen)
    low_rank = run.rank * len(chosen)
    layer = size * (3 * m + 2 * q + 2 * k + inputs + low_rank)
    layer += (8 if run.rank else 16) * h
    tokens, stream = run.batch * run.tokens, (size if run.rank else 4) * h
    layers = shape.layers - run.first_layer
    return tokens * (layers * stream + layer if run.checkpointing else layers * layer)


# --8<-- [end:activations]
# fmt: on


def scores_bytes(shape: Shape, run: Run) -> float:
    """Bytes of the logits with what their gradient needs.

    Ten bytes a logit: itself in the weights' type, its log-probability in float32, and the gradient in float32. In
    tiles their number is bounded, and a kernel turns each tile into its gradient where it lies, in two bytes.
    """
    tokens = run.batch * run.tokens
    if run.tiles:
        return min(tokens, TILE[0]) * min(shape.vocabulary, TILE[1]) * 2.0
    return tokens * run.labelled * shape.vocabulary * (8.0 if run.rank and run.dtype == "float32" else 10.0)


# fmt: off
# --8<-- [start:work]
def operations(shape: Shape, run: Run, tokens: float) -> float:
    """Floating-point operations of training on ``tokens`` tokens: 6 N D for every
    weight, 4 N D around frozen ones.

    N counts the linear layers and the output head; the products of attention with its
    own length are left out, which is little below a few thousand tokens.
    """
    head = shape.vocabulary * shape.hidden
    body = shape.linear_parameters
    frozen = bool(run.rank)
    more = THROUGH + (0 if frozen else OWN) + (FORWARD if run.checkpointing else 0)
    adapter = trained_parameters(shape, run) if frozen else 0
    per_head = FORWARD + THROUGH + (0 if frozen else OWN)
    # Below the first adapter there is the forward pass alone
    upper = 1 - run.first_layer / shape.layers
    return tokens * (
        (FORWARD + more * upper) * body
        + per_head * head * run.labelled
        + (FORWARD + more + OWN) * adapter
    )


def hours(work: float, peak: float, low: float, high: float) -> tuple[float, float]:
    """Shortest and longest time, in hours, for ``work`` operations.

    Args:
        work: floating-point operations.
        peak: of the hardware, operations a second.
        low, high: share of the peak that is reached, at worst and at best.
    """
    return work / (peak * high) / 3600, work / (peak * low) / 3600


# --8<-- [end:work]
# fmt: on


def largest_batch(shape: Shape, run: Run, room: float, most: int = 4096) -> int:
    """Largest micro-batch whose parts fit into ``room`` bytes; 0 when a single row does not."""
    one, two = (sum(memory(shape, replace(run, batch=batch)).values()) for batch in (1, 2))
    row = two - one
    return int(min(most, max(0, (room - (one - row)) // row)))


@dataclass(frozen=True)
class Process:
    """What a training process on a CPU takes beyond its tensors, fitted to measured runs.

    Attributes:
        base: interpreter, libraries and what they keep for themselves, bytes.
        activations: resident bytes for a byte of activations when all weights are trained: fewer than one, for the
            gradients come while the activations go.
        adapters: what adapters on all linear layers add: their temporary tensors leave holes between those that stay,
            and the C library gives holes back to nobody.
        single: what float32 adds to it.
        scores: resident bytes for a byte of logits, the products' own work space included.
        tiles: the same for logits made in tiles, which plain torch works on in a dozen float32 arrays.
    """

    base: float
    activations: float
    adapters: float
    single: float
    scores: float
    tiles: float


CPU = Process(base=0.593e9, activations=0.729, adapters=0.476, single=0.445, scores=2.529, tiles=23.60)
MARGIN = 1.02  # an estimate that is too low costs a run, one that is too high costs nothing


def process_rows(shape: Shape, run: Run) -> tuple[dict[str, float], float]:
    """Bytes that each number of ``Process`` multiplies, and those that count once."""
    parts = memory(shape, run)
    passing, scores = parts.pop("activations"), parts.pop("scores")
    share = len(chosen_linears(run.targets, shape)) / len(shape.linears) if run.rank else 0.0
    rows = {
        "base": 1.0,
        "activations": passing,
        "adapters": passing * share,
        "single": passing if run.rank and run.dtype == "float32" else 0.0,
        "scores": 0.0 if run.tiles else scores,
        "tiles": scores if run.tiles else 0.0,
    }
    return rows, sum(parts.values())


# fmt: off
# --8<-- [start:process]
def process_bytes(shape: Shape, run: Run, process: Process = CPU) -> float:
    """Peak resident bytes of a training process on a CPU,
    with a small margin upwards."""
    rows, once = process_rows(shape, run)
    return MARGIN * (
        once + sum(getattr(process, name) * size for name, size in rows.items())
    )


# --8<-- [end:process]
# fmt: on
