"""Where to begin: adapter, learning rate, epochs, batch and replay by the model, the rows and the method.

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
        layers_to_transform: layers with an adapter, None for all.
        replay_fraction: passages of general text for each row.
        replay_chats: general questions with the bundled model's answers.
        why: the reason for each, by the attribute's name.
    """

    r: int
    lora_alpha: int
    learning_rate: float
    num_train_epochs: int
    batch: int
    layers_to_transform: str | None
    replay_fraction: float
    replay_chats: int
    why: dict[str, str]


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The recipes as they stand in their file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def recipe(parameters: float, rows: int, method: str = "sft", source: str = "") -> Recipe:
    """The recipe for a model and a set of rows.

    Args:
        parameters: of the model.
        rows: to train on.
        method: sft, dpo or grpo.
        source: ``model.source``, where the table has something to say about this very model.
    """
    size = next(one for one in table()["sizes"] if parameters <= one["up_to_billion"] * 1e9)
    passes = next(one for one in table()["epochs"] if rows <= one["up_to_rows"])
    way, own = table()["methods"][method], table()["models"].get(source, table()["otherwise"])
    why = {**size["why"], **own["why"], "num_train_epochs": passes["why"]}
    if way["learning_rate_factor"] != 1:
        why["learning_rate"] = way["why"]
    return Recipe(size["r"], size["lora_alpha"], size["learning_rate"] * way["learning_rate_factor"], passes["epochs"],
                  max(1, min(size["batch"], rows)), own["layers_to_transform"], own["replay_fraction"],
                  round(rows * own["replay_chats_per_row"]) if method == "sft" else 0, why)  # fmt: skip
