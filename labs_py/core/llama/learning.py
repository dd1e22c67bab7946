"""A training step of LoRA on the upper layers: loss, backward pass, AdamW.

Rows of a batch pass one after the other, so nothing is padded, and their gradients are summed. Below the lowest layer
with an adapter nothing is saved and no gradient flows. A step comes in pieces, a layer at a time, so that whoever runs
it can stop within one; a step that was left there has changed nothing. Sources: Hu et al. 2021 (arXiv 2106.09685) for
LoRA; Loshchilov and Hutter 2019 (arXiv 1711.05101) for AdamW. ``tests/parity/test_llama_learning.py`` holds it against
torch and PEFT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labs_py.core.llama import model as llama
from labs_py.core.llama.adapter import Adapter
from labs_py.core.llama.blocks import floats, times, times_back
from labs_py.core.llama.model import ATTENTION, SLICE, Memory, Model, Saved, apart, together
from labs_py.core.llama.pieces import Pieces, whole
from labs_py.core.products import matmul
from labs_py.core.tiny_gpt import softmax

AT_ONCE = 64  # tokens that are scored together: their probabilities take 13 MB
Gradients = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Row:
    """One row: all its tokens, and from which place on they are learnt."""

    ids: Sequence[int]
    learnt_from: int

    @property
    def learnt(self) -> int:
        """Tokens that count in the loss."""
        return len(self.ids) - max(self.learnt_from, 1)


@dataclass
class Learning:
    """A pass through the model with an adapter that gets gradients.

    Attributes:
        inner: x Aᵀ of each map, (T, R).
        gradients: map -> (of A, of B), summed over the rows of a batch.
    """

    model: Model
    adapter: Adapter
    inner: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: Gradients = field(default_factory=dict)

    @property
    def lowest(self) -> int:
        """The lowest layer with an adapter."""
        return min(int(name.split(".")[1]) for name in self.adapter.factors)

    # fmt: off
    # --8<-- [start:linear]
    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        """x Wᵀ and the adapter's part."""
        y = times(x, self.model.weights[name])
        if name in self.adapter.factors:
            a, b = self.adapter.factors[name]
            self.inner[name] = matmul(x, a.T)
            y += matmul(self.inner[name], x.dtype.type(self.adapter.scale) * b.T)
        return y

    def linear_back(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """Gradient with respect to x; those of A and B are added to ``gradients``."""
        dx = times_back(dy, self.model.weights[name])
        if name in self.adapter.factors:
            a, b = self.adapter.factors[name]
            scaled = x.dtype.type(self.adapter.scale) * dy
            into = matmul(scaled, b)
            da, db = matmul(into.T, x), matmul(scaled.T, self.inner[name])
            before = self.gradients.get(name)
            if before is not None:
                da, db = before[0] + da, before[1] + db
            self.gradients[name] = (da, db)
            dx += matmul(into, a)
        return dx

    # --8<-- [end:linear]
    # fmt: on

    def norm_back(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """Gradient of ``norm`` with respect to x, (T, D)."""
        size = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(self.model.shape.epsilon))
        unit, inward = x * size, dy * self.model.gain(name, x.dtype)
        return size * (inward - unit * (inward * unit).mean(-1, keepdims=True))


# fmt: off
# --8<-- [start:back]
def attend_back(
    s: Saved, dmix: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of queries (H, T, d), keys and values (K, T, d) from that of the mix,
    (H, T, d)."""
    q, k, v, shares = s["q"], s["k"], s["v"], s["shares"]
    size = q.dtype.type(q.shape[-1] ** -0.5)
    grouped = dmix.reshape(len(k), -1, q.shape[-1])
    dshares = matmul(grouped, v.swapaxes(-1, -2))
    dscores = shares * (dshares - (dshares * shares).sum(-1, keepdims=True))
    dq = matmul(dscores, k) * size
    dk = matmul(dscores.swapaxes(-1, -2), q.reshape(grouped.shape)) * size
    return dq.reshape(q.shape), dk, matmul(shares.swapaxes(-1, -2), grouped)


def layer_back(
    now: Learning, i: int, s: Saved, dx: np.ndarray, cos: np.ndarray, sin: np.ndarray
) -> np.ndarray:
    """From the gradient of a layer's output to that of its input, (T, D)."""
    shape, at = now.model.shape, f"layers.{i}."
    dhidden = now.linear_back(at + "mlp.down_proj", s["hidden"], dx)
    open_share = 0.5 + 0.5 * np.tanh(0.5 * s["gate"])
    dgate = dhidden * s["up"] * open_share * (1 + s["gate"] * (1 - open_share))
    db = now.linear_back(at + "mlp.gate_proj", s["b"], dgate)
    db += now.linear_back(at + "mlp.up_proj", s["b"], dhidden * s["gate"] * open_share)
    dx = dx + now.norm_back(at + "post_attention_layernorm", s["middle"], db)

    dmixed = now.linear_back(at + "self_attn.o_proj", s["mixed"], dx)
    dq, dk, dv = attend_back(s, apart(dmixed, shape.heads))
    back = [llama.turn(dq, cos, -sin), llama.turn(dk, cos, -sin), dv]
    da = np.zeros_like(dx)
    for name, d in zip(ATTENTION, back, strict=False):
        da += now.linear_back(at + name, s["a"], together(d))
    return dx + now.norm_back(at + "input_layernorm", s["x"], da)


# --8<-- [end:back]
# fmt: on


def head_loss(model: Model, hidden: np.ndarray, wanted: np.ndarray, share: float) -> Pieces[tuple[float, np.ndarray]]:
    """Sum of the cross-entropies of wanted tokens, and the gradient of ``share`` times it with respect to ``hidden``.

    Args:
        hidden: (N, D), normed, at the places before the wanted tokens.
        wanted: (N,).
        share: one over all tokens that are learnt in the batch.
    """
    loss, dhidden = 0.0, np.zeros_like(hidden)
    for start in range(0, len(wanted), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        found, dhidden[some] = yield from _some_loss(model, hidden[some], wanted[some], share)
        loss += found
    return loss, dhidden


def _some_loss(model: Model, hidden: np.ndarray, wanted: np.ndarray, share: float) -> Pieces[tuple[float, np.ndarray]]:
    table, places = model.weights["embed_tokens"], np.arange(len(wanted))
    p = softmax((yield from llama.scores_in_pieces(model, hidden)))
    loss = float(-np.log(np.maximum(p[places, wanted], 1e-30)).sum(dtype=np.float64))
    p[places, wanted] -= 1
    p *= p.dtype.type(share)
    if isinstance(table, np.ndarray):
        return loss, matmul(p, table)
    dhidden = np.zeros_like(hidden)
    for start in range(0, model.shape.vocabulary, SLICE):
        part = slice(start, start + SLICE)
        dhidden += matmul(p[:, part], floats(table.take(part), hidden.dtype.type))
        yield
    return loss, dhidden


# fmt: off
# --8<-- [start:row]
def row_loss(now: Learning, row: Row, share: float) -> Pieces[float]:
    """Sum of a row's cross-entropies; its gradients, times ``share``,
    are added to ``now.gradients``."""
    tokens, dtype = np.array(row.ids), next(iter(now.adapter.factors.values()))[0].dtype
    memory = Memory.empty(now.model.shape, len(tokens) - 1, dtype.type)
    x = llama.embed(now.model, tokens[:-1], dtype.type)
    cos, sin = llama.turns(now.model.shape, 0, len(x), dtype)
    passing = llama.Pass(now.model, now.linear)
    for i in range(now.model.shape.layers):
        passing.save = i >= now.lowest
        x = llama.layer(passing, i, x, cos, sin, memory)
        yield
    first = max(row.learnt_from, 1) - 1
    hidden = llama.norm(x, now.model.gain("norm", dtype), now.model.shape.epsilon)
    loss, dhidden = yield from head_loss(
        now.model, hidden[first:], tokens[first + 1 :], share
    )
    into_norm = np.zeros_like(x)
    into_norm[first:] = dhidden
    dx = now.norm_back("norm", x, into_norm)
    for i in reversed(range(now.lowest, now.model.shape.layers)):
        dx = layer_back(now, i, passing.saved.pop(), dx, cos, sin)
        yield
    return loss


def in_pieces(
    model: Model, adapter: Adapter, rows: Sequence[Row]
) -> Pieces[tuple[float, Gradients]]:
    """Mean cross-entropy of all tokens that a batch teaches,
    and its gradients by map."""
    now, learnt, loss = Learning(model, adapter), sum(row.learnt for row in rows), 0.0
    for row in rows:
        loss += (yield from row_loss(now, row, 1 / learnt)) / learnt
    return loss, now.gradients


def step(
    model: Model, adapter: Adapter, rows: Sequence[Row]
) -> tuple[float, Gradients]:
    """All pieces at once."""
    return whole(in_pieces(model, adapter, rows))


# --8<-- [end:row]
# fmt: on


class AdamW:
    """AdamW on an adapter's factors, in place, as torch.optim.AdamW; gradients are cut to a length first.

    Attributes:
        length: of all gradients of the last step together, before the cut.
    """

    def __init__(self, adapter: Adapter, betas: tuple[float, float] = (0.9, 0.95), decay: float = 0.0,
                 longest: float | None = 1.0):  # fmt: skip
        self.adapter, self.betas, self.decay, self.longest = adapter, betas, decay, longest
        self.count, self.length = 0, 0.0
        self.means = {name: [(np.zeros_like(f), np.zeros_like(f)) for f in pair]
                      for name, pair in adapter.factors.items()}  # fmt: skip

    # fmt: off
    # --8<-- [start:adamw]
    def update(self, gradients: Gradients, rate: float) -> None:
        """Move A and B by one step."""
        self.count += 1
        (one, two), every = self.betas, [g for pair in gradients.values() for g in pair]
        self.length = float(np.sqrt(sum(np.vdot(g, g) for g in every)))
        cut = min(1.0, self.longest / (self.length + 1e-6)) if self.longest else 1.0
        for name, pair in gradients.items():
            for factor, g, (first, second) in zip(
                self.adapter.factors[name], pair, self.means[name], strict=True
            ):
                g = g * g.dtype.type(cut)
                factor *= factor.dtype.type(1 - rate * self.decay)
                first += g.dtype.type(1 - one) * (g - first)
                second += g.dtype.type(1 - two) * (g * g - second)
                root = np.sqrt(
                    second / g.dtype.type(1 - two**self.count)
                ) + g.dtype.type(1e-8)
                factor -= g.dtype.type(rate / (1 - one**self.count)) * first / root

    # --8<-- [end:adamw]
    # fmt: on


def share_of_rate(step: int, steps: int) -> float:
    """A rise over the first twentieth of the steps, then a fall in a straight line, as the recorded runs have it."""
    warm = max(1, round(steps / 20))
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / max(1, steps - warm))


class Course:
    """A training from start to end: batches in a drawn order, each row once before any comes again.

    Attributes:
        done: steps that were taken.
    """

    def __init__(self, model: Model, adapter: Adapter, rows: Sequence[Row], steps: int, rate: float, size: int = 2,
                 seed: int = 0):  # fmt: skip
        self.model, self.adapter, self.rows, self.steps, self.rate = model, adapter, rows, steps, rate
        self.size, self.done = min(size, len(rows)), 0
        self.optimiser, self._rng = AdamW(adapter), np.random.default_rng(seed)
        self._order: list[int] = []

    def in_pieces(self) -> Pieces[float]:
        """One step; the loss of its rows before it. Left before its end, it counts as not begun."""
        while len(self._order) < self.size:
            self._order += self._rng.permutation(len(self.rows)).tolist()
        batch = [self.rows[i] for i in self._order[: self.size]]
        loss, gradients = yield from in_pieces(self.model, self.adapter, batch)
        self._order = self._order[self.size :]
        self.optimiser.update(gradients, self.rate * share_of_rate(self.done, self.steps))
        self.done += 1
        return loss

    def step(self) -> float:
        """All pieces of a step at once."""
        return whole(self.in_pieces())
