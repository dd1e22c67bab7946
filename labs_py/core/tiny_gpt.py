"""A tiny GPT in numpy: forward, hand-written backward, LoRA, Adam. Training has the same network in torch.

Shapes: B rows, T positions, D width, H heads, V tokens. Weights of linear layers are (D_out, D_in), as in torch.
Parameters are one dictionary; an adapter is another, with "NAME.A" (R, D_in) and "NAME.B" (D_out, R).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from labs_py.core.products import matmul

Tensors = dict[str, np.ndarray]
TINY = 1e-5
IGNORED = -1  # a target that no loss is counted on


@dataclass(frozen=True)
class Shape:
    """Sizes of the network."""

    vocabulary: int = 256
    width: int = 64
    layers: int = 2
    heads: int = 4
    context: int = 80


def linear_sizes(shape: Shape) -> dict[str, tuple[int, int]]:
    """name -> (D_out, D_in) of every linear layer."""
    d = shape.width
    sizes = {"query": (d, d), "key": (d, d), "value": (d, d), "out": (d, d), "up": (4 * d, d), "down": (d, 4 * d)}
    return {f"layers.{i}.{name}": size for i in range(shape.layers) for name, size in sizes.items()}


# fmt: off
# --8<-- [start:count]
def count_model(shape: Shape) -> int:
    """All weights: tokens, positions, linear layers,
    and the gains of two norms a layer and one at the end."""
    maps = sum(rows * columns for rows, columns in linear_sizes(shape).values())
    return (
        (shape.vocabulary + shape.context) * shape.width
        + maps
        + (2 * shape.layers + 1) * shape.width
    )


def count_adapter(shape: Shape, rank: int) -> int:
    """Trainable weights of LoRA on every linear layer: rank times (rows + columns)."""
    return sum(
        rank * (rows + columns) for rows, columns in linear_sizes(shape).values()
    )


# --8<-- [end:count]
# fmt: on


def start_adapter(shape: Shape, rank: int, seed: int, dtype: type[np.floating] = np.float32) -> Tensors:
    """A random and B zero, so that the first forward pass is the base's."""
    rng = np.random.default_rng(seed)
    adapter: Tensors = {}
    for name, (rows, columns) in linear_sizes(shape).items():
        adapter[f"{name}.A"] = (rng.normal(size=(rank, columns)) / np.sqrt(columns)).astype(dtype)
        adapter[f"{name}.B"] = np.zeros((rows, rank), dtype)
    return adapter


def merge(weights: Tensors, adapter: Tensors, scale: float) -> Tensors:
    """New weights with scale·B·A added in."""
    merged = dict(weights)
    for name in {key.rpartition(".")[0] for key in adapter}:
        merged[name] = weights[name] + scale * adapter[f"{name}.B"] @ adapter[f"{name}.A"]
    return merged


@dataclass
class Pass:
    """One forward pass with what the backward pass needs of it.

    Attributes:
        weights, adapter, scale: what it ran with.
        full: True when the base's own weights are to get gradients.
        saved: per layer, tensors by name.
        gradients: filled by ``backward``.
    """

    shape: Shape
    weights: Tensors
    adapter: Tensors | None
    scale: float
    full: bool
    saved: list[dict[str, np.ndarray]] = field(default_factory=list)
    inner: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: Tensors = field(default_factory=dict)

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        """x Wᵀ, plus the adapter's part."""
        y = matmul(x, self.weights[name].T)
        if self.adapter:
            self.inner[name] = matmul(x, self.adapter[f"{name}.A"].T)
            y += matmul(self.inner[name], self.scale * self.adapter[f"{name}.B"].T)
        return y

    def linear_back(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """Gradient with respect to x; the layer's own gradients are kept in ``gradients``."""
        dx = matmul(dy, self.weights[name])
        if self.full:
            self.gradients[name] = matmul(dy.T, x)
        if self.adapter:
            into = matmul(dy, self.scale * self.adapter[f"{name}.B"])
            self.gradients[f"{name}.B"] = self.scale * matmul(self.inner[name].T, dy).T
            self.gradients[f"{name}.A"] = matmul(into.T, x)
            dx += matmul(into, self.adapter[f"{name}.A"])
        return dx

    def norm_back(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """Gradient of ``norm`` with respect to x, (B·T, D)."""
        size = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + TINY)
        unit, inward = x * size, dy * self.weights[name]
        if self.full:
            self.gradients[name] = (dy * unit).sum(0)
        return size * (inward - unit * (inward * unit).mean(-1, keepdims=True))


def norm(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Root-mean-square normalisation, then a gain."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + TINY) * gain


def softmax(x: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, (..., V)."""
    e = x - x.max(-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(-1, keepdims=True)
    return e


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0); in the browser's numpy a maximum takes ten times as long as a sum."""
    y = np.abs(x)
    y += x
    y *= 0.5
    return y


def _heads(x: np.ndarray, rows: int, heads: int) -> np.ndarray:
    """(B·T, D) -> (B, H, T, D/H)."""
    return x.reshape(rows, -1, heads, x.shape[1] // heads).transpose(0, 2, 1, 3)


def _flat(x: np.ndarray) -> np.ndarray:
    """(B, H, T, D/H) -> (B·T, D)."""
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(x.shape[0] * x.shape[2], -1)


def forward(now: Pass, tokens: np.ndarray) -> np.ndarray:
    """Logits, (B·T, V), for tokens (B, T)."""
    rows, length = tokens.shape
    weights, heads = now.weights, now.shape.heads
    x = weights["tokens"][tokens].reshape(rows * length, -1) + np.tile(weights["positions"][:length], (rows, 1))
    future = np.triu(np.full((length, length), -np.inf, x.dtype), 1)
    for i in range(now.shape.layers):
        at = f"layers.{i}."
        a = norm(x, weights[at + "norm1"])
        q, k, v = (_heads(now.linear(at + name, a), rows, heads) for name in ("query", "key", "value"))
        q = q / np.sqrt(q.shape[-1]).astype(x.dtype)
        p = softmax(matmul(q, k.swapaxes(-1, -2)) + future)
        mixed = _flat(matmul(p, v))
        middle = x + now.linear(at + "out", mixed)
        b = norm(middle, weights[at + "norm2"])
        hidden = relu(now.linear(at + "up", b))
        now.saved.append({"x": x, "a": a, "q": q, "k": k, "v": v, "p": p, "mixed": mixed})
        now.saved[-1].update(middle=middle, b=b, hidden=hidden)
        x = middle + now.linear(at + "down", hidden)
    now.saved.append({"x": x, "n": norm(x, weights["norm"])})
    return matmul(now.saved[-1]["n"], weights["tokens"].T)


def backward(now: Pass, tokens: np.ndarray, dscores: np.ndarray) -> Tensors:
    """Gradients of everything trainable, from the gradient of the logits (B·T, V)."""
    rows, length = tokens.shape
    last = now.saved[-1]
    dx = now.norm_back("norm", last["x"], matmul(dscores, now.weights["tokens"]))
    for i in reversed(range(now.shape.layers)):
        at, s = f"layers.{i}.", now.saved[i]
        dhidden = now.linear_back(at + "down", s["hidden"], dx) * (s["hidden"] > 0)
        dx = dx + now.norm_back(at + "norm2", s["middle"], now.linear_back(at + "up", s["b"], dhidden))
        dmixed = _heads(now.linear_back(at + "out", s["mixed"], dx), rows, now.shape.heads)
        dp = matmul(dmixed, s["v"].swapaxes(-1, -2))
        dp -= np.einsum("bhtj,bhtj->bht", dp, s["p"])[..., None]
        ds = np.multiply(dp, s["p"], out=dp)
        k = s["k"] / np.sqrt(s["k"].shape[-1]).astype(dx.dtype)
        back = {"query": (ds, k), "key": (ds.swapaxes(-1, -2), s["q"]), "value": (s["p"].swapaxes(-1, -2), dmixed)}
        da = np.zeros_like(dx)
        for name, pair in back.items():
            da += now.linear_back(at + name, s["a"], _flat(matmul(*pair)))
        dx = dx + now.norm_back(at + "norm1", s["x"], da)
    if now.full:
        table = matmul(dscores.T, last["n"])
        np.add.at(table, tokens.ravel(), dx)
        now.gradients["tokens"] = table
        now.gradients["positions"] = np.zeros_like(now.weights["positions"])
        now.gradients["positions"][:length] = dx.reshape(rows, length, -1).sum(0)
    return now.gradients


def loss_and_gradient(scores: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of the targets that count, and its gradient with respect to the logits.

    Args:
        scores: logits, (B·T, V).
        targets: (B, T) tokens, ``IGNORED`` where none counts.
    """
    wanted = targets.ravel()
    rows = np.flatnonzero(wanted != IGNORED)  # the others cost nothing, and often they are most
    p, places = softmax(scores[rows]), np.arange(len(rows))
    chosen = p[places, wanted[rows]]
    p[places, wanted[rows]] -= 1
    gradient = np.zeros_like(scores)
    gradient[rows] = p / p.dtype.type(len(rows))
    return float(-np.log(np.maximum(chosen, 1e-30)).mean()), gradient


def step(
    shape: Shape, weights: Tensors, adapter: Tensors | None, scale: float, tokens: np.ndarray, targets: np.ndarray
) -> tuple[float, Tensors]:
    """Loss and gradients of one batch; with an adapter only its gradients, without one those of every weight."""
    now = Pass(shape, weights, adapter, scale, adapter is None)
    loss, dscores = loss_and_gradient(forward(now, tokens), targets)
    return loss, backward(now, tokens, dscores)


class Adam:
    """Adam without weight decay, as torch.optim.Adam at its defaults (Kingma and Ba 2014, arXiv 1412.6980)."""

    def __init__(self, trained: Tensors, rate: float):
        self.trained, self.rate, self.count = trained, rate, 0
        self.means = {k: (np.zeros_like(v), np.zeros_like(v)) for k, v in trained.items()}

    def update(self, gradients: Tensors) -> None:
        """Move ``trained`` by one step, in place."""
        self.count += 1
        for name, g in gradients.items():
            first, second = self.means[name]
            first += 0.1 * (g - first)
            second += 0.001 * (g * g - second)
            root = np.sqrt(second / (1 - 0.999**self.count)) + 1e-8
            self.trained[name] -= (self.rate / (1 - 0.9**self.count) * first / root).astype(g.dtype)


# fmt: off
# --8<-- [start:rows]
def batch(
    rows: list[tuple[list[int], list[int]]], mask_prompt: bool, with_stop: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and targets (B, T) of (prompt, answer) rows;
    what no loss is counted on is IGNORED.

    Args:
        mask_prompt: count the loss on the answer only.
        with_stop: count it on the answer's last token, the stop token, as well.
    """
    length = max(len(p) + len(a) for p, a in rows) - 1
    tokens = np.zeros((len(rows), length), int)
    targets = np.full((len(rows), length), IGNORED)
    for i, (prompt, answer) in enumerate(rows):
        whole = prompt + answer
        tokens[i, : len(whole) - 1] = whole[:-1]
        first = len(prompt) - 1 if mask_prompt else 0
        last = len(whole) - 1 if with_stop else len(whole) - 2
        targets[i, first:last] = whole[first + 1 : last + 1]
    return tokens, targets


# --8<-- [end:rows]
# fmt: on


def answer(shape: Shape, weights: Tensors, prompts: list[list[int]], longest: int = 12) -> list[list[int]]:
    """The likeliest next tokens of each prompt until the stop token (left in) or ``longest``; merge adapters first."""
    found: list[list[int]] = [[] for _ in prompts]
    for _ in range(longest):
        open_rows = [i for i, f in enumerate(found) if not f or f[-1] != 0]
        if not open_rows:
            break
        texts = [(prompts[i] + found[i])[-shape.context :] for i in open_rows]
        tokens = np.zeros((len(texts), max(map(len, texts))), int)
        for row, text in zip(tokens, texts, strict=True):
            row[: len(text)] = text
        scores = forward(Pass(shape, weights, None, 1.0, False), tokens).reshape(*tokens.shape, -1)
        for i, text, row in zip(open_rows, texts, scores, strict=True):
            found[i].append(int(row[len(text) - 1].argmax()))
    return found
