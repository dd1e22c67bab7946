"""How many parameters a LoRA adapter has on a real model, and the bytes they take.

Only the shapes of the linear layers matter: one of shape (D_out, D_in) costs ``R * (D_in + D_out)``.
Embeddings and the output head carry no adapter here, as is usual.
"""

from __future__ import annotations

from dataclasses import dataclass

BF16_BYTES = 2
# Adam keeps two running means for each trained parameter, in float32.
ADAM_STATE_BYTES = 8

# What carries an adapter, by the name of the choice; "all" is every linear layer of a block.
TARGETS = {"qv": ("q", "v"), "qkvo": ("q", "k", "v", "o"), "all": ("q", "k", "v", "o", "gate", "up", "down")}


@dataclass(frozen=True)
class Linear:
    """One linear layer of a block: ``parts`` names what it computes (several when the model fuses them)."""

    parts: tuple[str, ...]
    d_in: int
    d_out: int
    bias: bool = False


@dataclass(frozen=True)
class ModelShape:
    """The shapes of a decoder.

    Attributes:
        layers: how many blocks.
        linears: the linear layers of one block, with q, k and v apart.
        fused: the same when the code of the model fuses some of them; () when it fuses none.
        other: parameters of the whole model outside the blocks' linear layers.
    """

    name: str
    layers: int
    linears: tuple[Linear, ...]
    other: int
    fused: tuple[Linear, ...] = ()

    @property
    def parameters(self) -> int:
        """All parameters of the model."""
        return self.other + self.layers * sum(x.d_in * x.d_out + x.d_out * x.bias for x in self.linears)


def adapter_parameters(linear: Linear, rank: int) -> int:
    """A is (rank, d_in) and B is (d_out, rank)."""
    return rank * (linear.d_in + linear.d_out)


def count_adapter(shape: ModelShape, targets: str, rank: int, fused: bool = False) -> int:
    """Trainable parameters with adapters of ``rank`` on the targeted linear layers of every block.

    A fused layer is adapted as a whole when any of its parts is a target, so for GPT-2 "qv" then includes k.
    """
    linears = shape.fused if fused and shape.fused else shape.linears
    return shape.layers * sum(adapter_parameters(x, rank) for x in linears if _is_target(x, targets))


def count_adapted(shape: ModelShape, targets: str) -> int:
    """Weights of the targeted layers themselves: what full fine-tuning of the same layers would train."""
    return shape.layers * sum(x.d_in * x.d_out for x in shape.linears if _is_target(x, targets))


def largest_rank(shape: ModelShape, targets: str, budget_bytes: float) -> int:
    """Largest rank whose adapter fits in ``budget_bytes`` at two bytes a parameter (0 when none fits)."""
    return int(budget_bytes // (BF16_BYTES * count_adapter(shape, targets, 1)))


def _is_target(linear: Linear, targets: str) -> bool:
    return any(part in TARGETS[targets] for part in linear.parts)


def _llama_style(hidden: int, key_value: int, intermediate: int, bias: bool = False) -> tuple[Linear, ...]:
    """Linear layers of a block with a gated MLP; ``key_value`` < ``hidden`` is grouped-query attention."""
    return (
        Linear(("q",), hidden, hidden, bias),
        Linear(("k",), hidden, key_value, bias),
        Linear(("v",), hidden, key_value, bias),
        Linear(("o",), hidden, hidden),
        Linear(("gate",), hidden, intermediate),
        Linear(("up",), hidden, intermediate),
        Linear(("down",), intermediate, hidden),
    )


def _outside(vocabulary: int, hidden: int, layers: int) -> int:
    """Untied embedding and head, two norms a block and a last one."""
    return 2 * vocabulary * hidden + (2 * layers + 1) * hidden


_GPT2_REST = (
    Linear(("o",), 768, 768, True),
    Linear(("up",), 768, 3072, True),
    Linear(("down",), 3072, 768, True),
)

SHAPES = {
    # Tied embedding, 1,024 learned positions, norms with a bias.
    "gpt2": ModelShape(
        "GPT-2 124M",
        12,
        (*(Linear((part,), 768, 768, True) for part in "qkv"), *_GPT2_REST),
        (50_257 + 1_024) * 768 + (2 * 12 + 1) * 2 * 768,
        (Linear(("q", "k", "v"), 768, 2304, True), *_GPT2_REST),
    ),
    "llama-7b": ModelShape("Llama 7B", 32, _llama_style(4096, 4096, 11_008), _outside(32_000, 4096, 32)),
    # 28 query heads share 4 key-value heads of width 128.
    "qwen2.5-7b": ModelShape(
        "Qwen2.5 7B", 28, _llama_style(3584, 4 * 128, 18_944, bias=True), _outside(152_064, 3584, 28)
    ),
}
