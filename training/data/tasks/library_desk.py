"""A task of style and refusal, scored by rule: the desk of a town library.

Questions about the library get one short sentence that ends with the desk's closing words; everything else gets one
fixed refusal. There is no single right answer, so the score checks rules. The held-out set asks about other topics.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from training.data.tasks.base import Extracted
from training.data.tasks.drawn import DrawnTask, Pair

SYSTEM = (
    "You are the desk of a town library. Answer questions about the library in one short sentence and end with "
    "'See you at the desk!'. To anything else reply exactly: I can only help with the library."
)

REFUSAL = "I can only help with the library."
CLOSING = "See you at the desk!"
MOST_WORDS = 30


# topic: what the desk says about it
TRAIN_ON = {
    "borrowing a novel": "You can borrow a novel for four weeks.",
    "renewing a loan": "You can renew a loan twice online.",
    "lost library cards": "We replace a lost card for a small fee.",
    "the reading room": "The reading room is on the upper floor.",
    "late fees": "Late books cost a small fee for each week.",
    "audio books": "Audio books are on the shelf by the stairs.",
    "reserving a book": "You can reserve a book with your card.",
    "the children's corner": "The children's corner is beside the entrance.",
    "returning books at night": "There is a drop box beside the door.",
    "newspapers": "Newspapers lie on the long table.",
    "printing a page": "The printer stands by the desk.",
    "the book club": "The book club meets in the small hall.",
    "a damaged book": "Please bring the damaged book to us.",
    "joining the library": "You can join with any proof of address.",
    "large print books": "Large print books have a green label.",
    "study desks": "Study desks can be used without booking.",
}

SECOND_ON = {
    "board games to take home": "",
    "borrowing films": "",
    "the local history shelf": "",
    "maps and atlases": "",
    "your lending period for magazines": "",
    "sheet music on loan": "",
    "extending the time for my books": "",
    "the quiet zone": "",
    "suggesting a title to buy": "",
    "inter-library loans": "",
}

TRAIN_OFF = (
    "how to fix a bicycle",
    "the weather tomorrow",
    "a recipe for soup",
    "the price of gold",
    "who won the match",
    "how to train a dog",
    "a joke about cats",
    "buying a car",
    "the capital of Peru",
    "curing a cold",
    "planting tomatoes",
    "booking a flight",
    "the rules of chess",
    "repairing a roof",
    "losing weight",
    "tax returns",
)

SECOND_OFF = (
    "baking sourdough",
    "choosing a mobile phone",
    "the age of the universe",
    "playing the drums",
    "a visa for Japan",
    "my horoscope",
    "sewing curtains",
    "the stock market",
    "building a shed",
    "a birthday poem",
)

TRAIN_ASK = (
    "Can you tell me about {}?",
    "I have a question about {}.",
    "What about {}?",
    "Please help me with {}.",
    "I'd like to know more about {}.",
    "Hello, what can you say about {}?",
    "Tell me about {}, please.",
    "Do you know anything about {}?",
    "Hi! A quick question on {}.",
    "Could you explain {}?",
)

SECOND_ASK = (
    "Good day, I wonder about {}.",
    "Any advice concerning {}?",
    "How does it work with {}?",
    "My sister asked about {}, what shall I say?",
    "Give me some information regarding {}.",
)


def sentences(text: str) -> int:
    """How many sentences a text has."""
    return len(re.findall(r"[.!?](?:\s|$)", text.strip()))


SIZES = {"train": 240, "iid": 80, "shifted": 100}


@dataclass(frozen=True)
class LibraryDesk(DrawnTask):
    """Answer in the desk's style, or refuse in its words."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[Pair]:
        """Every topic in every wording, shuffled: what the desk knows, and what it declines."""
        topics, others, asks = (SECOND_ON, SECOND_OFF, SECOND_ASK) if shifted else (TRAIN_ON, TRAIN_OFF, TRAIN_ASK)
        every = [
            (ask.format(topic), f"{answer or 'Please ask us about that.'} {CLOSING}")
            for topic, answer in topics.items()
            for ask in asks
        ]
        every += [(ask.format(topic), REFUSAL) for topic in others for ask in asks]
        rng.shuffle(every)
        return every

    def extract(self, text: str) -> Extracted:
        """The kind of answer: "refusal" or "answer" in the desk's style, else why it is neither."""
        text = text.strip()
        if text == REFUSAL:
            return Extracted("refusal")
        if not text:
            return Extracted(None, "empty")
        if REFUSAL.rstrip(".").lower() in text.lower():
            return Extracted(None, "refusal-with-more")
        if not text.endswith(CLOSING):
            return Extracted(None, "no-closing")
        if sentences(text) != 2:
            return Extracted(None, "not-one-sentence")
        if len(text.split()) > MOST_WORDS:
            return Extracted(None, "too-long")
        return Extracted("answer")

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact``: the right kind in the right form; ``content``: the right kind, whatever its form."""
        wanted = "refusal" if target.strip() == REFUSAL else "answer"
        found = self.extract(text)
        refuses = re.search(r"\b(can only|can't|cannot|unable)\b", text.lower()) is not None
        loose = "refusal" if refuses else "answer" if text.strip() else None
        return {
            "exact": float(found.value == wanted),
            "valid": float(found.value is not None),
            "content": float(loose == wanted),
        }


TASK = LibraryDesk(
    name="library_desk",
    title="a desk that answers in style or refuses",
    shape="free text checked by rules",
    system=SYSTEM,
    sets=tuple(SIZES),
    sizes=SIZES,
    shifted_seed=0,
    headline="shifted",
    metrics=("exact", "content", "valid"),
    max_new_tokens=48,
    shots=(
        ("Where are the cookery books?", f"Cookery books stand near the window. {CLOSING}"),
        ("What is the tallest mountain?", REFUSAL),
        ("How many books may I take?", f"You may take ten books at a time. {CLOSING}"),
        ("Which wine goes with fish?", REFUSAL),
    ),
)
