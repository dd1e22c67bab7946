"""A task at which the base model is fine with a few examples: on which day do two people meet?

Kept as the counter-example: the probe should say "don't train", and a run that trains all the same can only bring
nothing or do harm. The answer stands in the question; the second set has other people, other verbs and other hours.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.tasks.base import Extracted, Row, Task

SYSTEM = "Which day? Reply with the day only."
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PEOPLE = ("Anna", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Henry", "Iris", "Jack", "Kate", "Leo", "Mary",
          "Noah", "Olga", "Paul", "Rosa", "Sam", "Tina", "Victor")  # fmt: skip
OTHER_PEOPLE = ("Adam", "Bella", "Clara", "Dan", "Eva", "Frank", "Gina", "Hugo", "Ivan", "Julia", "Karl", "Laura")
SENTENCE = "{one} meets {other} on {day} at {hour} o'clock."
OTHER_SENTENCES = ("{one} visits {other} on {day} at {hour} o'clock.",
                   "{one} calls {other} on {day} at {hour} o'clock.")  # fmt: skip
SIZES = {"train": 200, "iid": 100, "second": 100}


@dataclass(frozen=True)
class MeetingDay(Task):
    """Sentences about a meeting to the day's name."""

    def rows(self, set_name: str, count: int | None = None, seed: int = 0, variant: str = "default") -> list[Row]:
        """``train`` and ``iid`` by seed and apart from each other; ``second`` the same for everybody."""
        if variant != "default":
            raise ValueError(f"unknown variant {variant!r}; this task has only 'default'")
        if set_name not in SIZES:
            return super().rows(set_name)
        second = set_name == "second"
        rng = random.Random(7 if second else seed)
        people, forms = (OTHER_PEOPLE, OTHER_SENTENCES) if second else (PEOPLE, (SENTENCE,))
        wanted = SIZES["train"] + SIZES["iid"] if not second else SIZES["second"]
        seen: dict[str, str] = {}
        while len(seen) < wanted:
            one, other = rng.sample(people, 2)
            day = rng.choice(DAYS)
            seen[rng.choice(forms).format(one=one, other=other, day=day, hour=rng.randint(1, 12))] = day
        chosen = list(seen.items())
        if set_name == "train":
            chosen = chosen[: SIZES["train"]]
        elif set_name == "iid":
            chosen = chosen[SIZES["train"] :]
        return [self.row(asked, day, id=f"{set_name}-{place}", split=set_name)
                for place, (asked, day) in enumerate(chosen[:count])]  # fmt: skip

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
    name="meeting_day", title="the day of a meeting", shape="one word that stands in the question", system=SYSTEM,
    sets=("train", "iid", "second"), headline="second", metrics=("exact", "content", "valid"), max_new_tokens=16,
    shots=(("Lily meets Oscar on Tuesday at 4 o'clock.", "Tuesday"),
           ("Peter meets Ruth on Sunday at 11 o'clock.", "Sunday"),
           ("Nina meets Mark on Friday at 2 o'clock.", "Friday"), ("Tom meets Vera on Monday at 9 o'clock.", "Monday")),
)  # fmt: skip
