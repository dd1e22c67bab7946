"""How many numbers an adapter trains: Hu et al. 2021 (arXiv 2106.09685), section 4.2."""

from __future__ import annotations

import numpy as np

from labs_py.core.adapter_size import Linear, adapter_parameters
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Count the trained numbers of a LoRA adapter. `linears` lists the linear layers of one block that get an
adapter, each as `(d_in, d_out)`. All blocks are alike."""

STARTER = '''def adapter_parameters(linears, blocks, rank):
    """linears [(d_in, d_out), ...] of one block, blocks and rank whole numbers -> a whole number."""
    raise NotImplementedError
'''

SOLUTION = """def adapter_parameters(linears, blocks, rank):
    return blocks * sum(rank * (d_in + d_out) for d_in, d_out in linears)
"""

Linears = list[tuple[int, int]]


def answer(linears: Linears, blocks: int, rank: int) -> int:
    """Trained numbers of the whole adapter."""
    return blocks * sum(adapter_parameters(Linear((), d_in, d_out), rank) for d_in, d_out in linears)


def cases(rng: np.random.Generator) -> list[Case]:
    """Blocks as in small decoders: square layers, narrow keys and values, wide inner layers."""
    drawn = []
    for _ in range(4):
        width, inner = int(64 * rng.integers(4, 12)), int(64 * rng.integers(14, 30))
        narrow = width // int(rng.integers(2, 4))
        linears = [(width, width), (width, narrow), (width, inner), (inner, width)]
        drawn.append((linears, int(rng.integers(6, 40)), int(2 ** rng.integers(1, 7))))
    return drawn


def _summed(each: Answer, blocks_count: bool = True):
    """A count in which one layer has ``each(d_in, d_out, rank)`` numbers."""

    def count(linears: Linears, blocks: int, rank: int) -> int:
        return (blocks if blocks_count else 1) * sum(each(d_in, d_out, rank) for d_in, d_out in linears)

    return count


TRAPS = (
    Trap("one-block", "That is one block's adapter. Every block has one of its own.",
         _summed(lambda i, o, r: r * (i + o), blocks_count=False)),
    Trap("full", "You count the frozen weights. The adapter's two factors are much smaller.",
         _summed(lambda i, o, r: i * o)),
    Trap("rank-times-full", "You multiply the rank by the size of the whole matrix. Write down the shapes of the two "
         "factors first.", _summed(lambda i, o, r: r * i * o)),
    Trap("square", "You take every layer for a square one. Keys, values and inner layers are not square.",
         _summed(lambda i, o, r: 2 * r * i)),
    Trap("square", "You take every layer for a square one. Keys, values and inner layers are not square.",
         _summed(lambda i, o, r: 2 * r * o)),
    Trap("one-factor", "One of the two factors is missing.", _summed(lambda i, o, r: r * i)),
    Trap("one-factor", "One of the two factors is missing.", _summed(lambda i, o, r: r * o)),
    Trap("with-base", "You add the frozen weights. They are in memory, and they are not trained.",
         _summed(lambda i, o, r: i * o + r * (i + o))),
)  # fmt: skip

EXERCISE = Exercise(
    name="adapter-count",
    title="Count an adapter",
    task=TASK,
    starter=STARTER,
    function="adapter_parameters",
    solution=SOLUTION,
    hints=(
        "Take one layer and write down the shapes of its two factors.",
        "A matrix has as many numbers as its sides multiplied. Both factors share one side, the rank.",
        "Sum over the layers of a block, and let every block count.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
