"""A task at which the base model is fine with a few examples: on which day do two people meet?

Kept as the counter-example: the probe should say "don't train", and a run that trains all the same can only bring
nothing or do harm. The answer stands in the question; the shifted set has other people, other verbs and other hours.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.data.tasks.base import Extracted
from training.data.tasks.drawn import DrawnTask, Pair, distinct

SYSTEM = "Which day? Reply with the day only."
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PEOPLE = ("Anna", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Henry", "Iris", "Jack", "Kate", "Leo", "Mary",
          "Noah", "Olga", "Paul", "Rosa", "Sam", "Tina", "Victor")  # fmt: skip

OTHER_PEOPLE = ("Adam", "Bella", "Clara", "Dan", "Eva", "Frank", "Gina", "Hugo", "Ivan", "Julia", "Karl", "Laura")
SENTENCE = "{one} meets {other} on {day} at {hour} o'clock."

OTHER_SENTENCES = ("{one} visits {other} on {day} at {hour} o'clock.",
                   "{one} calls {other} on {day} at {hour} o'clock.")  # fmt: skip

SIZES = {"train": 200, "iid": 100, "shifted": 100}


@dataclass(frozen=True)
class MeetingDay(DrawnTask):
    """Sentences about a meeting to the day's name."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Two people, a day and an hour in a sentence, and the day."""
        people, forms = (OTHER_PEOPLE, OTHER_SENTENCES) if shifted else (PEOPLE, (SENTENCE,))

        def draw() -> Pair:
            one, other = rng.sample(people, 2)
            day = rng.choice(DAYS)
            return rng.choice(forms).format(one=one, other=other, day=day, hour=rng.randint(1, 12)), day

        return distinct(draw, self.wanted(shifted))

    def extract(self, text: str) -> Extracted:
        """The day, if the answer is nothing else."""
        text = text.strip()
        if text in DAYS:
            return Extracted(text)
        return Extracted(None, "empty" if not text else "more-than-a-day" if any(d in text for d in DAYS) else "no-day")

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: the day and nothing else; ``content``: the right day is the only one named."""
        found = self.extract(text).value
        named = [day for day in DAYS if day.lower() in text.lower()]
        return {"exact": float(found == target), "valid": float(found is not None), "content": float(named == [target])}


TASK = MeetingDay(
    name="meeting_day",
    title="the day of a meeting",
    shape="one word that stands in the question",
    system=SYSTEM,
    sets=tuple(SIZES),
    sizes=SIZES,
    shifted_seed=7,
    headline="shifted",
    metrics=("exact", "content", "valid"),
    max_new_tokens=16,
    shots=(
        ("Lily meets Oscar on Tuesday at 4 o'clock.", "Tuesday"),
        ("Peter meets Ruth on Sunday at 11 o'clock.", "Sunday"),
        ("Nina meets Mark on Friday at 2 o'clock.", "Friday"),
        ("Tom meets Vera on Monday at 9 o'clock.", "Monday"),
    ),
)
