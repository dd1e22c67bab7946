"""Each fault for five patients: the run is ill, its own repair makes it as good as a healthy run, others do not."""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
import pytest

from labs_py import data
from labs_py.core import tiny_base
from labs_py.core.clinic import evidence, findings, patients, scores, training
from labs_py.core.clinic.causes import BY_NAME, CAUSES, Cause
from labs_py.core.clinic.patients import Patient, Treatment
from labs_py.core.clinic.settings import Settings
from labs_py.core.power import mcnemar
from tests.effort import EFFORT
from tests.unit.core.clinic import signs

SEEDS = range(1, 6)
PLAYED = EFFORT.some([(cause.name, seed) for cause in CAUSES for seed in SEEDS], 3)
STRANGERS = [9829, 101, *random.Random(28).sample(range(10_000, 100_000), 10)]
CODED = ("prompt-loss", "two-beginnings", "packed")
UNSEEN = EFFORT.some([(cause, seed) for cause in CODED for seed in STRANGERS], 3)


@lru_cache(maxsize=1)
def base() -> tiny_base.TinyBase:
    return tiny_base.read(data.load(tiny_base.FILE[0]))


@lru_cache(maxsize=100)
def admitted(cause: str, seed: int) -> Patient:
    patient = patients.admit(base(), seed, BY_NAME[cause])
    training.finish(patient.run)
    patients.examine(patient)
    return patient


@lru_cache(maxsize=40)
def trained(settings: Settings, seed: int, order_seed: int) -> training.Run:
    """A run at its end; many faults of a seed have the same healthy run."""
    return training.finish(training.begin(base(), settings, seed, order_seed))


@lru_cache(maxsize=100)
def treated(cause: str, seed: int) -> Treatment:
    treatment = patients.treat(admitted(cause, seed), cause)
    treatment.repaired = trained(treatment.repaired.settings, seed, seed)
    treatment.reference = trained(treatment.reference.settings, seed, treatment.reference.order_seed)
    list(patients.carry_out(treatment))
    return treatment


@pytest.mark.sampled
@pytest.mark.parametrize(("cause", "seed"), PLAYED)
def test_the_repair_heals_and_two_others_do_not(cause: str, seed: int) -> None:
    patient, treatment = admitted(cause, seed), treated(cause, seed)
    assert patient.scores and treatment.healthy
    assert treatment.healthy.fresh > 0.9, "the healthy run itself is ill"
    assert not scores.reaches(patient.scores, treatment.healthy)
    assert treatment.changes and treatment.works
    others = [other.name for other in CAUSES if other.name != cause]
    for name in random.Random(f"{cause} {seed}").sample(others, 2):
        wrong = patients.treat(patient, name)
        if not wrong.changes:
            continue  # the run does that already, so it stays as ill as it is
        training.finish(wrong.repaired)
        after = scores.measure(base(), wrong.repaired.settings, wrong.repaired.merged, seed)
        assert not scores.reaches(after, treatment.healthy), name


@pytest.mark.sampled
@pytest.mark.parametrize(("cause", "seed"), PLAYED)
def test_the_evidence_that_is_named_shows_the_fault(cause: str, seed: int) -> None:
    ill, well = admitted(cause, seed), patients.admit(base(), seed, BY_NAME[cause])
    well.run = treated(cause, seed).repaired
    for name in BY_NAME[cause].told_by:
        look = evidence.BY_NAME[name].look
        assert look(ill) != look(well), name


@pytest.mark.sampled
@pytest.mark.parametrize(("cause", "seed"), PLAYED)
def test_the_evidence_tells_the_fault_from_every_other(cause: str, seed: int) -> None:
    """Feedback names what shows the guess and what shows the cause: there the cause is seen and the guess is not."""
    patient = admitted(cause, seed)
    look = signs.looks(patient)
    for name, seen in signs.shows(patient).items():
        asked: set[str] = set()
        found = seen(lambda piece, asked=asked: asked.add(piece) or look(piece))
        assert found == (name == cause), name
        assert asked <= set(BY_NAME[name].told_by), f"{name} is read from {asked}"


@pytest.mark.sampled
@pytest.mark.parametrize(("cause", "seed"), UNSEEN)
def test_faults_that_depend_on_the_code_make_any_patient_ill(cause: str, seed: int) -> None:
    """With codes of twelve letters one patient in twelve learnt the notes although the loss counted the prompt."""
    patient, treatment = admitted(cause, seed), treated(cause, seed)
    assert patient.scores and treatment.healthy
    assert patient.scores.fresh < treatment.healthy.fresh - 0.1
    assert not scores.reaches(patient.scores, treatment.healthy)
    assert treatment.works


@pytest.mark.sampled
@pytest.mark.parametrize("seed", EFFORT.some([*SEEDS, *STRANGERS], 1))
def test_a_patient_who_forgot_has_its_notes_right(seed: int) -> None:
    """With codes of twenty letters one patient in twenty lost notes too."""
    patient = admitted("forgetting", seed)
    assert patient.scores and patient.scores.fresh > 0.9
    assert signs.shows(patient)["forgetting"](signs.looks(patient))


def test_each_evidence_without_a_trained_run_shows_its_fault_by_itself() -> None:
    """The verdict says "You saw it in" of each piece alone."""
    for cause in CAUSES:
        for seed in SEEDS:
            ill, well = (patients.admit(base(), seed, cause) for _ in range(2))
            well.run = training.begin(base(), cause.mend(ill.run.settings), seed)
            for name in cause.told_by:
                look = evidence.BY_NAME[name].look
                if look.__module__ == findings.__name__:
                    assert look(ill) != look(well), f"{cause.name}: {name}"


def made_up(right: list[bool]) -> scores.Scores:
    return scores.Scores(0.0, tuple(right), 0.0, 0.9)


@pytest.mark.parametrize("gained", range(8))
def test_a_run_reaches_another_where_the_paired_test_claims_no_loss(gained: int) -> None:
    healthy = made_up([True] * 88 + [False] * 8)
    reached = []
    for lost in range(gained, 40):
        run = made_up([False] * lost + [True] * (88 - lost + gained) + [False] * (8 - gained))
        reached.append(scores.reaches(run, healthy))
        assert reached[-1] == (mcnemar(gained, lost) > 0.05)
    assert reached[0] and not reached[-1]


def test_a_fault_changes_what_its_repair_mends_and_nothing_else() -> None:
    for cause in CAUSES:
        for seed in SEEDS:
            start = patients.settings_of(seed, cause)
            ill = cause.plant(start)
            assert ill != start
            changed = [other.name for other in CAUSES if other.mend(ill) != ill]
            assert cause.name in changed
            assert set(changed) <= {cause.name, "rate-high", "rate-low"}, changed


def test_every_two_faults_are_told_apart_by_evidence_that_a_budget_pays() -> None:
    for one in CAUSES:
        for other in CAUSES:
            if one is not other:
                both = list(dict.fromkeys([*one.told_by, *other.told_by]))
                assert evidence.spent(both) <= evidence.BUDGET
            if one is not other and one.told_by[0] == other.told_by[0] == "mask":  # it needs no trained run
                assert mask_of(one) != mask_of(other)


def mask_of(cause: Cause) -> object:
    return evidence.BY_NAME["mask"].look(patients.admit(base(), 3, cause))


def test_numbers_draw_all_faults_about_equally_often() -> None:
    drawn = [patients.cause_of(number).name for number in range(1600)]
    counts = [drawn.count(cause.name) for cause in CAUSES]
    assert min(counts) > 60 and max(counts) < 145


def test_a_random_player_is_seldom_right() -> None:
    assert len(CAUSES) >= 14
    rng = np.random.default_rng(0)
    right = sum(CAUSES[rng.integers(len(CAUSES))] is patients.cause_of(number) for number in range(2000))
    assert right / 2000 <= 1 / 6


def test_the_budget_pays_in_order_and_once() -> None:
    assert evidence.affordable(["overfit", "overfit", "labels", "nonsense", "kinds", "rows", "mask"]) == [
        "overfit", "labels", "kinds", "rows",
    ]  # fmt: skip
    assert evidence.spent([e.name for e in evidence.EVIDENCE]) > 2 * evidence.BUDGET
