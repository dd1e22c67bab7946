"""Which checkpoint to keep, and when to stop: early stopping on held-out loss."""

from __future__ import annotations

import numpy as np

from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """A run is evaluated after each epoch. Return the place of the checkpoint to keep and the place of the last
epoch that should be run. The held-out loss has improved when it is lower than the best so far by more than `least`. The
run stops after `patience` epochs in a row without an improvement; if that never happens, all epochs are
run. Keep the checkpoint of the last improvement."""

STARTER = '''def keep_and_stop(losses, patience, least):
    """losses (epochs,) held-out, the first is an improvement -> place to keep, place of the last epoch."""
    raise NotImplementedError
'''

SOLUTION = """def keep_and_stop(losses, patience, least):
    best, keep = losses[0], 0
    for place, loss in enumerate(losses):
        if loss < best - least:
            best, keep = loss, place
        elif place - keep >= patience:
            return keep, place
    return keep, len(losses) - 1
"""

Two = tuple[int, int]


def stopped(losses: np.ndarray, patience: int, least: float, late: int = 0, previous: bool = False,
            total: bool = False) -> Two:  # fmt: skip
    """Keep and stop, or a misreading: later by ``late``, compared with the epoch before, or waits counted in total."""
    best, keep, waited = losses[0], 0, 0
    for place in range(1, len(losses)):
        if losses[place] < best - least:
            best, keep, waited = losses[place], place, waited if total else 0
        else:
            waited += 1
            if previous:
                best = losses[place]
            if waited >= patience + late:
                return keep, place
    return keep, len(losses) - 1


def answer(losses: np.ndarray, patience: int, least: float) -> Two:
    """The place to keep, and that of the last epoch."""
    return stopped(losses, patience, least)


def cases(rng: np.random.Generator) -> list[Case]:
    """Runs that overfit, that have a bump, that never stop, that improve too little."""
    noise = lambda n: rng.uniform(0, 0.004, n)  # noqa: E731
    falls = np.linspace(2.0, 1.0, 6)
    overfits = np.concatenate([falls, 1.0 + 0.05 * np.arange(1, 7)]) + noise(12)
    bumps = np.array([2.0, 1.6, 1.65, 1.62, 1.2, 1.25, 1.1, 1.15, 1.2, 1.25, 0.9]) + noise(11)
    steady = np.linspace(2.0, 0.8, int(rng.integers(6, 10)))
    creeps = np.concatenate([[2.0, 1.5], 1.5 - 0.002 * np.arange(1, 7), [1.2]])
    uneven = np.array([2.0, 1.5, 1.7, 1.55, 1.6, 1.52, 1.4]) + noise(7)
    return [(overfits, 2, 0.01), (bumps, 3, 0.01), (steady, 2, 0.01), (creeps, 3, 0.01), (uneven, 3, 0.01)]


TRAPS = (
    Trap("keeps-last", "You keep the last checkpoint. It is the one after which the run had stopped improving.",
         lambda losses, patience, least: (stopped(losses, patience, least)[1],) * 2),
    Trap("looks-ahead", "You take the lowest of all losses. When the run stops, the later ones do not exist.",
         lambda losses, patience, least: (int(np.argmin(losses)), stopped(losses, patience, least)[1])),
    Trap("any-gain", "Every lower loss counts as an improvement in your code. It has to be lower by more than `least`.",
         lambda losses, patience, least: stopped(losses, patience, 0.0)),
    Trap("one-late", "You stop one epoch too late: after `patience` epochs without an improvement it is over.",
         lambda losses, patience, least: stopped(losses, patience, least, late=1)),
    Trap("one-early", "You stop one epoch too early.",
         lambda losses, patience, least: stopped(losses, patience, least, late=-1)),
    Trap("previous", "You compare with the epoch before. A loss that has risen and falls again is not yet better than "
         "the best so far.", lambda losses, patience, least: stopped(losses, patience, least, previous=True)),
    Trap("total", "You count all epochs without an improvement. Each improvement starts the count anew.",
         lambda losses, patience, least: stopped(losses, patience, least, total=True)),
    Trap("never-stops", "You keep the right kind of checkpoint, and the run never stops.",
         lambda losses, patience, least: (int(np.argmin(losses)), len(losses) - 1)),
)  # fmt: skip

EXERCISE = Exercise(
    name="best-checkpoint",
    title="Keep the best checkpoint",
    task=TASK,
    starter=STARTER,
    function="keep_and_stop",
    solution=SOLUTION,
    hints=(
        "Walk through the losses once, and remember two things: the best loss so far and its place.",
        "The number of epochs without an improvement is the distance from that place.",
        "Ask for an improvement first, and only otherwise whether it is time to stop.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
