"""A note becomes one line of a delivery log, in a fixed form; notes about anything else become the word NOTHING.

For distillation with a verifier: ``verify`` checks form and consistency from the note alone and does not know the
answer, so it can be wrong; ``score`` compares with the reference. Notes hold other names, numbers and times on purpose.
The held-out set ``shifted`` has other people, goods, places and wordings.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from training.data.tasks.base import Extracted
from training.data.tasks.drawn import DrawnTask, Pair, distinct
from training.data.tasks.shift_notes import GOODS, OTHER_GOODS, OTHER_PEOPLE, OTHER_PLACES, PEOPLE, PLACES

SYSTEM = "Delivery log."
REFUSAL = "NOTHING"

LESSON = (
    "You keep the delivery log of a warehouse. Turn each note into one line with four parts, separated by ' | ': who "
    "brought the goods, how many of what, the place where they stand now, and the time of the delivery. Copy each part "
    "from the note, word for word. Leave out everything else: who signed, what was planned, what will happen later. "
    "Write no other word, no label and no full stop. If the note is not about a delivery, write NOTHING."
)

FORMS = (
    "At {time} {who} drove up and left {count} {what} at {place}.",
    "{who} came by in the rain with {count} {what}. We put them at {place} at {time}.",
    "{who} was due at {early}, but it was {time} when {count} {what} were brought to {place}.",
    "Just so that it is written down: {who} delivered {count} {what} to {place} at {time}.",
    "I signed for {count} {what} at {time}. {who} carried them to {place} and stayed for {small} minutes.",
    "{other} had ordered {count} {what} last week. {who} unloaded them at {place} today at {time}.",
    "{who} was here at {time} and left {count} {what} at {place}, as {other} had asked.",
    "{who} brought {count} {what} at {time}. They stand at {place} until {late}.",
)

OTHER_FORMS = (
    "You asked what came in today. Well, {who} turned up at {time}, and since then {count} {what} have stood at "
    "{place}.",
    "Before I forget it: {who} dropped {count} {what} at {place} at {time} and drove off at {late}.",
    "Quiet day. {who} unloaded {count} {what} at {place} at {time} while {other} was at lunch.",
    "{other} was out, so I took in {count} {what} from {who} at {time}. They are at {place}.",
)

ASIDE = (
    "{other} called the electrician about the lamp over {place}.",
    "The lift is out of order again and {other} is in a bad mood.",
    "Please remember that {other} is on holiday from Monday.",
    "At {late} {other} locked {place} and went home.",
    "Who took the key of {place}? {other} is looking for it.",
    "{other} swept the floor and watered the plants.",
)

OTHER_ASIDE = (
    "{other} has a birthday tomorrow, so bring cake.",
    "The heating at {place} makes a strange noise, {other} says.",
    "{other} asked whether the meeting at {late} still takes place.",
)

LINE = re.compile(r"(?P<who>[^|]+) \| (?P<count>\d+) (?P<what>[^|]+) \| (?P<place>[^|]+) \| (?P<time>\d{1,2}:\d\d)")
SIZES = {"train": 400, "calibration": 100, "iid": 100, "shifted": 200}
REFUSED_SHARE = 0.15


def plain(text: str) -> str:
    """Small letters, single spaces, no article in front."""
    return " ".join(text.lower().split()).removeprefix("the ")


@dataclass(frozen=True)
class DeliveryLog(DrawnTask):
    """Notes to lines of a log."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Notes with their lines, some of which decline."""
        return distinct(lambda: _note(rng, shifted), self.wanted(shifted))

    def extract(self, text: str) -> Extracted:
        """The line's parts, or the refusal."""
        text = text.strip()
        if text == REFUSAL:
            return Extracted(REFUSAL)
        found = LINE.fullmatch(text)
        if found:
            return Extracted({name: part.strip() for name, part in found.groupdict().items()})
        return Extracted(None, "empty" if not text else "not-four-parts" if text.count("|") != 3 else "wrong-part")

    # fmt: off
    # --8<-- [start:verify]
    def verify(self, asked: str, text: str) -> str:
        """Why an answer cannot be right, judged from the note ``asked`` alone; "" when
        nothing speaks against it."""
        found = self.extract(text)
        if found.value is None:
            return found.reason
        # A note that counts goods is hardly about anything else
        if found.value == REFUSAL:
            return (
                "refused-with-goods"
                if re.search(r"(?<![\d:])\d+ \w+ of \w+", asked)
                else ""
            )
        line, inside = found.value, " ".join(asked.split())
        if not line["who"][0].isupper() or len(line["who"].split()) > 1:
            return "no-name"
        if (
            not re.match(r"(?!(at|in|on|to) )(?!\d)[\w' ]{3,20}$", line["place"])
            or line["who"] in line["place"]
        ):
            return "no-place"
        parts = {**line, "goods": f"{line['count']} {line['what']}"}
        # Whole words, and no number cut off behind them
        for part in ("who", "goods", "place", "time"):
            if not re.search(
                rf"(?<![\w:]){re.escape(parts[part])}(?![\w:]| \d)",
                inside,
                re.IGNORECASE,
            ):
                return f"not-in-the-note:{part}"
        return ""

    # --8<-- [end:verify]
    # fmt: on

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: every part is the reference's; ``field``: share of parts; ``content``: the right kind."""
        found, wanted = self.extract(text).value, self.extract(target).value
        valid = found is not None
        if REFUSAL in (found, wanted) or not valid:
            right = float(found == wanted)
            return {"exact": right, "field": right, "valid": float(valid), "content": right}
        hits = [plain(found[part]) == plain(wanted[part]) for part in wanted]
        return {"exact": float(all(hits)), "field": sum(hits) / len(hits), "valid": 1.0, "content": 1.0}


def _note(rng: random.Random, shifted: bool) -> tuple[str, str]:
    people, goods, places, forms, asides = ((OTHER_PEOPLE, OTHER_GOODS, OTHER_PLACES, OTHER_FORMS, OTHER_ASIDE)
                                            if shifted else (PEOPLE, GOODS, PLACES, FORMS, ASIDE))  # fmt: skip
    who, other = rng.sample(people, 2)
    hour, minute = rng.randint(6, 16), rng.randint(10, 59)
    fact = {"who": who, "other": other, "count": rng.randint(2, 48), "what": rng.choice(goods),
            "place": rng.choice(places), "time": f"{hour}:{minute}", "small": rng.randint(2, 9),
            "early": f"{hour - 1}:{rng.randint(10, 59)}", "late": f"{hour + 1}:{rng.randint(10, 59)}"}  # fmt: skip
    if rng.random() < REFUSED_SHARE:
        note = " ".join(form.format(**fact) for form in rng.sample(asides, 2))
        return note[0].upper() + note[1:], REFUSAL
    note = rng.choice(forms).format(**fact)
    return note[0].upper() + note[1:], "{who} | {count} {what} | {place} | {time}".format(**fact)


SHOTS = (
    ("At 9:12 Tom drove up and left 12 crates of apples at gate 2. Vera signed for them.",
     "Tom | 12 crates of apples | gate 2 | 9:12"),
    ("The lift is out of order again. Please tell Nina that the key is with Paul.", REFUSAL),
    ("Paul had ordered 7 tins of paint last week. Nina unloaded them at the workshop today at 14:30.",
     "Nina | 7 tins of paint | the workshop | 14:30"),
    ("The van was due at 10:00, but only at 11:25 had Vera brought 31 sacks of rice to bay 5.",
     "Vera | 31 sacks of rice | bay 5 | 11:25"),
    ("Someone left a window open at dock 3, and Tom is ill today.", REFUSAL),
    ("I signed for 3 rolls of carpet at 8:41. Paul carried them to the back door and stayed for 5 minutes.",
     "Paul | 3 rolls of carpet | the back door | 8:41"),
)  # fmt: skip

TASK = DeliveryLog(
    name="delivery_log", title="a line for the delivery log", shape="four copied parts in a fixed form, or a refusal",
    system=SYSTEM, sets=tuple(SIZES), sizes=SIZES, shifted_seed=17, headline="shifted",
    metrics=("exact", "field", "valid", "content"), max_new_tokens=30, shots=SHOTS, lesson=LESSON, refusal=REFUSAL,
)  # fmt: skip
