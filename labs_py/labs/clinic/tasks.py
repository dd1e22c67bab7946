"""The challenges of the clinic: a patient of some group to be diagnosed and mended."""

from __future__ import annotations

from typing import Any

from labs_py.core.clinic import patients
from labs_py.core.clinic.causes import BY_NAME
from labs_py.labs.clinic import asked, verdict
from labs_py.spec import Challenge, Task, Verdict

APART = 100
"""Numbers of patients between two seeds of a challenge."""


def _number(seed: int, groups: tuple[str, ...]) -> int:
    """The first patient from a seed's own number on whose fault is of one of the groups."""
    number = seed * APART
    while patients.cause_of(number).group not in groups:
        number += 1
    return number


def _challenge(name: str, title: str, about: str, groups: tuple[str, ...]) -> Challenge:
    def draw(seed: int) -> Task:
        number = _number(seed, groups)
        return Task(f"Patient {number}: {about} Name the cause and choose the repair.", {"patient": number})

    def check(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
        number = _number(seed, groups)
        if params["patient"] != number:
            return Verdict("wrong", f"The lab shows patient {params['patient']}. Set it to this task first.")
        cause = patients.cause_of(number)
        result, sentence = verdict.on_cause(cause, params["cause"], asked.read(params["evidence"], number))
        if result != "right":
            return Verdict("wrong", sentence)
        if params["repair"] == verdict.NONE:
            return Verdict("wrong", f"{sentence} Choose a repair as well.")
        if params["repair"] != cause.name:
            repair = BY_NAME[params["repair"]].repair
            return Verdict("wrong", f"{sentence} \u201c{repair}\u201d mends another fault.")
        return Verdict("right", f"{sentence} The repair fits. Run it again and see.")

    return Challenge(name, title, "params", draw, check, "Settings are quick to read. Then think of two causes "
                     "and ask for the evidence in which they differ.")  # fmt: skip


CHALLENGES = (
    _challenge("rows-or-loss", "The file or the loss", "something is wrong with its rows or with its loss.",
               ("rows", "loss")),
    _challenge("use-or-goal", "In use, or in what was asked of it",
               "it was trained as told, and still it does not do what it should.", ("use", "goal")),
    _challenge("any", "Anything at all", "nothing else is known about it.", ("rows", "loss", "use", "goal")),
)  # fmt: skip
