"""Small sums with the number alone as the answer: what a reward can verify, within a small model's reach."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.data.rewards import numbers, plain
from training.data.tasks.base import Extracted
from training.data.tasks.drawn import DrawnTask, Pair

SYSTEM = "Work out the sum. Reply with the number only."
FORMS = ("What is {a} + {b}?", "{a} + {b} = ?", "Add {a} and {b}.")
OTHER_FORMS = ("How much are {a} and {b} together?", "You have {a} and get {b} more. How many?")
SIZES = {"train": 160, "iid": 80, "shifted": 100}


@dataclass(frozen=True)
class Sums(DrawnTask):
    """a + b with both from 1 to 9 in training; other words, and numbers up to 12, in the shifted set."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Every sum of the range in every wording, shuffled."""
        forms, top = (OTHER_FORMS, 12) if shifted else (FORMS, 9)
        everything = [(form.format(a=a, b=b), str(a + b)) for form in forms
                      for a in range(1, top + 1) for b in range(1, top + 1)]  # fmt: skip
        rng.shuffle(everything)
        return everything

    def extract(self, text: str) -> Extracted:
        """The number, when the answer is nothing else."""
        text, found = plain(text), numbers(text)
        if found == [text]:
            return Extracted(text)
        return Extracted(None, "empty" if not text else "more-than-a-number" if found else "no-number")

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: the number alone; ``content``: it is the last number that stands there."""
        found = self.extract(text).value
        return {"exact": float(found == target), "valid": float(found is not None),
                "content": float(numbers(text)[-1:] == [target])}  # fmt: skip


TASK = Sums(
    name="sums",
    title="small sums",
    shape="one number, verified",
    system=SYSTEM,
    sets=tuple(SIZES),
    sizes=SIZES,
    shifted_seed=13,
    headline="shifted",
    metrics=("exact", "content", "valid"),
    max_new_tokens=16,
    shots=(("What is 2 + 11?", "13"), ("10 + 4 = ?", "14"), ("Add 13 and 3.", "16"), ("What is 14 + 5?", "19")),
)
