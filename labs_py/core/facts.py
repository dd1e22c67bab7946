"""Numbers that pages print: each a small tested function, called from Markdown by ``computed("name", ...)``.

A page never holds a figure that arithmetic can give. Entries return a number or a string; the first line of
the docstring is what the reader sees on hover. Each entry needs a test that names it: test_facts.py checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from labs_py.core.contrast_facts import CONTRAST_FACTS
from labs_py.core.data_facts import DATA_FACTS
from labs_py.core.lora_facts import LORA_FACTS
from labs_py.core.method_facts import METHOD_FACTS
from labs_py.core.preference_facts import PREFERENCE_FACTS
from labs_py.core.report_facts import REPORT_FACTS
from labs_py.core.tuning_facts import TUNING_FACTS

Fact = Callable[..., float | int | str]
FACTS: dict[str, Fact] = {}
F = TypeVar("F", bound=Fact)


def fact(function: F) -> F:
    """Register a function under its own name.

    Raises:
        ValueError: a fact of that name is there already.
    """
    name = getattr(function, "__name__", "")
    if name in FACTS:
        raise ValueError(f"two facts are called '{name}'")
    FACTS[name] = function
    return function


@fact
def full_tuning_bytes(parameters: float) -> float:
    """Weights, gradients and Adam state of full fine-tuning in mixed precision, 16 bytes a parameter.

    Two bytes each for the 16-bit weight and gradient; four each for the 32-bit master weight and Adam's two
    moments. Activations come on top.

    Args:
        parameters: number of trainable parameters.
    """
    weight, gradient, master, moments = 2, 2, 4, 8
    return parameters * (weight + gradient + master + moments)


@fact
def low_rank_parameters(rows: int, columns: int, rank: int) -> int:
    """Trainable parameters of one low-rank adapter: rank times (rows + columns)."""
    return rank * (rows + columns)


@fact
def low_rank_share(rows: int, columns: int, rank: int) -> float:
    """Parameters of a low-rank adapter as a share of the matrix that it adapts."""
    return low_rank_parameters(rows, columns, rank) / (rows * columns)


@fact
def matrix_parameters(rows: int, columns: int) -> int:
    """Parameters of a full matrix: rows times columns."""
    return rows * columns


for _function in (
    *CONTRAST_FACTS, *DATA_FACTS, *LORA_FACTS, *METHOD_FACTS, *PREFERENCE_FACTS, *REPORT_FACTS, *TUNING_FACTS,
):  # fmt: skip
    fact(_function)
