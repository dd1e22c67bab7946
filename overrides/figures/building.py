"""Figures of Build 12: a layer of the tiny GPT with its adapter, what was learnt and what was forgotten."""

from __future__ import annotations

from labs_py.core import tiny_gpt
from overrides.figures.kit.diagrams import Matrix, matrices
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import computed, from_code, from_fact, record

RUN, RANK = "tiny-gpt-lora", 4
LAYER = "layers.0.up"
SOURCE = f"recorded run {RUN} (python -m training.site_records.lora_record)"
VARIANTS = {
    "rank1": "rank 1", "rank4": "rank 4", "rank16": "rank 16", "all": "all weights",
    "rank4_gently": "rank 4, gently", "rank16_gently": "rank 16, gently", "all_gently": "all weights, gently",
}  # fmt: skip


@figure
def tiny_layer() -> Figure:
    """The first layer of the MLP beside its adapter, to scale."""
    rows, columns = tiny_gpt.linear_sizes(tiny_gpt.Shape())[LAYER]
    whole = int(computed("matrix_parameters", rows=rows, columns=columns))
    thin = int(computed("low_rank_parameters", rows=rows, columns=columns, rank=RANK))
    return Figure(
        title="A layer of the tiny GPT and its adapter, to scale",
        caption=f"The first layer of the MLP, with rank {RANK}. A and B hold {thin:,} numbers, W holds {whole:,}. In "
        "so small a model the adapter is not tiny.",
        summary=f"W with {rows} rows and {columns} columns, plus a thin upright B of {rows} by {RANK} times a thin "
        f"level A of {RANK} by {columns}.",
        drawing=matrices([Matrix("W", rows, columns, "soft", "frozen"), "+", Matrix("B", rows, RANK, "c2", "trained"),
                          "×", Matrix("A", RANK, columns, "c2", "trained")]),
        table=Table(("matrix", "rows", "columns", "numbers", "trained"),
                    (("W", rows, columns, whole, "no"), ("B", rows, RANK, rows * RANK, "yes"),
                     ("A", RANK, columns, RANK * columns, "yes"))),
        sources=(from_fact("low_rank_parameters", rows=rows, columns=columns, rank=RANK),
                 from_code("labs_py.core.tiny_gpt:linear_sizes")),
    )  # fmt: skip


def _found(names: tuple[str, ...]) -> list[dict]:
    return [record(RUN)["arms"][name] for name in names]


@figure
def tiny_gpt_learnt() -> Figure:
    """Held-out stories answered exactly, by what was trained."""
    found = _found(("base", *VARIANTS))
    rates = [100 * one["exact"]["value"] for one in found]
    low, high = ([100 * one["exact"]["ci95"][end] for one in found] for end in (0, 1))
    words = ["base", *VARIANTS.values()]
    return Figure(
        title="What was learnt: stories answered word for word",
        caption=f"Means of three seeds; intervals over the stories. The base answers none, and its interval (Wilson's) "
        f"ends at {high[0]:.1f}%: from {found[0]['exact']['n']} stories nobody can tell a rate below that from none.",
        summary="Rows of dots with intervals: "
        + ", ".join(f"{word} {rate:.0f}%" for word, rate in zip(words, rates, strict=True)) + ".",
        drawing=Chart("rows", [Series("exact answers", rates, role="dots", low=low, high=high)], "exact answers, %",
                      "trained", words=words),
        sources=(SOURCE,),
    )  # fmt: skip


@figure
def tiny_gpt_forgotten() -> Figure:
    """Loss on held-out old stories, by what was trained."""
    found = _found(("base", *VARIANTS))
    seeds = [one["by_seed"]["old_loss"] for one in found]
    words = ["base", *VARIANTS.values()]
    means = [one["old_loss"] for one in found]
    lows, highs = ([end(each) if len(each) > 1 else None for each in seeds] for end in (min, max))
    return Figure(
        title="What was forgotten: loss on the old stories",
        caption="Right is worse; the axis is logarithmic. Dots are means of three seeds, whiskers the lowest and the "
        "highest seed. Gently trained, rank 16 keeps the stories better than all weights do.",
        summary="Rows of dots: "
        + ", ".join(f"{word} {mean:.2f}" for word, mean in zip(words, means, strict=True)) + " nats a token.",
        drawing=Chart("rows", [Series("loss on old stories", means, role="dots", low=lows, high=highs)],
                      "loss, nats a token", "trained", words=words, x_log=True),
        sources=(SOURCE,),
    )  # fmt: skip
