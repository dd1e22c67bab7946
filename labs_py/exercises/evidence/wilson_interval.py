"""Wilson's interval for a rate: Wilson 1927."""

from __future__ import annotations

import numpy as np

from labs_py.core.evidence import wilson
from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """A model answered `right` of `n` questions correctly. Return the two ends of Wilson's 95% interval of its rate.
It contains every rate p for which `right / n` is at most `1.959964` standard errors away from p. The standard error is
computed from p, not from `right / n`. So the interval never leaves the range from 0 to 1."""

STARTER = '''def wilson(right, n):
    """right and n whole numbers, n at least 1 -> low, high."""
    z = 1.959964
    raise NotImplementedError
'''

SOLUTION = """def wilson(right, n):
    z = 1.959964
    rate = right / n
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5 / shrink
    return centre - half, centre + half
"""

Z = 1.959964


def answer(right: int, n: int) -> tuple[float, float]:
    """The two ends of the interval."""
    return wilson(right, n, Z)


def cases(rng: np.random.Generator) -> list[Case]:
    """Small and large tests, all right and none right among them."""
    drawn: list[Case] = [(int(rng.integers(2, n - 2)), n) for n in (20, 100, 400)]
    few = int(rng.integers(6, 15))
    return [*drawn, (0, few), (few, few), (1, 1)]


def _parts(right: int, n: int, z: float = Z) -> tuple[float, float, float]:
    rate = right / n
    return rate, z * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5, 1 + z * z / n


def _wald(right: int, n: int, clip: bool = False) -> tuple[float, float]:
    rate = right / n
    half = Z * (rate * (1 - rate) / n) ** 0.5
    return (max(rate - half, 0.0), min(rate + half, 1.0)) if clip else (rate - half, rate + half)


def _around_rate(right: int, n: int) -> tuple[float, float]:
    rate, half, shrink = _parts(right, n)
    return rate - half / shrink, rate + half / shrink


def _not_shrunk(right: int, n: int) -> tuple[float, float]:
    rate, half, _ = _parts(right, n)
    centre = rate + Z * Z / (2 * n)
    return centre - half, centre + half


def _agresti(right: int, n: int) -> tuple[float, float]:
    rate = (right + Z * Z / 2) / (n + Z * Z)
    half = Z * (rate * (1 - rate) / (n + Z * Z)) ** 0.5
    return rate - half, rate + half


TRAPS = (
    Trap("textbook", "That is the textbook's interval, with the standard error of the measured rate. When all answers "
         "are right it has no width, as if nothing were uncertain.", _wald),
    Trap("textbook", "That is the textbook's interval, cut off at its ends. When all answers are right it has no "
         "width, as if nothing were uncertain.", lambda right, n: _wald(right, n, clip=True)),
    Trap("ninety", "The width is that of a 90% interval.", lambda right, n: wilson(right, n, 1.6448536)),
    Trap("one-sigma", "The interval reaches one standard error to each side: that covers about two thirds.",
         lambda right, n: wilson(right, n, 1.0)),
    Trap("around-rate", "The width is right, and the interval stands around the measured rate. Its middle is drawn "
         "towards one half.", _around_rate),
    Trap("not-shrunk", "The division at the end is missing: middle and half-width are both divided by the same number, "
         "a little above one.", _not_shrunk),
    Trap("agresti-coull", "That is the interval of Agresti and Coull. It has the same middle and is a little wider.",
         _agresti),
    Trap("percent", "You return per cent. A rate lies between 0 and 1.",
         lambda right, n: tuple(100 * end for end in wilson(right, n, Z))),
    Trap("swapped", "The two ends are in the wrong order.", lambda right, n: wilson(right, n, Z)[::-1]),
)  # fmt: skip

EXERCISE = Exercise(
    name="wilson-interval",
    title="Wilson's interval",
    task=TASK,
    starter=STARTER,
    function="wilson",
    solution=SOLUTION,
    hints=(
        "Write the condition for an end `p` of the interval: the squared distance of `p` from the measured rate equals "
        "`z * z * p * (1 - p) / n`.",
        "That is a quadratic equation in `p`, and its two solutions are the two ends.",
        "Sort it by powers of `p`: the middle is the measured rate plus `z * z / (2 * n)`, over `1 + z * z / n`. The "
        "root gives the half-width over the same number.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
