"""Three small files as a reader may have them, each of a made-up task: alpaca, ShareGPT and CSV, drawn by a seed.

An alpaca file sorts notes to a school office, a ShareGPT file turns orders at a bakery into JSON, and a CSV names the
time of day in figures. No two rows of a file ask the same.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

ROWS = 120
NAMES = (
    "Ada",
    "Ben",
    "Cora",
    "Dan",
    "Eva",
    "Finn",
    "Greta",
    "Hugo",
    "Iris",
    "Jon",
    "Kim",
    "Leo",
    "Mia",
    "Nils",
    "Olga",
)
NOTES = {
    "absence": ("{n} has a fever and stays at home {d}.", "{n} cannot come {d}, we are at the dentist.",
                "Please excuse {n} for {d}, there is a funeral in the family.", "{n} is ill and will miss {d}."),
    "lost": ("{n} left a blue jacket in the gym {d}.", "Has anybody found a lunch box with the name {n}? Lost {d}.",
             "{n} cannot find the red bag since {d}.", "The glasses of {n} are gone since {d}."),
    "meeting": ("Could I talk to the teacher of {n} {d}?", "I would like an appointment about {n}'s marks {d}.",
                "Is there time for a conversation about {n} {d}?", "May we meet {d} to speak about {n}?"),
    "fees": ("I have paid the trip money for {n} {d}, did it arrive?", "How do I pay {n}'s lunches for {d}?",
             "The bill for {n}'s music lessons came {d} and is too high.", "We cannot pay {n}'s trip until {d}."),
}  # fmt: skip
DAYS = ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "tomorrow", "next week")
INSTRUCTION = "Sort the note to the school office: absence, lost, meeting or fees."

BREADS = (
    "rye loaf",
    "wheat loaf",
    "poppy roll",
    "cheese roll",
    "plum cake",
    "apple cake",
    "butter croissant",
    "pretzel",
)
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
ORDERS = ("{n} here, {c} {b} for {d} please.", "Please put {c} {b} aside for {n}, {d}.",
          "I would like {c} {b} {d}. My name is {n}.", "Hello, this is {n}. Could I get {c} {b} {d}?",
          "For {d}: {c} {b}, thank you, {n}")  # fmt: skip
BAKERY = "Write the order as JSON with name, item, count and day."
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
PARTS = (("in the morning", 0), ("in the afternoon", 12))
MINUTES = (("{h} o'clock", 0, 0), ("quarter past {h}", 0, 15), ("half past {h}", 0, 30), ("quarter to {h}", -1, 45),
           ("ten past {h}", 0, 10), ("twenty to {h}", -1, 40))  # fmt: skip


def alpaca(draw: random.Random) -> str:
    """A JSON array of {"instruction", "input", "output"}."""
    made = [{"instruction": INSTRUCTION, "input": text.format(n=name, d=day), "output": subject}
            for subject, texts in NOTES.items() for text in texts for name in NAMES for day in DAYS]  # fmt: skip
    return json.dumps(draw.sample(made, ROWS), indent=1)


def sharegpt(draw: random.Random) -> str:
    """JSON lines of {"conversations": [{"from", "value"}, ...]} with a system turn."""
    made = [(text.format(n=name, c=word, b=bread, d=day),
             {"name": name, "item": bread, "count": count, "day": day})
            for text in ORDERS for name in NAMES for count, word in enumerate(COUNTS, 1) for bread in BREADS
            for day in WEEK]  # fmt: skip
    rows = [{"conversations": [{"from": "system", "value": BAKERY}, {"from": "human", "value": text},
                               {"from": "gpt", "value": json.dumps(order)}]}
            for text, order in draw.sample(made, ROWS)]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(draw: random.Random) -> str:
    """A CSV with the columns question and answer: a time of day in words, and in figures."""
    made = []
    for number, hour in enumerate(HOURS, 1):
        for part, add in PARTS:
            for words, back, minute in MINUTES:
                figures = f"{number + back + add:02d}:{minute:02d}"
                made.append((f"Write the time in figures: {words.format(h=hour)} {part}", figures))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("question", "answer"))
    writer.writerows(draw.sample(made, ROWS))
    return text.getvalue()


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "notes.json": alpaca, "bakery.jsonl": sharegpt, "times.csv": table,
}  # fmt: skip


def write(folder: Path, seed: int = 0) -> list[Path]:
    """Write the three files into a folder; their paths."""
    paths = []
    for name, maker in MAKERS.items():
        path = folder / name
        path.write_text(maker(random.Random(f"{seed} {name}")), encoding="utf-8")
        paths.append(path)
    return paths
