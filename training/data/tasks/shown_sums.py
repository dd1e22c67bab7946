"""The small sums again, with the working shown: any words may stand before the result, which ends the answer.

``sums`` wants the bare number, a form in which a small model hardly ever computes right, so a reward for it has
nothing to start from. Here the reward looks at the result alone and leaves the way to the model, which writes the sum
out first and is then right often enough to learn.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.data.rewards import numbers, plain
from training.data.tasks.base import Extracted
from training.data.tasks.drawn import Pair
from training.data.tasks.sums import SIZES, Sums

SYSTEM = "Work out the sum. End with the result."


@dataclass(frozen=True)
class ShownSums(Sums):
    """The questions of ``sums``, seed by seed; the reference answer is the sum written out."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Every sum of the range in every wording, shuffled."""
        return [(asked, " + ".join(numbers(asked)) + f" = {result}") for asked, result in
                super().pairs(rng, shifted)]  # fmt: skip

    def extract(self, text: str) -> Extracted:
        """The number that ends the answer; a full stop may follow it."""
        text, found = plain(text), numbers(text)
        if found and text.removesuffix(".").endswith(found[-1]):
            return Extracted(found[-1])
        return Extracted(None, "empty" if not text else "goes-on-after-the-number" if found else "no-number")

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: the result ends the answer; ``content``: it is the last number that stands there."""
        return super().score(text, numbers(target)[-1])


TASK = ShownSums(
    name="shown_sums",
    title="small sums, worked out",
    shape="free words that end with a number, verified",
    system=SYSTEM,
    sets=tuple(SIZES),
    sizes=SIZES,
    shifted_seed=13,
    headline="shifted",
    metrics=("exact", "content", "valid"),
    max_new_tokens=32,
    shots=(
        ("What is 2 + 11?", "2 + 11 = 13"),
        ("10 + 4 = ?", "10 + 4 = 14"),
        ("Add 13 and 3.", "13 + 3 = 16"),
        ("What is 14 + 5?", "14 + 5 = 19"),
    ),
)
