"""Figures of the rung on RLHF, DPO and GRPO: what each method holds in memory."""

from __future__ import annotations

from overrides.figures.kit.diagrams import part_legend, stacked
from overrides.figures.kit.figure import Figure, Table, figure
from overrides.figures.kit.sources import computed, from_fact

PARAMETERS = 7_000_000_000
GB = 1e9
PARTS = ("model in training", "critic in training", "frozen reference", "frozen reward model")
# For each method: which of the four it holds.
HOLDS = {
    "PPO": (1, 1, 1, 1),
    "DPO": (1, 0, 1, 0),
    "GRPO, KL penalty": (1, 0, 1, 0),
    "GRPO": (1, 0, 0, 0),
}


@figure
def models_needed() -> Figure:
    """Memory of the models that each method holds, 7B each, in full fine-tuning."""
    trained = computed("models_bytes", parameters=PARAMETERS, trained=1, frozen=0) / GB
    frozen = computed("models_bytes", parameters=PARAMETERS, trained=0, frozen=1) / GB
    each = (trained, trained, frozen, frozen)
    rows = [(name, [size * held for size, held in zip(each, holds, strict=True)]) for name, holds in HOLDS.items()]
    sums = {name: sum(sizes) for name, sizes in rows}
    return Figure(
        title="The models that each method holds",
        caption="Memory of 7B models in full fine-tuning, before activations. PPO trains two models and only reads two "
        "frozen ones. DPO reads the frozen reference; GRPO reads it only where there is a KL penalty. A program that "
        "checks answers takes the reward model's place and needs no memory to speak of.",
        summary="Stacked bars in gigabytes: " + ", ".join(f"{name} {total:,.0f}" for name, total in sums.items())
        + f". A model in training takes {trained:,.0f}, a frozen one {frozen:,.0f}.",
        drawing=stacked(rows, PARTS, "GB", 0),
        legend=part_legend(PARTS),
        table=Table(("method", *(f"{part}, GB" for part in PARTS), "sum, GB"),
                    [(name, *sizes, sums[name]) for name, sizes in rows]),
        sources=(from_fact("models_bytes", parameters=PARAMETERS, trained=2, frozen=2),),
    )  # fmt: skip
