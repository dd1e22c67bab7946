"""A note about a delivery becomes one line for the shift log: complete and concise, both by rule.

For preference tuning: what is wanted can be measured without a judge, and cannot be had by writing nothing, by writing
everything, or by writing the same words again. The five facts are who, how many, what, where and when.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from training.data.tasks.base import Extracted
from training.data.tasks.drawn import DrawnTask, Pair, distinct

SYSTEM = "Sum up the note in one short sentence. Keep who, how many, what, where and when."
LONGEST_WORDS = 20
PEOPLE = ("Anna", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Henry", "Iris", "Jack", "Kate", "Leo")
OTHER_PEOPLE = ("Adam", "Bella", "Clara", "Hugo", "Laura", "Marco", "Nora", "Oscar")

GOODS = ("crates of apples", "boxes of paper", "bags of flour", "rolls of carpet", "tins of paint", "sacks of rice",
         "trays of bread", "bundles of wire", "cans of oil", "packs of tiles")  # fmt: skip

OTHER_GOODS = ("barrels of cider", "sheets of glass", "boxes of candles", "bags of sand", "reels of thread",
               "cases of lemons")  # fmt: skip

PLACES = ("dock 3", "dock 7", "gate 2", "the cold store", "the back door", "the workshop", "bay 5", "the front desk")
OTHER_PLACES = ("ramp 9", "the loft", "yard 4", "the garage", "the kitchen")

FORMS = (
    "It was a slow morning. At {time} {who} drove up and left {count} {what} at {place}. Nobody else was around.",
    "{who} came by in the rain with {count} {what}. We put them at {place} at {time} and had a coffee afterwards.",
    "The van was late again, but by {time} {who} had brought {count} {what} to {place}, as agreed last week.",
    "Just so that it is written down somewhere: {count} {what} are at {place} now, {who} delivered them at {time}.",
    "I signed for {count} {what} at {time}. {who} carried them to {place} and asked for nothing but a glass of water.",
)

OTHER_FORMS = (
    "You asked what came in today. Well, {who} turned up at {time}, and since then {count} {what} have stood at "
    "{place}.",
    "Before I forget it, {place} is full: {who} dropped {count} {what} there at {time} and drove off at once.",
    "Quiet day, thanks for asking. {count} {what} arrived at {time}; {who} unloaded them at {place} all alone.",
)

ANSWER = "{who} delivered {count} {what} to {place} at {time}."

READ = re.compile(r"(?P<who>\w+) delivered (?P<count>\d+) (?P<what>\w+ of \w+) to (?P<place>[\w ]+) at "
                  r"(?P<time>[\d:]+)\.")  # fmt: skip

PADDING = ("Thank you for the note, I am glad to help with it.", "This is what I could find in the note.",
           "Please let me know if you need anything else.", "It is important to keep the log up to date.",
           "The delivery was made as described in the note above.")  # fmt: skip

SIZES = {"train": 300, "iid": 100, "shifted": 100}


def facts_of(reference: str) -> dict[str, str]:
    """The five facts of a reference answer; {} when it is none."""
    found = READ.fullmatch(reference.strip())
    return found.groupdict() if found else {}


def named(text: str, reference: str) -> dict[str, bool]:
    """Which of the reference's facts stand in the text, as whole words in any case."""
    plain = " ".join(text.lower().split())
    found = {}
    for name, fact in facts_of(reference).items():
        words = fact.split(" of ")[-1] if name == "what" else fact.removeprefix("the ")
        found[name] = re.search(rf"(?<![\w:]){re.escape(words.lower())}(?![\w:])", plain) is not None
    return found


def repeated_share(text: str) -> float:
    """Share of three-word runs that stand in the text more than once."""
    words = re.findall(r"[\w:]+", text.lower())
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def rule_score(text: str, reference: str) -> float:
    """How good an answer is by rule, 0 to 1: share of facts kept, times how concise, times how free of repetition.

    Conciseness is 1 up to ``LONGEST_WORDS`` words and falls as their number over the limit.
    """
    found = named(text, reference)
    words = len(text.split())
    if not found or not words:
        return 0.0
    concise = min(1.0, LONGEST_WORDS / words)
    return sum(found.values()) / len(found) * concise * (1 - repeated_share(text))


def long_winded(reference: str, rng: random.Random) -> str:
    """The reference buried in padding: all facts, too many words."""
    before, *after = rng.sample(PADDING, 4)
    return " ".join((before, reference, *after))


def cut_short(reference: str, rng: random.Random) -> str:
    """A short sentence that leaves two or more facts out."""
    fact = facts_of(reference)
    return rng.choice(
        (
            f"{fact['who']} made a delivery.",
            f"Some {fact['what']} came in.",
            f"There was a delivery at {fact['time']}.",
            f"{fact['count']} things are at {fact['place']}.",
        )
    )


@dataclass(frozen=True)
class ShiftNotes(DrawnTask):
    """Notes to one-line log entries."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Notes of five facts, and the sentence that holds all five."""
        people, goods, places, forms = (
            (OTHER_PEOPLE, OTHER_GOODS, OTHER_PLACES, OTHER_FORMS) if shifted else (PEOPLE, GOODS, PLACES, FORMS)
        )

        def draw() -> Pair:
            fact = {"who": rng.choice(people), "count": rng.randint(2, 48), "what": rng.choice(goods),
                    "place": rng.choice(places), "time": f"{rng.randint(6, 18)}:{rng.randint(10, 59)}"}  # fmt: skip
            return rng.choice(forms).format(**fact), ANSWER.format(**fact)

        return distinct(draw, self.wanted(shifted))

    def extract(self, text: str) -> Extracted:
        """The sentence, when it is one and short and says nothing twice."""
        text = text.strip()
        if not text:
            return Extracted(None, "empty")
        if len(text.split()) > LONGEST_WORDS:
            return Extracted(None, "too-long")
        if repeated_share(text) > 0.2:
            return Extracted(None, "repeats-itself")
        return Extracted(text)

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: all facts in a concise form; ``field``: share of facts; ``rule``: see ``rule_score``."""
        found, valid = named(text, target), self.extract(text).value is not None
        whole = bool(found) and all(found.values())
        share = sum(found.values()) / len(found) if found else 0.0
        return {"exact": float(whole and valid), "field": share, "valid": float(valid), "content": float(whole),
                "rule": rule_score(text, target)}  # fmt: skip


def _shot(place: int, seed: int) -> tuple[str, str]:
    rng = random.Random(seed)
    fact = {"who": ("Tom", "Vera", "Nina", "Paul")[place], "count": rng.randint(2, 48), "what": GOODS[place],
            "place": PLACES[place], "time": f"{rng.randint(6, 18)}:{rng.randint(10, 59)}"}  # fmt: skip
    return FORMS[place].format(**fact), ANSWER.format(**fact)


TASK = ShiftNotes(
    name="shift_notes", title="a line for the shift log", shape="one sentence, complete and concise by rule",
    system=SYSTEM, sets=tuple(SIZES), sizes=SIZES, shifted_seed=11, headline="shifted",
    metrics=("exact", "field", "valid", "content", "rule"), max_new_tokens=80,
    shots=tuple(_shot(place, 100 + place) for place in range(4)),
)  # fmt: skip
