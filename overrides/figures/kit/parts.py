"""What an adapter reaches in models of several parts: a mixture of experts, and a model that also sees images."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mixture:
    """The shape of a mixture of experts as gpt-oss has it: a bias on every map, a sink for each head.

    Attributes:
        layers: blocks.
        hidden: width of the stream.
        query: width of all query heads together.
        key_value: width of the keys, or of the values.
        heads: query heads.
        inner: width of one expert.
        experts: of a block.
        used: experts that a token passes through.
        vocabulary: rows of the embedding, and of the output head beside it.
    """

    layers: int
    hidden: int
    query: int
    key_value: int
    heads: int
    inner: int
    experts: int
    used: int
    vocabulary: int

    @property
    def attention(self) -> list[tuple[int, int]]:
        """(D_in, D_out) of the linear layers of a block's attention: q, k, v and o."""
        return [(self.hidden, wide) for wide in (self.query, self.key_value, self.key_value)] + [
            (self.query, self.hidden)
        ]

    @property
    def expert(self) -> list[tuple[int, int]]:
        """(D_in, D_out) of an expert's two maps: gate and up in one, and down."""
        return [(self.hidden, 2 * self.inner), (self.inner, self.hidden)]

    def parameters(self, experts: int) -> dict[str, int]:
        """Parameters by part, counting so many experts of a block."""
        router = self.layers * self.experts * (self.hidden + 1)
        return {
            "attention": self.layers * (_entries(self.attention) + self.heads),
            "experts": self.layers * experts * _entries(self.expert),
            "embeddings, router, norms": (2 * self.vocabulary + 2 * self.layers + 1) * self.hidden + router,
        }

    def adapter(self, rank: int) -> dict[str, int]:
        """Trained parameters by part with a LoRA of ``rank`` for each linear layer and each expert's two maps."""
        return {
            "attention": self.layers * _lora(self.attention, rank),
            "experts": self.layers * self.experts * _lora(self.expert, rank),
        }


@dataclass(frozen=True)
class Tower:
    """A part of a model: its blocks, and (D_in, D_out) of a block's linear layers by name."""

    layers: int
    linears: dict[str, tuple[int, int]]

    def adapter(self, rank: int, names: tuple[str, ...] = ()) -> int:
        """Trained parameters with a LoRA of ``rank`` on the layers of these names; on all when none is named."""
        wanted = [shape for name, shape in self.linears.items() if not names or name in names]
        return self.layers * _lora(wanted, rank)


def _entries(shapes: list[tuple[int, int]]) -> int:
    """Weights and biases."""
    return sum((d_in + 1) * d_out for d_in, d_out in shapes)


def _lora(shapes: list[tuple[int, int]], rank: int) -> int:
    return sum(rank * (d_in + d_out) for d_in, d_out in shapes)


def clip(width: int, inner: int, layers: int) -> Tower:
    """An image encoder with the names of CLIP's layers."""
    square = dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), (width, width))
    return Tower(layers, square | {"fc1": (width, inner), "fc2": (inner, width)})


def llama(hidden: int, inner: int, layers: int) -> Tower:
    """A language model with the names of Llama's layers and a key for each query."""
    square = dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), (hidden, hidden))
    return Tower(layers, square | {"gate_proj": (hidden, inner), "up_proj": (hidden, inner),
                                   "down_proj": (inner, hidden)})  # fmt: skip


def projector(image: int, hidden: int) -> Tower:
    """LLaVA 1.5's projector: two linear layers from the image's width to the stream's."""
    return Tower(1, {"linear_1": (image, hidden), "linear_2": (hidden, hidden)})


GPT_OSS = Mixture(layers=24, hidden=2880, query=4096, key_value=512, heads=64, inner=2880, experts=32, used=4,
                  vocabulary=201_088)  # fmt: skip
LLAVA = {"image encoder": clip(1024, 4096, 24), "projector": projector(1024, 4096),
         "language model": llama(4096, 11_008, 32)}  # fmt: skip
