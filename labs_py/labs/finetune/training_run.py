"""A run of the fine-tuning lab: one state that a step moves on, and that a stopped run leaves behind."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labs_py.core import tensor_file, tiny_gpt
from labs_py.labs.finetune import tiny_model

EVERY = 10
"""Steps between two measurements."""
TOO_FAR = 50.0
SCALE = 2.0
"""alpha / rank, as in the torch file."""


@dataclass
class Run:
    """Where a run stands.

    Attributes:
        weights: the model that is trained whole, or the frozen base.
        adapter: A and B of each linear layer; None when all weights are trained.
        losses: one a step.
        marks: (step, what was measured then).
    """

    base: tiny_model.Base
    weights: tiny_gpt.Tensors
    adapter: tiny_gpt.Tensors | None
    optimiser: tiny_gpt.Adam
    rows: tiny_model.Rows
    order: np.random.Generator
    losses: list[float] = field(default_factory=list)
    marks: list[tuple[int, tiny_model.Marks]] = field(default_factory=list)

    def step(self, mask_prompt: bool, with_stop: bool) -> bool:
        """One batch, one step; False when the loss has run away."""
        chosen = [self.rows[i] for i in self.order.choice(len(self.rows), tiny_model.BATCH, replace=False)]
        tokens, targets = tiny_gpt.batch(chosen, mask_prompt, with_stop)
        with np.errstate(over="ignore", invalid="ignore"):
            loss, gradients = tiny_gpt.step(self.base.shape, self.weights, self.adapter, SCALE, tokens, targets)
        if not np.isfinite(loss) or loss > TOO_FAR:
            return False
        self.losses.append(loss)
        self.optimiser.update(gradients)
        return True

    def merged(self) -> tiny_gpt.Tensors:
        """The weights as they answer now."""
        return tiny_gpt.merge(self.weights, self.adapter, SCALE) if self.adapter else self.weights


def begin(base: tiny_model.Base, params: dict[str, Any]) -> Run:
    """A run before its first step."""
    adapter = None
    weights = base.weights
    if params["method"] == "lora":
        adapter = tiny_gpt.start_adapter(base.shape, params["rank"], params["seed"])
    else:
        weights = {name: w.copy() for name, w in base.weights.items()}
    optimiser = tiny_gpt.Adam(adapter or weights, params["learning_rate"])
    rows = tiny_model.training_rows(base, params["seed"])
    return Run(base, weights, adapter, optimiser, rows, np.random.default_rng(params["seed"]))


def settings_key(params: dict[str, Any]) -> tuple:
    """What two runs must share for the second to resume the first."""
    return tuple((name, params[name]) for name in sorted(params) if name not in ("steps", "train"))


def adapter_file(adapter: tiny_gpt.Tensors, params: dict[str, Any]) -> str:
    """The adapter as a safetensors file, in base64."""
    about = {"rank": params["rank"], "alpha": SCALE * params["rank"], "seed": params["seed"]}
    return base64.b64encode(tensor_file.write(adapter, {k: f"{v:g}" for k, v in about.items()})).decode()
