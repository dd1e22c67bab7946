"""A patient: a number that draws a fault, a run with it, and what can be measured of that run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from labs_py.core.clinic import scores, training
from labs_py.core.clinic.causes import BY_NAME, CAUSES, Cause
from labs_py.core.clinic.notes import SHORT_CODE
from labs_py.core.clinic.scores import Scores
from labs_py.core.clinic.settings import Settings, healthy
from labs_py.core.tiny_base import TinyBase

OTHER_ORDER = 1000
"""Added to a patient's number: the healthy run it is held against has another order of rows and another start."""
PAIRED = ("swapped", "template", "merged-twice")
"""Faults that may befall a run on preference pairs."""


@dataclass
class Patient:
    """A run with a fault, trained and measured.

    Attributes:
        healthy: the same run without the fault.
        run, scores: of the run with the fault.
    """

    number: int
    cause: Cause
    healthy: Settings
    run: training.Run
    scores: Scores | None = None


def cause_of(number: int) -> Cause:
    """The fault of a patient; each is equally likely."""
    return CAUSES[int(np.random.default_rng([number, 7]).integers(len(CAUSES)))]


def settings_of(number: int, cause: Cause) -> Settings:
    """The healthy run of a patient: everyday's variety, and what the fault needs."""
    rng = np.random.default_rng([number, 8])
    start = replace(healthy(number), answers=str(rng.choice(["people", "teacher", "reward"])))
    if cause.name in PAIRED and rng.random() < 0.25:
        start = replace(start, pairs="right")
    start = cause.needs(start)
    if start.pairs != "none":
        return replace(start, answers="people", code=SHORT_CODE, rows=start.rows // 2, batch=start.batch - 4)
    return start


def admit(base: TinyBase, number: int, cause: Cause | None = None) -> Patient:
    """A patient before the training; ``cause`` takes the place of the drawn fault."""
    cause = cause or cause_of(number)
    start = settings_of(number, cause)
    return Patient(number, cause, start, training.begin(base, cause.plant(start), number))


def examine(patient: Patient) -> None:
    """Measure a trained patient."""
    run = patient.run
    patient.scores = scores.measure(run.base, run.settings, run.merged, patient.number)


@dataclass
class Treatment:
    """A run done again with a repair, and the healthy run that it is held against.

    Attributes:
        changes: whether the repair changes any setting of the patient's run.
    """

    repaired: training.Run
    reference: training.Run
    changes: bool
    scores: Scores | None = None
    healthy: Scores | None = None

    @property
    def works(self) -> bool:
        """Whether the repaired run is as good as the healthy one, within its interval."""
        assert self.scores and self.healthy
        return scores.reaches(self.scores, self.healthy)


def treat(patient: Patient, repair: str) -> Treatment:
    """The patient's run with the repair of a fault (by the fault's name), before its first step."""
    settings = BY_NAME[repair].mend(patient.run.settings)
    base, number = patient.run.base, patient.number
    reference = training.begin(base, patient.healthy, number, number + OTHER_ORDER)
    changes = settings != patient.run.settings
    return Treatment(training.begin(base, settings, number) if changes else patient.run, reference, changes)


def carry_out(treatment: Treatment) -> Iterator[int]:
    """Train both runs and measure them; yields the number of steps done so far."""
    done = 0
    for run in (treatment.repaired, treatment.reference):
        if not run.losses:
            for _ in training.steps(run):
                done += 1
                yield done
    runs = (treatment.repaired, treatment.reference)
    treatment.scores, treatment.healthy = (scores.measure(run.base, run.settings, run.merged, run.seed) for run in runs)
