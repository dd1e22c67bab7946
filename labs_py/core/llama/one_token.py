"""One token through the whole model in a single call, where the page brings a kernel that can.

A token costs 210 products of a fraction of a millisecond each; called one by one from Python, the calls take longer
than the products. So addresses and sizes of all that is needed are written down once, as whole numbers, and the kernel
(``overrides/labs/real/step.js``) follows that list. The same steps in numpy are ``labs_py/core/llama/model.py``.
"""

from __future__ import annotations

import numpy as np

from labs_py.core.llama import blocks
from labs_py.core.llama.blocks import Blocks
from labs_py.core.llama.model import MAPS, Memory, Model, turns

Thin = dict[str, tuple[np.ndarray, np.ndarray]]


class OneToken:
    """The list for one model, one adapter and one memory; ``read`` takes one token further.

    Args:
        thin: an adapter's part of a map: A (R, D_in) and B (R, D_out), the latter times scale and strength.
    """

    def __init__(self, model: Model, memory: Memory, thin: Thin):
        shape, room, kind = model.shape, memory.keys.shape[2], np.dtype(np.float32)
        self.memory, self._held = memory, []
        inner = max(shape.inner, shape.key_heads * shape.head)
        self._work = np.zeros(4 + 4 * shape.width + 2 * inner + room + 4 + shape.vocabulary + 4, np.float32)
        self._work[0] = shape.epsilon
        self.logits = self._work[-4 - shape.vocabulary : -4]  # of the next token, (V,)
        sizes = [shape.layers, shape.width, shape.heads, shape.key_heads, inner, room, shape.vocabulary]
        arrays = [self._work, *turns(shape, 0, room, kind), memory.keys, memory.values, model.gain("norm", kind)]
        numbers = sizes + [self._address(array) for array in arrays]
        numbers.append(self._address(_packed(model, "embed_tokens").data))
        for at in (f"layers.{layer}." for layer in range(shape.layers)):
            for gain in ("input_layernorm", "post_attention_layernorm"):
                numbers.append(self._address(model.gain(at + gain, kind)))
            for name in MAPS:
                numbers += self._map(_packed(model, at + name), thin.get(at + name))
        self._plan = np.array(numbers, np.uint32)

    def _map(self, weights: Blocks, thin: tuple[np.ndarray, np.ndarray] | None) -> list[int]:
        """A linear map's numbers: kind, address, sizes, the adapter's addresses and rank."""
        a, b, rank = (*map(self._address, thin), len(thin[0])) if thin else (0, 0, 0)
        return [blocks.CODES[weights.kind], self._address(weights.data), *weights.shape, a, b, rank]

    def _address(self, array: np.ndarray) -> int:
        """Where an array lies, held from now on, so that it stays there."""
        whole = array if array.dtype == np.uint8 else array.astype(np.float32, copy=False)
        self._held.append(np.ascontiguousarray(whole))
        return blocks.address(self._held[-1])

    def read(self, token: int) -> None:
        """Put a token behind those in the memory; ``logits`` and ``likeliest`` are then about what follows it.

        Raises:
            ValueError: there is no kernel, or no room.
        """
        brought = blocks.brought()
        if brought is None or self.memory.count >= self.memory.keys.shape[2]:
            raise ValueError("no kernel, or no room for a token")
        kernel, quick = brought
        kernel.step(blocks.address(self._plan), token, self.memory.count, quick)
        self.memory.count += 1

    def likeliest(self) -> tuple[int, float, float]:
        """The token with the largest logit, its probability, and its logit minus that of the next likely one."""
        place, first, second, total = self._work[-4:].tolist()
        return int(place), 1 / total, first - second


def fits(model: Model, memory: Memory) -> bool:
    """Whether a kernel was brought, and weights and memory are of the kinds that it reads."""
    table = model.weights["embed_tokens"]
    maps = [model.weights[f"layers.{i}.{name}"] for i in range(model.shape.layers) for name in MAPS]
    packed = isinstance(table, Blocks) and table.kind == "Q8_0" and all(isinstance(w, Blocks) for w in maps)
    return packed and blocks.brought() is not None and memory.keys.dtype == np.float32


def _packed(model: Model, name: str) -> Blocks:
    weights = model.weights[name]
    if not isinstance(weights, Blocks):
        raise ValueError(f"{name} is not packed")
    return weights
