"""The sixteen faults: what each changes in a healthy run, what gives it away, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from labs_py.core.clinic import notes
from labs_py.core.clinic.settings import Settings

Change = Callable[[Settings], Settings]

FASTER, SLOWER = 8.0, 25.0
"""How far off a learning rate is that is too high, and one that is too low."""
FILE = 240
"""Rows that a file should have."""


def unchanged(settings: Settings) -> Settings:
    """The settings as they are."""
    return settings


@dataclass(frozen=True)
class Cause:
    """One fault.

    Attributes:
        label: its name in a list of choices.
        plant: a healthy run's settings to those with the fault.
        repair: what mends it, as a sentence.
        mend: settings with the fault to those without; other settings stay as they are.
        sign: what the evidence would show if this were the cause, to follow "If this were the cause, ".
        told_by: names of the evidence that shows it, each by itself.
        group: "rows", "loss", "use" or "goal".
        needs: a healthy run's settings to those of a run in which the fault is possible, or does its harm for sure.
    """

    name: str
    label: str
    plant: Change
    repair: str
    mend: Change
    sign: str
    told_by: tuple[str, ...]
    group: str
    needs: Change = unchanged


def change(**values: Any) -> Change:
    """A function that puts values into settings."""
    return lambda settings: replace(settings, **values)


def faster(factor: float) -> Change:
    """A function that multiplies the learning rate."""
    return lambda settings: replace(settings, learning_rate=float(f"{settings.learning_rate * factor:.2g}"))


def filled(settings: Settings) -> Settings:
    """More rows of the same kind, where the file is short of them."""
    return settings if settings.rows * settings.copies >= FILE / 3 else replace(settings, rows=FILE)


CAUSES = (
    Cause("prompt-loss", "The loss counts the prompt", change(loss_on_prompt=True),
          "Count the loss on the answer only", change(loss_on_prompt=False),
          "the mask of a batch would have labels on the code and on the line.", ("mask",), "loss",
          change(code=notes.LONG_CODE)),
    Cause("no-stop", "The rows have no stop token", change(stop_in_rows=False),
          "End each training row with the stop token", change(stop_in_rows=True),
          "ten rows would show answers that do not end in ■.", ("rows", "mask"), "rows"),
    Cause("pad-stop", "The stop token is masked as padding", change(pad_is_stop=True),
          "Mask padding by its position, not by its token id", change(pad_is_stop=False),
          "the mask of a batch would not count the ■ after the answer's last word.", ("mask",), "loss"),
    Cause("shifted", "The labels are shifted twice", change(shift=2),
          "Shift the labels once", change(shift=1),
          "the mask of a batch would label each token with the token after the next one.", ("mask",), "loss"),
    Cause("two-beginnings", "The prompt has two beginning tokens in use", change(test_beginnings=2),
          "Add the beginning token once in use", change(test_beginnings=1),
          "the prompt in use would begin with one token more than a training prompt.", ("prompt",), "use",
          change(code=notes.SHORT_CODE)),
    Cause("template", "Another template in use than in training", change(test_cue=notes.OTHER_CUE),
          "Use the training template in use", change(test_cue=notes.CUE),
          "the prompt in use would end in other words than a training prompt.", ("prompt",), "use"),
    Cause("rate-high", "The learning rate is too high", faster(FASTER),
          f"Divide the learning rate by {FASTER:g}", faster(1 / FASTER),
          "the loss would jump about, and four rows could not be learnt either.", ("overfit", "settings"), "loss"),
    Cause("rate-low", "The learning rate is too low", faster(1 / SLOWER),
          f"Multiply the learning rate by {SLOWER:g}", faster(SLOWER),
          "the loss would still be falling at the end, and four rows would be far from learnt.",
          ("overfit", "settings"), "loss"),
    Cause("few-rows", "There are too few rows", change(rows=8, herring="none"),
          f"Collect rows until the file has {FILE}", filled,
          "the file would be short, and the loss near zero while fresh rows go wrong.", ("settings", "rows"), "rows"),
    Cause("leak", "The test has rows of the training file", change(rows=12, copies=20, shared=0.9, herring="none"),
          "Remove copies within and across the sets, and write new rows in their place",
          lambda s: replace(s, rows=s.rows * s.copies, copies=1, shared=0.0) if s.shared else s,
          "many rows of the test would stand in the training file.", ("overlap",), "rows"),
    Cause("packed", "Packed rows see each other", change(packed=True),
          "Keep packed rows whole and apart, and shuffle the file", change(packed=False),
          "a sequence of a batch would hold several rows, sorted by their answers.", ("mask", "settings"), "loss"),
    Cause("forgetting", "It forgot what it could do before", change(replay=0),
          "Mix old rows into the training", change(replay=3),
          "the notes would be right, and the old stories lost.", ("old",), "goal",
          change(code=notes.SHORT_CODE)),
    Cause("loophole", "The reward has a loophole", change(reward="loose"),
          "Reward the right note and nothing else", change(reward="exact"),
          "a list of many words would earn more reward than the right note.", ("reward", "rows"), "goal",
          change(answers="reward")),
    Cause("swapped", "Chosen and rejected are swapped", change(pairs="swapped"),
          "Swap chosen and rejected back", lambda s: replace(s, pairs="right") if s.pairs == "swapped" else s,
          "the chosen answers would be wrong and the rejected ones right.", ("labels", "rows"), "goal",
          change(pairs="right")),
    Cause("teacher", "The student learnt the teacher's mistakes", change(checked=False),
          "Check the teacher's answers and put the wrong ones right", change(checked=True),
          "the errors would lie on some kinds of lines, and the training answers would have the same errors.",
          ("kinds", "labels"), "goal", change(answers="teacher")),
    Cause("merged-twice", "The adapter is scaled twice at the merge", change(merges=2),
          "Scale the adapter once at the merge", change(merges=1),
          "the answers would be right with the adapter beside the weights, and wrong with the merged weights.",
          ("merge",), "use"),
)  # fmt: skip

BY_NAME = {cause.name: cause for cause in CAUSES}
