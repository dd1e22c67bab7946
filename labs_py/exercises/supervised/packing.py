"""Packed rows that do not see each other: which place may look at which, and where each one counts itself."""

from __future__ import annotations

import numpy as np

from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Several training rows are packed one behind the other into one long row of `width` tokens; what is left at
the end is padding. Return the attention mask and the positions. `mask[i, j]` is 1 where token `i` may look at token
`j`: at itself and at earlier tokens of its own row, and nowhere else. Positions begin anew at 0 in each row. For
padding both are 0."""

STARTER = '''import numpy as np

def pack(lengths, width):
    """lengths of the rows, whose sum is at most width -> mask (width, width) of 0 and 1, positions (width,)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def pack(lengths, width):
    mask, positions = np.zeros((width, width)), np.zeros(width)
    start = 0
    for length in lengths:
        end = start + length
        mask[start:end, start:end] = np.tril(np.ones((length, length)))
        positions[start:end] = np.arange(length)
        start = end
    return mask, positions
"""

Two = tuple[np.ndarray, np.ndarray]


def packed(lengths: list[int], width: int, causal: bool = True, apart: bool = True, itself: bool = True,
           anew: bool = True, from_one: bool = False, padding: bool = False) -> Two:  # fmt: skip
    """Mask and positions, or those of a misreading: rows see later tokens, or each other, or not themselves; positions
    run on, or count from one; padding looks at things."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    used = len(row)
    own = np.full(width, -1)
    own[:used] = row
    place = np.arange(width)
    mask = np.ones((width, width), bool)
    if causal:
        mask &= place[:, None] >= place if itself else place[:, None] > place
    if apart:
        mask &= own[:, None] == own
    if not padding:
        mask &= (own >= 0)[:, None] & (own >= 0)
    starts = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    positions = np.zeros(width)
    positions[:used] = place[:used] - (starts if anew else 0) + from_one
    return mask.astype(float), positions


def answer(lengths: list[int], width: int) -> Two:
    """Mask and positions."""
    return packed(lengths, width)


def cases(rng: np.random.Generator) -> list[Case]:
    """Rows that fill the width and rows that do not, a row of one token, a single row."""
    drawn: list[Case] = []
    for count, spare in ((3, 0), (4, 3), (1, 2)):
        lengths = [int(n) for n in rng.integers(2, 6, count)]
        drawn.append((lengths, sum(lengths) + spare))
    return [*drawn, ([3, 1, 2], 8)]


TRAPS = (
    Trap("rows-mixed", "A row sees the rows before it: its answer would be learnt from another row's text.",
         lambda lengths, width: packed(lengths, width, apart=False)),
    Trap("rows-mixed", "A row sees the rows before it: its answer would be learnt from another row's text.",
         lambda lengths, width: packed(lengths, width, apart=False, anew=False)),
    Trap("not-causal", "A token sees later tokens of its row, so also the one that it has to predict.",
         lambda lengths, width: packed(lengths, width, causal=False)),
    Trap("not-itself", "A token does not see itself. The first token of a row would then see nothing at all.",
         lambda lengths, width: packed(lengths, width, itself=False)),
    Trap("positions-run-on", "The positions run on from row to row. Each row would look as if it stood far back in a "
         "long text.", lambda lengths, width: packed(lengths, width, anew=False)),
    Trap("positions-from-one", "The positions begin at 1.",
         lambda lengths, width: packed(lengths, width, from_one=True)),
    Trap("padding-looks", "The padding is treated as a row of its own. It should be 0 throughout.",
         lambda lengths, width: packed(lengths, width, padding=True)),
    Trap("padding-looks", "The padding takes part. It should be 0 throughout.",
         lambda lengths, width: packed(lengths, width, apart=False, padding=True, anew=False)),
    Trap("transposed", "Rows and columns have changed places: the first index is the token that looks.",
         lambda lengths, width: (packed(lengths, width)[0].T, packed(lengths, width)[1])),
)  # fmt: skip

EXERCISE = Exercise(
    name="packing",
    title="The mask of packed rows",
    task=TASK,
    starter=STARTER,
    function="pack",
    solution=SOLUTION,
    hints=(
        "Begin with zeros everywhere. Each row of the pack then fills one square of the mask, on its diagonal.",
        "Within its square a row looks back only: that is the lower triangle, with the diagonal. `np.tril` makes it.",
        "Keep the place where the next row begins, and count the positions from there.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
