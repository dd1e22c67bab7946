"""A broken run, the evidence that was asked for, and the run done again with a repair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py import data
from labs_py.core import tiny_base
from labs_py.core.clinic import evidence, patients, training, trials
from labs_py.core.clinic.patients import Patient, Treatment
from labs_py.core.tiny_base import TinyBase
from labs_py.labs.clinic import asked, verdict
from labs_py.spec import Result

PAUSE = 4
"""Steps of training between two states."""
_kept: dict[str, Any] = {}


def forget() -> None:
    """Drop the base, the patient and what was seen of it."""
    _kept.clear()


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """States as the patient's run trains, then what is asked of it; with ``train`` the run done again."""
    try:
        base = _base()
    except LookupError as problem:
        yield Result({}, {}, {"error:patient": f"{problem} Reload the page to try again.", "status": str(problem)})
        return
    patient, steps = _admitted(base, params["patient"])
    for step in steps:
        if step % PAUSE == 0:
            yield _state(params, patient, None, step)
    if patient.scores is None:
        patients.examine(patient)
    if not params["train"] or params["repair"] == verdict.NONE:
        yield _state(params, patient, None)
        return
    treatment = patients.treat(patient, params["repair"])
    for step in patients.carry_out(treatment):
        if step % PAUSE == 0:
            yield _state(params, patient, treatment, step)
    yield _state(params, patient, treatment)


def _base() -> TinyBase:
    if "base" not in _kept:
        _kept["base"] = tiny_base.read(data.load(tiny_base.FILE[0]))
    return _kept["base"]


def _admitted(base: TinyBase, number: int) -> tuple[Patient, Iterator[int]]:
    """The patient and the rest of its training; a run that was left half-way is gone on with."""
    if _kept.get("number") != number:
        patient = patients.admit(base, number)
        _kept.update(number=number, patient=patient, steps=training.steps(patient.run), seen={})
    return _kept["patient"], _kept["steps"]


def _finding(patient: Patient, name: str) -> dict[str, Any]:
    """What a piece of evidence shows; each is worked out once."""
    seen: dict[str, Any] = _kept["seen"]
    if name not in seen:
        seen[name] = evidence.BY_NAME[name].look(patient).to_json()
    return seen[name]


def _state(params: dict[str, Any], patient: Patient, treatment: Treatment | None, step: int = 0) -> Result:
    """The patient so far; ``step`` is 0 once nothing more is to be trained."""
    paid = asked.read(params["evidence"], patient.number)
    scalars = {"minutes_left": float(evidence.BUDGET - evidence.spent(paid))}
    arrays = {"loss": np.array(patient.run.losses)}
    texts = {"menu": _menu(paid)}
    if patient.scores:
        scalars |= {"reported": patient.scores.reported, "in_use": patient.scores.fresh}
        texts["findings"] = json.dumps([_shown(patient, name) for name in ["first", *paid]])
    if treatment:
        arrays["repaired_loss"] = np.array(treatment.repaired.losses)
    if treatment and treatment.scores and treatment.healthy:
        scalars |= {"repaired": treatment.scores.fresh, "healthy": treatment.healthy.fresh}
        texts["verdict"] = json.dumps([
            verdict.on_cause(patient.cause, params["cause"], paid), verdict.on_repair(treatment)
        ])  # fmt: skip
    arrays |= _bars(scalars)
    total = patient.run.settings.steps * (3 if treatment else 1)
    return Result(scalars, arrays, texts | _said(patient, scalars, texts, bool(treatment)), step or total, total)


def _shown(patient: Patient, name: str) -> dict[str, Any]:
    if name == "first":
        seen: dict[str, Any] = _kept["seen"]
        if name not in seen:
            seen[name] = trials.samples(patient, 3).to_json()
        return {"label": "Three samples", "minutes": 0, **seen[name]}
    piece = evidence.BY_NAME[name]
    return {"label": piece.label, "minutes": piece.minutes, **_finding(patient, name)}


def _menu(paid: list[str]) -> str:
    left = evidence.BUDGET - evidence.spent(paid)
    return json.dumps([
        {"name": e.name, "label": e.label, "minutes": e.minutes, "paid": e.name in paid, "fits": e.minutes <= left}
        for e in evidence.EVIDENCE
    ])  # fmt: skip


BARS = (
    ("reported", "its own report"),
    ("in_use", "in use"),
    ("repaired", "with the repair"),
    ("healthy", "healthy run"),
)


def _bars(scalars: dict[str, float]) -> dict[str, np.ndarray]:
    known = [scalars[name] for name, _ in BARS if name in scalars]
    return {"right": 100 * np.array(known)} if known else {}


def _said(patient: Patient, scalars: dict[str, float], texts: dict[str, str], again: bool) -> dict[str, str]:
    losses = patient.run.losses
    said = {"bars": json.dumps([label for name, label in BARS if name in scalars])}
    if losses:
        said["summary:loss"] = f"Loss {losses[0]:.3g} at the first step, {losses[-1]:.3g} at step {len(losses)}."
    if not patient.scores:
        return said | {"status": f"Patient {patient.number} is in training."}
    said["summary:right"] = ", ".join(f"{label} {scalars[name]:.0%}" for name, label in BARS if name in scalars) + "."
    if "verdict" in texts:
        firsts = (sentence.split(". ")[0].rstrip(".") for _, sentence in json.loads(texts["verdict"]))
        return said | {"status": ". ".join(firsts) + "."}  # all of it stands below, with the evidence
    if again:
        return said | {"status": "The run is done again with the repair, and beside it a healthy run."}
    told = f"Patient {patient.number}: its own report says {scalars['reported']:.0%} right, "
    told += f"in use it is {scalars['in_use']:.0%}."
    return said | {"status": f"{told} {_complaint(patient)} {scalars['minutes_left']:.0f} minutes left."}


def _complaint(patient: Patient) -> str:
    """Who complains, and why. A run with right notes is here for another reason."""
    assert patient.scores
    return "Another team that shares the model complains." if patient.scores.fresh > 0.9 else "Its users complain."
