"""A learning rate that warms up and then falls along a cosine: Loshchilov and Hutter 2016 (arXiv 1608.03983)."""

from __future__ import annotations

import math

import numpy as np

from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Write a learning-rate schedule. Steps count from 0. For the first `warmup` steps the rate rises in a straight
line, from 0 at step 0 to `peak` at step `warmup`. From there it falls along half a cosine, to 0 at step `steps`. Return
the rate at `step`. `warmup` may be 0."""

STARTER = '''import math

def learning_rate(step, steps, warmup, peak):
    """step, steps and warmup whole numbers, warmup < steps, peak a number -> a number."""
    raise NotImplementedError
'''

SOLUTION = """import math

def learning_rate(step, steps, warmup, peak):
    if step < warmup:
        return peak * step / warmup
    done = (step - warmup) / (steps - warmup)
    return peak * (1 + math.cos(math.pi * done)) / 2
"""


def answer(step: int, steps: int, warmup: int, peak: float) -> float:
    """The rate at a step."""
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


def cases(rng: np.random.Generator) -> list[Case]:
    """Steps within the warm-up and after it, its two ends, the last step, and a run without a warm-up."""
    steps, warmup, peak = int(rng.integers(80, 200)), int(rng.integers(8, 30)), float(rng.uniform(1e-4, 2e-3))
    places = (0, warmup // 2, warmup, int(rng.integers(warmup + 3, steps - 3)), steps - 1, steps)
    return [*((place, steps, warmup, peak) for place in places), (0, steps, 0, peak), (steps // 3, steps, 0, peak)]


def _cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def _schedule(rise: Answer, fall: Answer) -> Answer:
    def rate(step: int, steps: int, warmup: int, peak: float) -> float:
        return peak * (rise(step, warmup) if step < warmup else fall(step, steps, warmup))

    return rate


def _line(step: int, warmup: int) -> float:
    return step / warmup


TRAPS = (
    Trap("decay-from-zero", "The cosine runs over the whole run in your code, so the rate drops when the warm-up "
         "ends. It starts where the warm-up stops.", _schedule(_line, lambda s, n, w: _cosine(s / n))),
    Trap("decay-too-long", "The cosine does not reach zero at the last step: the time that is left is shorter by the "
         "warm-up.", _schedule(_line, lambda s, n, w: _cosine((s - w) / n))),
    Trap("straight-fall", "The rate falls in a straight line. Half a cosine is asked for.",
         _schedule(_line, lambda s, n, w: (n - s) / (n - w))),
    Trap("whole-cosine", "You take a whole wave: the rate would fall and rise again.",
         _schedule(_line, lambda s, n, w: (1 + math.cos(2 * math.pi * (s - w) / (n - w))) / 2)),
    Trap("quarter-cosine", "That is a quarter of a cosine wave, which falls fastest at the end.",
         _schedule(_line, lambda s, n, w: math.cos(math.pi / 2 * (s - w) / (n - w)))),
    Trap("one-off", "The warm-up is one step early: at step 0 the rate is 0, and the peak comes at step `warmup`.",
         _schedule(lambda s, w: (s + 1) / w, lambda s, n, w: _cosine((s - w) / (n - w)))),
    Trap("no-fall", "After the warm-up the rate stays at its peak.", _schedule(_line, lambda s, n, w: 1.0)),
    Trap("no-warm-up", "The warm-up is missing.", lambda s, n, w, p: p * _cosine(max(s - w, 0) / (n - w))),
    Trap("no-warm-up", "The warm-up is missing.", lambda s, n, w, p: p * _cosine(s / n)),
)  # fmt: skip

EXERCISE = Exercise(
    name="warm-up",
    title="A learning rate with warm-up",
    task=TASK,
    starter=STARTER,
    function="learning_rate",
    solution=SOLUTION,
    hints=(
        "There are two cases, and the first one does not occur when `warmup` is 0.",
        "In the second case, work out first which share of the time after the warm-up is over: 0 at its start, 1 at "
        "the last step.",
        "The cosine falls from 1 to -1 between 0 and pi. Bring that to the range from 1 to 0.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={
        "raised": "Your function raises an error in some case. Look at a run without a warm-up: do you divide by it?"
    },
)
