"""Where to begin: rank, alpha, learning rate, epochs and batch by the model's size, the rows and the method.

The figures and the reason for each are data, in ``starter/recipes.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("starter") / "recipes.json"


@dataclass(frozen=True)
class Recipe:
    """Settings to begin with.

    Attributes:
        r, lora_alpha: of the adapter.
        learning_rate: peak.
        num_train_epochs: passes over the rows.
        batch: rows of a step.
        why: the reason for each, by the attribute's name.
    """

    r: int
    lora_alpha: int
    learning_rate: float
    num_train_epochs: int
    batch: int
    why: dict[str, str]


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The recipes as they stand in their file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def recipe(parameters: float, rows: int, method: str = "sft") -> Recipe:
    """The recipe for a model and a set of rows.

    Args:
        parameters: of the model.
        rows: to train on.
        method: sft, dpo or grpo.
    """
    size = next(one for one in table()["sizes"] if parameters <= one["up_to_billion"] * 1e9)
    passes = next(one for one in table()["epochs"] if rows <= one["up_to_rows"])
    way = table()["methods"][method]
    why = {**size["why"], "num_train_epochs": passes["why"]}
    if way["learning_rate_factor"] != 1:
        why["learning_rate"] = way["why"]
    return Recipe(size["r"], size["lora_alpha"], size["learning_rate"] * way["learning_rate_factor"], passes["epochs"],
                  max(1, min(size["batch"], rows)), why)  # fmt: skip
