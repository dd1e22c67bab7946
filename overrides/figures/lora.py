"""Figures of the article on LoRA and QLoRA."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Matrix, matrices
from overrides.figures.kit.figure import Figure, Table, figure
from overrides.figures.kit.sources import computed, from_fact


@figure
def thin_matrices() -> Figure:
    """W beside B and A, to scale: one square matrix of width 4096 and rank 64."""
    width, rank = 4096, 64
    whole = int(computed("matrix_parameters", rows=width, columns=width))
    thin = int(computed("low_rank_parameters", rows=width, columns=width, rank=rank))
    share = computed("low_rank_share", rows=width, columns=width, rank=rank)
    return Figure(
        title="A frozen matrix beside its adapter, to scale",
        caption=f"W stays as it is. Training moves B and A alone: {share:.1%} as many numbers as W has. Their product "
        f"has the shape of W, and its rank is at most {rank}.",
        summary=f"A large square W of {width} by {width}, plus a thin upright B of {width} by {rank} times a thin "
        f"level A of {rank} by {width}. B and A together hold {thin:,} numbers, W holds {whole:,}.",
        drawing=matrices([Matrix("W", width, width, "soft", "frozen"), "+", Matrix("B", width, rank, "c2", "trained"),
                          "×", Matrix("A", rank, width, "c2", "trained")]),
        table=Table(
            ("matrix", "rows", "columns", "numbers", "trained"),
            (("W", width, width, whole, "no"), ("B", width, rank, width * rank, "yes"),
             ("A", rank, width, rank * width, "yes")),
        ),
        sources=(from_fact("matrix_parameters", rows=width, columns=width),
                 from_fact("low_rank_parameters", rows=width, columns=width, rank=rank)),
    )  # fmt: skip
