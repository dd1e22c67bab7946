"""Where to begin: adapter, learning rate, epochs, batch and replay by the model, the rows and the method.

The figures and the reason for each are data: ``TABLE``. They fill ``python -m training new`` and the configuration of
the decision tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TABLE: dict[str, Any] = {
    "as_of": "2026-11-30",
    "note": "Where to begin, not where to end: change one thing at a time and read the validation loss and the held-"
    "out score.",
    "sizes": [
        {
            "up_to_billion": 0.5,
            "name": "tiny",
            "r": 16,
            "lora_alpha": 32,
            "learning_rate": 0.0005,
            "batch": 4,
            "why": {
                "r": "a small model needs some room: on 135M parameters rank 16 is a fortieth of the weights",
                "lora_alpha": "twice r scales the update by 2, so that the learning rate keeps its meaning when r"
                " changes",
                "learning_rate": "a recorded run on 135M parameters took 1.5e-3 on 240 rows and lost too much general"
                " text, so begin at a third of it",
                "batch": "many small steps learn more from few rows than few large ones",
            },
        },
        {
            "up_to_billion": 4,
            "name": "small",
            "r": 16,
            "lora_alpha": 32,
            "learning_rate": 0.0003,
            "batch": 8,
            "why": {
                "r": "rank 16 on all linear layers holds what a few thousand rows teach; raise it when training loss"
                " stays high",
                "lora_alpha": "twice r scales the update by 2",
                "learning_rate": "about ten times what full fine-tuning takes; halve it when general text gets worse",
                "batch": "eight rows a step keep the gradient steady without wasting a small set",
            },
        },
        {
            "up_to_billion": 15,
            "name": "middle",
            "r": 16,
            "lora_alpha": 32,
            "learning_rate": 0.0002,
            "batch": 16,
            "why": {
                "r": "rank 16 on all linear layers is enough for a narrow task; the layers matter more than the rank",
                "lora_alpha": "twice r scales the update by 2",
                "learning_rate": "the rate of the configurations for 7B in this package; 1e-4 where general text gets"
                " worse",
                "batch": "sixteen rows a step, by accumulation where memory is short",
            },
        },
        {
            "up_to_billion": 1000,
            "name": "large",
            "r": 8,
            "lora_alpha": 16,
            "learning_rate": 0.0001,
            "batch": 16,
            "why": {
                "r": "a large model needs less of a change, and rank 8 halves the adapter's memory",
                "lora_alpha": "twice r scales the update by 2",
                "learning_rate": "half of what a 7B takes: large models move further by the same step",
                "batch": "sixteen rows a step, by accumulation",
            },
        },
    ],
    "epochs": [
        {
            "up_to_rows": 100,
            "epochs": 5,
            "why": "so few rows need several passes to be learnt; more are learnt by heart",
        },
        {"up_to_rows": 1000, "epochs": 3, "why": "three passes; stop when the validation loss turns up"},
        {"up_to_rows": 10000, "epochs": 2, "why": "two passes are usually enough for a thousand rows and more"},
        {
            "up_to_rows": 1000000000,
            "epochs": 1,
            "why": "one pass: more rows of the same kind bring more than a second pass",
        },
    ],
    "models": {
        "bundled:smollm2-135m-instruct": {
            "layers_to_transform": "from:10",
            "replay_fraction": 0.1,
            "replay_chats_per_row": 0.5,
            "why": {
                "layers_to_transform": "the upper 20 of 30: no gradient goes below, which saves time, and answers"
                " keep to their subject",
                "replay_fraction": "a passage of general text for every ten rows, against forgetting",
                "replay_chats": "general questions with this model's own answers, half as many as rows, so that it"
                " keeps answering them",
            },
        }
    },
    "otherwise": {
        "layers_to_transform": None,
        "replay_fraction": 0.0,
        "replay_chats_per_row": 0,
        "why": {
            "layers_to_transform": "all layers; from:N spares those below N",
            "replay_fraction": "general text for each row, against forgetting; try 0.1 when general text gets worse",
            "replay_chats": "general questions with the bundled model's answers; a larger model has nothing to learn"
            " from them",
        },
    },
    "methods": {
        "sft": {"learning_rate_factor": 1, "why": "the rates above are for supervised rows"},
        "dpo": {
            "learning_rate_factor": 0.1,
            "why": "a tenth: preferences move the whole answer's likelihood, and large steps break the text",
        },
        "grpo": {"learning_rate_factor": 0.1, "why": "a tenth: rewards are noisy, and a step cannot be taken back"},
    },
}


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


def recipe(parameters: float, rows: int, method: str = "sft", source: str = "") -> Recipe:
    """The recipe for a model and a set of rows.

    Args:
        parameters: of the model.
        rows: to train on.
        method: sft, dpo or grpo.
        source: ``model.source``, where the table has something to say about this very model.
    """
    size = next(one for one in TABLE["sizes"] if parameters <= one["up_to_billion"] * 1e9)
    passes = next(one for one in TABLE["epochs"] if rows <= one["up_to_rows"])
    way, own = TABLE["methods"][method], TABLE["models"].get(source, TABLE["otherwise"])
    why = {**size["why"], **own["why"], "num_train_epochs": passes["why"]}
    if way["learning_rate_factor"] != 1:
        why["learning_rate"] = way["why"]
    return Recipe(size["r"], size["lora_alpha"], size["learning_rate"] * way["learning_rate_factor"], passes["epochs"],
                  max(1, min(size["batch"], rows)), own["layers_to_transform"], own["replay_fraction"],
                  round(rows * own["replay_chats_per_row"]) if method == "sft" else 0, why)  # fmt: skip
