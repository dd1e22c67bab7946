"""The forward pass of a Llama model, to be read: what the tiny GPT does, and what four years added to it.

Beside ``labs_py/core/tiny_gpt.py``: positions are turned into queries and keys (rotary, Su et al. 2021) instead of
added to the tokens; groups of heads share their keys and values (grouped queries, Ainslie et al. 2023); a second
product gates the inner layer (SwiGLU, Shazeer 2020); and what earlier tokens left behind is kept (key-value memory), so
a new token costs one row of work. Sources: Touvron et al. 2023 (arXiv 2302.13971), section 2.2; Allal et al. 2025 for
SmolLM2. ``tests/parity/test_llama.py`` holds it against transformers.

Shapes: T new tokens, S all tokens so far, D width, H heads, K heads of keys, d = D / H, V tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from labs_py.core.llama.blocks import Blocks, Matrix, floats, times
from labs_py.core.llama.pieces import Pieces, whole
from labs_py.core.products import matmul
from labs_py.core.tiny_gpt import softmax

ATTENTION = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
INNER = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
MAPS = (*ATTENTION, *INNER)  # the linear maps of a layer
SLICE = 8192  # tokens of the vocabulary that are scored at once: their weights as floats take 19 MB


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; SmolLM2-135M's by default.

    Attributes:
        theta: the slowest pair of a head turns once in about 2π theta positions.
        epsilon: added to the mean square in a norm.
    """

    vocabulary: int = 49152
    width: int = 576
    layers: int = 30
    heads: int = 9
    key_heads: int = 3
    inner: int = 1536
    theta: float = 100_000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        """Numbers of a head, d."""
        return self.width // self.heads


@dataclass(frozen=True)
class Model:
    """A shape and its weights by transformers' names, without ``model.`` and ``.weight``; scores use ``embed_tokens``.

    Attributes:
        weights: matrices (D_out, D_in), packed or floats; gains of norms, (D,).
    """

    shape: Shape
    weights: dict[str, Matrix]

    def gain(self, name: str, dtype: np.dtype) -> np.ndarray:
        """The gain of a norm."""
        return floats(self.weights[name]).astype(dtype, copy=False)


@dataclass
class Memory:
    """Keys and values of the tokens that have passed.

    Attributes:
        keys, values: (layers, K, room, d).
        count: tokens in it, S.
    """

    keys: np.ndarray
    values: np.ndarray
    count: int = 0

    @classmethod
    def empty(cls, shape: Shape, room: int, dtype: type[np.floating] = np.float32) -> Memory:
        """Room for so many tokens."""
        sizes = (shape.layers, shape.key_heads, room, shape.head)
        return cls(np.zeros(sizes, dtype), np.zeros(sizes, dtype))

    def add(self, layer: int, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Put (K, T, d) keys and values behind the others of a layer; all of that layer come back, (K, S, d)."""
        end = self.count + k.shape[1]
        self.keys[layer, :, self.count : end], self.values[layer, :, self.count : end] = k, v
        return self.keys[layer, :, :end], self.values[layer, :, :end]


Linear = Callable[[str, np.ndarray], np.ndarray]
Saved = dict[str, np.ndarray]


@dataclass
class Pass:
    """One forward pass of T tokens.

    Attributes:
        linear: a layer's name and its input to its output: the model's own product, or that with an adapter.
        saved: per layer what the backward pass needs; filled where ``save`` is set.
    """

    model: Model
    linear: Linear
    save: bool = False
    saved: list[Saved] = field(default_factory=list)


def plain(model: Model) -> Linear:
    """The linear maps of the base model."""
    return lambda name, x: times(x, model.weights[name])


# --8<-- [start:norm]
def norm(x: np.ndarray, gain: np.ndarray, epsilon: float) -> np.ndarray:
    """Root-mean-square norm: x over its length, times a gain (Zhang and Sennrich 2019,
    equation 4)."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(epsilon)) * gain


# --8<-- [end:norm]


# fmt: off
# --8<-- [start:rotary]
def turns(
    shape: Shape, first: int, count: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of each position's angles, (T, d / 2):
    pair i turns by theta^(-2i/d) a position."""
    speed = shape.theta ** (-np.arange(0, shape.head, 2) / shape.head)
    angles = np.arange(first, first + count)[:, None] * speed
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


def turn(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Turn each pair (x_i, x_(i + d/2)) of (..., T, d) by its angle;
    with -sin it is turned back."""
    half = x.shape[-1] // 2
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], -1)


# --8<-- [end:rotary]
# fmt: on


# fmt: off
# --8<-- [start:attention]
def attend(
    q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each of T queries mixes the values that it may see: the S - T earlier ones,
    those before it, and its own.

    Args:
        q: (H, T, d).
        k, v: (K, S, d); H / K heads that follow each other share one.

    Returns:
        the mix, (H, T, d), and the shares, (K, H / K * T, S).
    """
    heads, count, size = q.shape
    scores = matmul(
        q.reshape(len(k), -1, size) * q.dtype.type(size**-0.5), k.swapaxes(-1, -2)
    )
    if count > 1:
        hidden = np.triu(
            np.full((count, k.shape[1]), -np.inf, q.dtype), 1 + k.shape[1] - count
        )
        scores += np.tile(hidden, (heads // len(k), 1))
    shares = softmax(scores)
    return matmul(shares, v).reshape(q.shape), shares


# --8<-- [end:attention]
# fmt: on


def apart(x: np.ndarray, heads: int) -> np.ndarray:
    """(T, D) -> (heads, T, d)."""
    return np.ascontiguousarray(x.reshape(len(x), heads, -1).swapaxes(0, 1))


def together(x: np.ndarray) -> np.ndarray:
    """(heads, T, d) -> (T, D)."""
    return np.ascontiguousarray(x.swapaxes(0, 1)).reshape(x.shape[1], -1)


def silu(x: np.ndarray) -> np.ndarray:
    """x times its sigmoid, which as a hyperbolic tangent has nothing that overflows."""
    return x * (0.5 + 0.5 * np.tanh(0.5 * x))


# fmt: off
# --8<-- [start:layer]
def layer(
    now: Pass, i: int, x: np.ndarray, cos: np.ndarray, sin: np.ndarray, memory: Memory
) -> np.ndarray:
    """One of the layers, (T, D) -> (T, D)."""
    shape, at = now.model.shape, f"layers.{i}."
    a = norm(x, now.model.gain(at + "input_layernorm", x.dtype), shape.epsilon)
    q = apart(now.linear(at + "self_attn.q_proj", a), shape.heads)
    k, v = (
        apart(now.linear(at + name, a), shape.key_heads)
        for name in ("self_attn.k_proj", "self_attn.v_proj")
    )
    q, k = turn(q, cos, sin), turn(k, cos, sin)
    k, v = memory.add(i, k, v)
    mix, shares = attend(q, k, v)
    mixed = together(mix)
    middle = x + now.linear(at + "self_attn.o_proj", mixed)

    b = norm(
        middle, now.model.gain(at + "post_attention_layernorm", x.dtype), shape.epsilon
    )
    gate, up = now.linear(at + "mlp.gate_proj", b), now.linear(at + "mlp.up_proj", b)
    hidden = silu(gate) * up
    if now.save:
        now.saved.append(
            {
                "x": x, "a": a, "q": q, "k": k, "v": v, "shares": shares,
                "mixed": mixed, "middle": middle, "b": b, "gate": gate, "up": up,
                "hidden": hidden,
            }
        )
    return middle + now.linear(at + "mlp.down_proj", hidden)


# --8<-- [end:layer]
# fmt: on


# fmt: off
# --8<-- [start:forward]
def embed(
    model: Model, tokens: np.ndarray, dtype: type[np.floating] = np.float32
) -> np.ndarray:
    """The tokens' rows of the table, (T, D)."""
    table = model.weights["embed_tokens"]
    return floats(
        table.take(tokens) if isinstance(table, Blocks) else table[tokens], dtype
    )


def in_pieces(now: Pass, tokens: np.ndarray, memory: Memory) -> Pieces[np.ndarray]:
    """What the layers make of new tokens, normed, (T, D), layer by layer; ``memory``
    then holds these tokens too."""
    x = embed(now.model, tokens, memory.keys.dtype.type)
    cos, sin = turns(now.model.shape, memory.count, len(tokens), x.dtype)
    for i in range(now.model.shape.layers):
        x = layer(now, i, x, cos, sin, memory)
        yield
    memory.count += len(tokens)
    if now.save:
        now.saved.append({"x": x})
    return norm(x, now.model.gain("norm", x.dtype), now.model.shape.epsilon)


def hidden_states(now: Pass, tokens: np.ndarray, memory: Memory) -> np.ndarray:
    """All layers at once."""
    return whole(in_pieces(now, tokens, memory))


def scores(model: Model, hidden: np.ndarray) -> np.ndarray:
    """Logits of every token of the vocabulary, (T, V):
    the table of the tokens once more."""
    return whole(scores_in_pieces(model, hidden))


def scores_in_pieces(model: Model, hidden: np.ndarray) -> Pieces[np.ndarray]:
    """``scores``, a slice of the table at a time."""
    table = model.weights["embed_tokens"]
    if isinstance(table, np.ndarray) or len(hidden) == 1:
        return times(hidden, table)
    logits = np.empty((len(hidden), model.shape.vocabulary), hidden.dtype)
    for start in range(0, model.shape.vocabulary, SLICE):
        part = slice(start, start + SLICE)
        logits[:, part] = times(hidden, table.take(part))
        yield
    return logits


# --8<-- [end:forward]
# fmt: on


def as_floats(model: Model, dtype: type[np.floating] = np.float32) -> Model:
    """The model with every matrix as floats: four to eight times the memory, and quicker where numpy has a BLAS."""
    return Model(model.shape, {name: floats(w, dtype).astype(dtype) for name, w in model.weights.items()})
