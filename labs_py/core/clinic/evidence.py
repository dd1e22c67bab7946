"""The evidence that can be asked for, by name, with what each costs in minutes of a practitioner's time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labs_py.core.clinic import findings, trials
from labs_py.core.clinic.findings import Finding
from labs_py.core.clinic.patients import Patient

BUDGET = 30
"""Minutes for one patient: about half of what all the evidence would cost."""


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence: what the button says, what it costs, and what it does."""

    name: str
    label: str
    minutes: int
    look: Callable[[Patient], Finding]


EVIDENCE = (
    Evidence("settings", "Settings", 2, findings.settings),
    Evidence("rows", "Ten training rows", 5, findings.ten_rows),
    Evidence("mask", "Mask of a batch", 5, findings.mask),
    Evidence("prompt", "Prompt in training and in use", 4, findings.prompts),
    Evidence("overlap", "Copies within and across sets", 4, findings.overlap),
    Evidence("labels", "Answers compared with the rule", 8, findings.labels),
    Evidence("reward", "What the reward gives", 4, findings.reward),
    Evidence("samples", "Ten samples", 3, trials.samples),
    Evidence("kinds", "Held-out rows by kind", 6, trials.kinds),
    Evidence("base", "Base on the same prompt", 3, trials.base),
    Evidence("old", "Old stories", 5, trials.old),
    Evidence("norms", "Gradient norms", 3, trials.norms),
    Evidence("overfit", "Overfit four rows", 10, trials.overfit),
    Evidence("merge", "Adapter against merged weights", 4, trials.merge),
)

BY_NAME = {evidence.name: evidence for evidence in EVIDENCE}


def affordable(asked: list[str]) -> list[str]:
    """The evidence that the budget pays for, in the order in which it was asked; each is paid once."""
    paid: list[str] = []
    for name in asked:
        if name in BY_NAME and name not in paid and spent([*paid, name]) <= BUDGET:
            paid.append(name)
    return paid


def spent(asked: list[str]) -> int:
    """Minutes that some evidence costs."""
    return sum(BY_NAME[name].minutes for name in asked)
