"""The tests of the clinic that ask a model or train one: samples, kinds, base, old stories, merge, four rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from labs_py.core import tiny_gpt
from labs_py.core.clinic import notes, rows, scores, training
from labs_py.core.clinic.findings import Finding, signs
from labs_py.core.clinic.patients import Patient

OVERFIT_STEPS = 30


def answers(patient: Patient, weights: tiny_gpt.Tensors, count: int) -> list[tuple[str, str, str]]:
    """(line, right note, what the weights write) of fresh lines."""
    run = patient.run
    asked = rows.fresh(run.settings, patient.number)[:count]
    pairs = [rows.asked(run.base, run.settings, row) for row in asked]
    written = tiny_gpt.answer(run.base.shape, weights, [prompt for prompt, _ in pairs], longest=9)
    decode = run.base.vocabulary.decode
    return [
        (row.text, signs(decode(wanted)), signs(decode(ids)))
        for row, (_, wanted), ids in zip(asked, pairs, written, strict=True)
    ]


def samples(patient: Patient, count: int = 10) -> Finding:
    """What the run writes."""
    head = ("Line", "Right note", "The run writes")
    written = answers(patient, patient.run.merged, count)
    return Finding(head, tuple(written), "Fresh lines; at most nine tokens are shown.")


def base(patient: Patient) -> Finding:
    """What the base model writes to the same prompts."""
    head = ("Line", "Right note", "The base model writes")
    return Finding(head, tuple(answers(patient, patient.run.base.weights, 4)), "The same prompts, without the adapter.")


def kinds(patient: Patient) -> Finding:
    """Fresh rows by the place in the line."""
    run = patient.run
    asked = rows.fresh(run.settings, patient.number)
    right = scores.exact(run.base, run.settings, run.merged, asked)
    listed = []
    for place in notes.PLACES:
        of = [r for r, row in zip(right, asked, strict=True) if row.line.place == place]
        exact, words = sum(bool(r.all()) for r in of), sum(bool(r[:-1].all()) for r in of)
        listed.append((place, f"{exact} of {len(of)}", f"{words} of {len(of)}"))
    return Finding(("Place", "Right, with the stop token", "Right words, stop or not"), tuple(listed))


def old(patient: Patient) -> Finding:
    """Old stories: the share of next tokens that are the likeliest."""
    run = patient.run
    listed = [(name, f"{scores.kept(run.base, weights):.0%}")
              for name, weights in (("base model", run.base.weights), ("this run", run.merged))]  # fmt: skip
    head = ("Model", "Next tokens of old stories right")
    return Finding(head, tuple(listed), "Held-out stories like those that the base model was trained on.")


def merge(patient: Patient) -> Finding:
    """The adapter beside the frozen weights, and merged into them."""
    run = patient.run
    asked = rows.fresh(run.settings, patient.number)[:48]
    listed = []
    for name, weights in (("adapter beside the weights", run.attached), ("merged weights", run.merged)):
        right = scores.exact(run.base, run.settings, weights, asked)
        listed.append((name, f"{sum(bool(r.all()) for r in right)} of {len(asked)}"))
    note = "The same rows and the same prompts. In use, the merged weights answer."
    return Finding(("Weights", "Right notes"), tuple(listed), note)


def norms(patient: Patient) -> Finding:
    """Length of the gradient over the run."""
    found = np.array(patient.run.norms or [np.nan])
    names = ("first third", "middle third", "last third")
    parts = zip(names, np.array_split(found, 3), strict=True)
    listed = tuple((name, f"{np.median(p):.2g}", f"{p.max():.2g}") for name, p in parts if len(p))
    return Finding(("Steps", "Median length of the gradient", "Largest"), listed)


def overfit(patient: Patient) -> Finding:
    """The run's own settings on four of its rows: what works at all can learn four rows by heart."""
    run = patient.run
    settings = replace(run.settings, replay=0, steps=OVERFIT_STEPS, herring="none")
    four = training.begin(run.base, settings, run.seed)
    four.file = run.file[:4]
    training.finish(four)
    right = scores.exact(run.base, settings, four.attached, four.file)
    first, last = (f"{loss:.3g}" for loss in (four.losses[0], four.losses[-1]))
    exact = sum(bool(r.all()) for r in right)
    listed = (("loss at the first step", first), (f"loss after {len(four.losses)} steps", last),
              ("of the four, right when asked as in use", str(exact)))  # fmt: skip
    return Finding(("Four rows, the run's own settings", "Value"), listed)
