"""MinHash: Broder 1997, "On the resemblance and containment of documents"."""

from __future__ import annotations

import numpy as np

from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Estimate how alike two sets are, without comparing all of their members. `scale` and `shift` give a hash
function for each place: the hash of `x` is the upper half of `x * scale + shift`, that is `(x * scale + shift) >> 32`
in 64-bit arithmetic that overflows (numpy's `uint64` does). The signature of a set has in each place the smallest hash
of its members. Return the share of the places in which the two signatures agree."""

STARTER = '''import numpy as np

def likeness(first, second, scale, shift):
    """first (n,) and second (m,) members, scale and shift (places,), all uint64 -> a number from 0 to 1."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def signature(members, scale, shift):
    hashes = (members[:, None] * scale + shift) >> np.uint64(32)
    return hashes.min(axis=0)

def likeness(first, second, scale, shift):
    return (signature(first, scale, shift) == signature(second, scale, shift)).mean()
"""

BITS = np.uint64(32)


def hashes(members: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Each member's hash in each place, (n, places)."""
    return (members[:, None] * scale + shift) >> BITS


def answer(first: np.ndarray, second: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> float:
    """Share of places with equal minima."""
    one, other = (hashes(members, scale, shift).min(axis=0) for members in (first, second))
    return float((one == other).mean())


def cases(rng: np.random.Generator) -> list[Case]:
    """Sets that share much, little, and nothing, of unequal sizes."""
    drawn = []
    for shared, left, right in ((12, 4, 3), (6, 10, 8), (8, 0, 9), (0, 7, 7)):
        members = rng.integers(1, 1 << 32, shared + left + right, dtype=np.uint64)
        scale, shift = (rng.integers(0, 1 << 64, 48, dtype=np.uint64) for _ in range(2))
        both = members[:shared]
        first, second = (
            np.concatenate([both, members[shared : shared + left]]),
            np.concatenate([members[shared + left :], both]),
        )
        drawn.append((first, second, scale, shift))
    return drawn


def _jaccard(first: np.ndarray, second: np.ndarray) -> float:
    one, other = set(first.tolist()), set(second.tolist())
    return len(one & other) / len(one | other)


def _by(reduce: Answer, compare: Answer = lambda one, other: (one == other).mean()) -> Answer:
    return lambda first, second, scale, shift: float(
        compare(*(reduce(hashes(members, scale, shift)) for members in (first, second)))
    )


def _as_sets(one: np.ndarray, other: np.ndarray) -> float:
    return _jaccard(one, other)


def _low_half(first: np.ndarray, second: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> float:
    one, other = (((m[:, None] * scale + shift) & np.uint64(0xFFFFFFFF)).min(axis=0) for m in (first, second))
    return float((one == other).mean())


TRAPS = (
    Trap("exact", "That is the true likeness, found by comparing all members. The estimate from signatures is asked "
         "for: it is what stays cheap when there are a million sets.", lambda a, b, s, t: _jaccard(a, b)),
    Trap("as-sets", "You compare the signatures as sets. They have to agree in the same place, where both were made by "
         "the same hash function.", _by(lambda table: table.min(axis=0), _as_sets)),
    Trap("largest", "You take the largest hash. That would estimate as well; asked for is the smallest.",
         _by(lambda table: table.max(axis=0))),
    Trap("one-function", "You use one hash function only. One place says yes or no; many together make a share.",
         lambda a, b, s, t: answer(a, b, s[:1], t[:1])),
    Trap("no-shift-right", "The upper half is asked for: the lowest bits of such a product are hardly mixed.",
         _low_half),
    Trap("count", "You return how many places agree, and not their share.",
         lambda a, b, s, t: len(s) * answer(a, b, s, t)),
    Trap("first-member", "You take the hash of the first member. A set has no order, and the signature must not have "
         "one.", _by(lambda table: table[0])),
)  # fmt: skip

EXERCISE = Exercise(
    name="minhash",
    title="MinHash",
    task=TASK,
    starter=STARTER,
    function="likeness",
    solution=SOLUTION,
    hints=(
        "A table of hashes has a row for each member and a column for each place: `members[:, None] * scale`.",
        "The signature is the smallest entry of each column.",
        "Compare the two signatures place by place; the mean of a comparison is a share.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
