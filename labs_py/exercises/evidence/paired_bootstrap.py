"""A paired bootstrap interval: Efron and Tibshirani 1993, chapter 13 (the percentile interval)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Two models were scored on the same items. Return the mean gain of `after` over `before`, and the ends of its
95% percentile interval from a paired bootstrap. `picks` holds the resamples, already drawn: each row names the items of
one resample."""

STARTER = '''import numpy as np

def paired_interval(after, before, picks):
    """after and before (n,) scores, picks (draws, n) places of items -> mean, low, high."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def paired_interval(after, before, picks):
    gain = after - before
    means = gain[picks].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return gain.mean(), low, high
"""

Three = tuple[float, float, float]
Ends = Callable[[np.ndarray], tuple[float, float]]


def answer(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
    """Mean, lower and upper end."""
    gain = after - before
    low, high = np.quantile(gain[picks].mean(axis=1), [0.025, 0.975])
    return float(gain.mean()), float(low), float(high)


def cases(rng: np.random.Generator) -> list[Case]:
    """Items of uneven difficulty, with gains that are small beside it; and answers that are right or wrong."""
    drawn = []
    for n in (12, 25, 40):
        before = rng.uniform(0, 1, n)
        after = before + rng.normal(0.05, 0.1, n) if n < 40 else rng.integers(0, 2, n).astype(float)
        drawn.append((after, before if n < 40 else rng.integers(0, 2, n).astype(float), rng.integers(0, n, (200, n))))
    return drawn


def _ends(means: np.ndarray, low: float = 0.025, high: float = 0.975) -> tuple[float, float]:
    return tuple(np.quantile(means, [low, high]))  # type: ignore[return-value]


def _of_means(ends: Ends = _ends, centre: Answer = lambda gain, means: gain.mean()) -> Answer:
    def interval(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
        gain = after - before
        means = gain[picks].mean(axis=1)
        return (float(centre(gain, means)), *ends(means))

    return interval


def _fixed_before(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
    return (float((after - before).mean()), *_ends(after[picks].mean(axis=1) - before.mean()))


def _far_ends(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
    a, b = _ends(after[picks].mean(axis=1)), _ends(before[picks].mean(axis=1))
    return float((after - before).mean()), a[0] - b[1], a[1] - b[0]


def _near_ends(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
    a, b = _ends(after[picks].mean(axis=1)), _ends(before[picks].mean(axis=1))
    return float((after - before).mean()), a[0] - b[0], a[1] - b[1]


def _of_items(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
    return (float((after - before).mean()), *_ends(after - before))


def _normal(means_of: Answer, z: float = 1.959964) -> Answer:
    def interval(after: np.ndarray, before: np.ndarray, picks: np.ndarray) -> Three:
        gain = after - before
        half = z * means_of(gain, picks)
        return float(gain.mean()), float(gain.mean() - half), float(gain.mean() + half)

    return interval


TRAPS = (
    Trap("unpaired", "Only `after` is drawn again. Pairing means that an item comes with both of its scores.",
         _fixed_before),
    Trap("separate-intervals", "You make an interval for each model and combine the two. How hard an item is then "
         "counts as noise, which pairing removes.", _far_ends),
    Trap("separate-intervals", "You make an interval for each model and subtract their ends. The gain needs an "
         "interval of its own.", _near_ends),
    Trap("of-items", "Those are the ends of the single gains. Asked for is how far the *mean* moves from resample to "
         "resample.", _of_items),
    Trap("ninety", "That is a 90% interval: five per cent are left out at each end.",
         _of_means(lambda means: _ends(means, 0.05, 0.95))),
    Trap("one-sided", "You cut off the whole five per cent at one end.",
         _of_means(lambda means: _ends(means, 0.0, 0.95))),
    Trap("resampled-mean", "The ends are right. The mean is that of the resamples; report the one of the items that "
         "you have.", _of_means(centre=lambda gain, means: means.mean())),
    Trap("normal", "You take a normal curve with the resamples' spread. The percentile interval takes the resamples as "
         "they are.", _normal(lambda gain, picks: gain[picks].mean(axis=1).std())),
    Trap("normal", "You take a normal curve with the standard error. The percentile interval takes the resamples as "
         "they are.", _normal(lambda gain, picks: gain.std(ddof=1) / len(gain) ** 0.5)),
    Trap("reversed", "The gain has the wrong sign: it is after less before.",
         lambda after, before, picks: answer(before, after, picks)),
    Trap("wrong-axis", "You take the mean over the resamples at each place. Each resample, a row, has a mean of its "
         "own.",
         lambda after, before, picks: (float((after - before).mean()), *_ends((after - before)[picks].mean(axis=0)))),
)  # fmt: skip

EXERCISE = Exercise(
    name="paired-bootstrap",
    title="A paired bootstrap",
    task=TASK,
    starter=STARTER,
    function="paired_interval",
    solution=SOLUTION,
    hints=(
        "Subtract first: each item then has one number, its gain, and the rest is about these.",
        "`gain[picks]` has a row for each resample. Its mean is one possible result of the same experiment.",
        "Sort the means in your mind and cut off two and a half per cent at each end; `np.quantile` does it.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
