"""The clinic as a lab: a patient is played to a right diagnosis, wrong ones are answered, odd requests do no harm."""

from __future__ import annotations

import json

import pytest

from labs_py import api
from labs_py.core.clinic import patients
from labs_py.core.clinic.causes import BY_NAME, CAUSES
from labs_py.labs.clinic import asked, lab, tasks, verdict

FIRST = api.spec("clinic").defaults()


@pytest.fixture(scope="module", autouse=True)
def fresh():
    yield
    lab.forget()


def texts(frame, name):
    return json.loads(frame["texts"][name])


def test_the_first_frame_has_a_curve_samples_and_what_can_be_asked():
    frame = api.last_frame("clinic")
    assert len(frame["arrays"]["loss"]["data"]) > 50
    assert len(texts(frame, "findings")[0]["rows"]) == 3
    assert all(not item["paid"] for item in texts(frame, "menu"))
    assert frame["scalars"]["in_use"]["value"] < 0.9 and "verdict" not in frame["texts"]


def test_evidence_costs_minutes_and_is_shown():
    frame = api.last_frame(
        "clinic", {"evidence": [[FIRST["patient"], "rows"], [FIRST["patient"], "rows"], [8, "mask"]]}
    )
    assert frame["scalars"]["minutes_left"]["value"] == 25
    assert [finding["label"] for finding in texts(frame, "findings")] == ["Three samples", "Ten training rows"]


def test_the_right_cause_and_repair_heal_the_first_patient():
    cause = patients.cause_of(FIRST["patient"]).name
    frame = api.last_frame("clinic", {"cause": cause, "repair": cause, "train": True})
    (named, _), (mended, _) = texts(frame, "verdict")
    assert (named, mended) == ("right", "works")
    assert frame["scalars"]["repaired"]["value"] > 0.9
    status = frame["texts"]["status"]  # the same words stand in the verdict, so it says the first of them only
    assert status.startswith("The cause is right") and "The repair works" in status and "points" not in status
    assert len(frame["arrays"]["right"]["data"]) == 4


def test_a_wrong_diagnosis_says_which_evidence_would_have_told():
    for cause in CAUSES:
        for guess in CAUSES:
            result, said = verdict.on_cause(cause, guess.name, [])
            assert (result == "right") == (guess is cause)
            if guess is not cause:
                assert guess.sign in said and "Told apart by" in said
                assert cause.label.lower() not in said.lower()


@pytest.mark.parametrize("challenge", tasks.CHALLENGES, ids=lambda challenge: challenge.name)
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_challenge_takes_the_cause_and_its_repair_and_nothing_else(challenge, seed):
    params = FIRST | challenge.draw(seed).params
    cause = patients.cause_of(params["patient"])
    assert challenge.check(seed, params, None).result == "wrong"
    for guess in BY_NAME:
        for repair in (guess, cause.name):
            found = challenge.check(seed, params | {"cause": guess, "repair": repair}, None)
            assert (found.result == "right") == (guess == repair == cause.name)
    other = challenge.check(seed, params | {"patient": params["patient"] + 1, "cause": cause.name}, None)
    assert "Set it to this task first" in other.message


@pytest.mark.parametrize("raw", [None, "rows", 5, [5], [["a", "b", "c"]], [[7, None]], [[7, "nonsense"]], {"a": 1}])
def test_odd_picks_are_left_out(raw):
    assert asked.read(raw, 7) == []
