"""What an order form holds, and how a number, a date or an order number can be written.

Shared by the training grammar and by the held-out ones: only the *meaning* of the slots lives here, and the
ways of writing them that a reader of any message must know (number words, month names). Every wording
around them belongs to exactly one grammar, so that the held-out sets stay unseen.

What the form means:

* ``intent``: what the writer asks for now. A story about the past (it broke, it came late) does not decide.
* ``product``: the name as written, singular, without article, number or possessive.
* ``quantity``: how many; a single article means 1.
* ``order``: one capital letter and four digits, whatever the writer put between them; null when absent.
* ``due``: the date by which it must be done, as month-day; other dates and numbers are not it; null when
  absent.
* ``urgency``: high or low when the writer says so in words, else normal. A due date alone is normal.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass

INTENTS = ("refund", "replace", "cancel", "track", "buy", "invoice")
URGENCIES = ("high", "normal", "low")
FIELDS = ("intent", "product", "quantity", "order", "due", "urgency")

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

NUMBER_WORDS = {
    1: "one",
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
    11: "eleven",
    12: "twelve",
    15: "fifteen",
    20: "twenty",
}

ORDER_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class OrderForm:
    """The six answers to one customer message. ``asdict`` of it is the JSON that the model must write."""

    intent: str
    product: str
    quantity: int
    order: str | None
    due: str | None
    urgency: str

    def to_json(self) -> str:
        """The form as one line of JSON without spaces, a quarter fewer tokens to write than with them."""
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True)
class Message:
    """One customer message with its form; ``grammar`` names the generator that wrote it."""

    text: str
    form: OrderForm
    grammar: str


def plural(name: str) -> str:
    """The plural of a product name by the regular rules of English spelling."""
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    if name.endswith("fe"):
        return name[:-2] + "ves"
    if name.endswith("lf"):
        return name[:-1] + "ves"
    return name + "s"


def ordinal(day: int) -> str:
    """A day of the month as 1st, 2nd, 3rd, 11th ..."""
    if 10 <= day % 100 <= 20:
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


def draw_date(rng: random.Random) -> tuple[int, int]:
    """A month and a day that exist in every year."""
    return rng.randint(1, 12), rng.randint(1, 28)


def month_day(month: int, day: int) -> str:
    """The form's own way to write a date."""
    return f"{month:02d}-{day:02d}"


def draw_order(rng: random.Random) -> str:
    """An order number in the form's own way of writing: a letter and four digits."""
    return f"{rng.choice(ORDER_LETTERS)}{rng.randint(1000, 9999)}"


def sentence_case(text: str) -> str:
    """First letter capital, the rest as it stands."""
    return text[:1].upper() + text[1:]


def agreement(quantity: int) -> dict[str, str]:
    """The words that follow a noun's number, for a phrase's placeholders.

    Args:
        quantity: how many of the product.

    Returns:
        it, they, is, was, has, does, one, this: each in the number of ``quantity``.
    """
    if quantity == 1:
        return {
            "it": "it",
            "they": "it",
            "is": "is",
            "was": "was",
            "has": "has",
            "does": "does",
            "one": "one",
            "this": "this",
        }
    return {
        "it": "them",
        "they": "they",
        "is": "are",
        "was": "were",
        "has": "have",
        "does": "do",
        "one": "ones",
        "this": "these",
    }
