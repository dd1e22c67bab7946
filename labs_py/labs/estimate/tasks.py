"""The challenges of the estimate tool: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import run_cost
from labs_py.core.model_table import MODELS
from labs_py.spec import Challenge, Task, Verdict

NAMES = ("Llama-2-7B", "Llama-3.1-8B", "Qwen2.5-14B", "Mistral-7B-v0.3", "Qwen3-8B", "SmolLM2-1.7B")


def _near(answer: float, truth: float) -> bool:
    return abs(answer - truth) <= 0.02 * truth


def _full_of(seed: int) -> str:
    return NAMES[int(np.random.default_rng(seed).integers(len(NAMES)))]


def _draw_full(seed: int) -> Task:
    name = _full_of(seed)
    return Task(f"All weights of {name} are trained with AdamW, everything in float32. How many GB (10^9 bytes) do "
                "weights, gradients and the optimiser's state take together?", {"model": name})  # fmt: skip


def _check_full(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    count = MODELS[_full_of(seed)].parameters / 1e9
    if _near(answer, 16 * count):
        return Verdict("right", f"Yes: 4 + 4 + 8 bytes for each of {count:.2f} billion parameters.")
    for bytes_each, said in ((2, "That is the weights in 16 bits alone."), (4, "That is the weights alone."),
                             (8, "Adam's two moments are missing: 8 bytes more."),
                             (12, "One part is missing: weights 4, gradients 4, two moments 4 each.")):  # fmt: skip
        if _near(answer, bytes_each * count):
            return Verdict("wrong", said)
    return Verdict("wrong", "Count bytes for one parameter: weight, gradient, two moments. Then multiply.")


def _adapter_of(seed: int) -> tuple[str, int]:
    rng = np.random.default_rng(seed)
    return NAMES[int(rng.integers(len(NAMES)))], int(rng.choice([4, 8, 16, 32]))


def _draw_adapter(seed: int) -> Task:
    name, rank = _adapter_of(seed)
    return Task(f"Rank {rank} on queries and values of {name}. How many parameters are trained?", {"model": name})


def _check_adapter(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    name, rank = _adapter_of(seed)
    shape = MODELS[name]
    if _near(answer, run_cost.adapter_parameters(shape, "query-value", rank)):
        return Verdict("right", "Yes: rank times (in + out), for both maps of every block.")
    if _near(answer, rank * 4 * shape.hidden * shape.layers):
        return Verdict("wrong", "Values are narrower than queries here: grouped-query attention shares them.")
    if _near(answer, run_cost.adapter_parameters(shape, "all-linear", rank)):
        return Verdict("wrong", "That is an adapter on all seven maps of a block.")
    return Verdict("wrong", "A is rank by in, B is out by rank; add both, for two maps in each block.")


CHALLENGES = (
    Challenge(
        "full", "Everything trained", "number", _draw_full, _check_full, "Four numbers for each parameter.", "GB"
    ),
    Challenge("adapter", "A thin adapter", "number", _draw_adapter, _check_adapter, "Set rank and layers in the lab."),
)
