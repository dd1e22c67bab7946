"""Rounding to NF4: Dettmers et al. 2023 (arXiv 2305.14314), section 3."""

from __future__ import annotations

import numpy as np

from labs_py.core.quantize import NF4_LEVELS, nf4
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Round weights to NF4 and bring them back. Each row of `blocks` is one block with a scale of its own, its
largest magnitude. `levels` holds the sixteen levels, from -1 to 1. Return the weights as they are after storing: each
the nearest level, times its block's scale. A block may be all zero."""

STARTER = '''import numpy as np

def store_in_nf4(blocks, levels):
    """blocks (G, n) weights, levels (16,) rising -> (G, n) weights after rounding."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def store_in_nf4(blocks, levels):
    scale = np.abs(blocks).max(axis=1, keepdims=True)
    scale = np.where(scale == 0, 1, scale)
    distance = np.abs((blocks / scale)[:, :, None] - levels)
    return levels[distance.argmin(axis=2)] * scale
"""


def answer(blocks: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The weights after rounding, (G, n)."""
    return nf4(blocks).restored


def cases(rng: np.random.Generator) -> list[Case]:
    """Blocks of one size, blocks of sizes far apart, one whose largest magnitude is negative, and a zero block."""
    plain = rng.normal(size=(3, 16))
    uneven = rng.normal(size=(4, 12)) * np.array([[1.0], [0.01], [30.0], [0.3]])
    negative = -np.abs(rng.normal(size=(2, 10)))
    negative[:, :3] *= -0.3
    zero = rng.normal(size=(3, 8))
    zero[1] = 0.0
    return [(one, NF4_LEVELS.copy()) for one in (plain, uneven, negative, zero)]


def _scale(blocks: np.ndarray, kind: str) -> np.ndarray:
    of = {"block": np.abs(blocks).max(axis=1, keepdims=True), "signed": blocks.max(axis=1, keepdims=True),
          "tensor": np.full((len(blocks), 1), np.abs(blocks).max()),
          "column": np.abs(blocks).max(axis=0, keepdims=True)}  # fmt: skip
    return np.where(of[kind] == 0, 1, of[kind])


def _nearest(normal: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.abs(normal[..., None] - levels).argmin(-1)


def _rounded(kind: str = "block", code: Answer = _nearest, back: bool = True) -> Answer:
    def store(blocks: np.ndarray, levels: np.ndarray) -> np.ndarray:
        scale = _scale(blocks, kind)
        out = levels[code(blocks / scale, levels)]
        return out * scale if back else out

    return store


def _below(normal: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(levels, normal, side="right") - 1, 0, len(levels) - 1)


def _above(normal: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(levels, normal), 0, len(levels) - 1)


def _even(normal: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint((normal + 1) / 2 * 15).astype(int), 0, 15)


TRAPS = (
    Trap("tensor-scale", "All blocks share one scale in your code. One outlier would then spoil every block, which is "
         "what blocks are for.", _rounded("tensor")),
    Trap("signed-scale", "You take the largest number for the largest magnitude. In some block the largest magnitude "
         "is negative.", _rounded("signed")),
    Trap("column-scale", "You take the scale along the wrong axis: a block is one row.", _rounded("column")),
    Trap("level-below", "You take the level below, and not the nearest: every weight would shrink towards minus one.",
         _rounded(code=_below)),
    Trap("level-above", "You take the level above, and not the nearest.", _rounded(code=_above)),
    Trap("even-grid", "You look for the place as if the levels were evenly spaced. They are closer together around "
         "zero.", _rounded(code=_even)),
    Trap("not-scaled-back", "The levels are there, and not yet weights: the block's scale has to come back.",
         _rounded(back=False)),
    Trap("codes", "You return the numbers of the levels. Asked for are the weights that they stand for.",
         lambda blocks, levels: _nearest(blocks / _scale(blocks, "block"), levels)),
)  # fmt: skip

EXERCISE = Exercise(
    name="nf4-rounding",
    title="Rounding to NF4",
    task=TASK,
    starter=STARTER,
    function="store_in_nf4",
    solution=SOLUTION,
    hints=(
        "Bring each block to the range from minus one to one: its own largest magnitude becomes one.",
        "Compare every weight with all sixteen levels at once by a new last axis, and take the one at the smallest "
        "distance.",
        "Multiply by the block's scale again. For a block of zeros take one as the scale.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"not-finite": "Some weights are nan. Look at the block that is all zero: what is its scale?"},
)
