"""The training grammar of the order-form task.

    message  = [opener] body [closer]
    body     = request with up to one story, one filler, one due sentence and one urgency sentence, in many orders
    request  = direct sentence with item and order number
             | introduction naming the item, then a short sentence that asks
    item     = determiner or count, product          order number = inside the request | a sentence of its own
    product  = [modifier [modifier]] head noun | invented name [model number] [noun]

``Richness`` switches the ingredients off one by one: that is how the ablation finds what makes a fine-tuned model cope
with other wording and other products.
"""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass

from training.data.tasks.orders import phrases as orders_phrases
from training.data.tasks.orders import slots as orders_slots
from training.data.tasks.orders import words as orders_words

NAME = "train"
NARROW_PHRASES = 6
NARROW_PRODUCTS = 20
_CHOICE = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Richness:
    """Which ingredients the training data has.

    Attributes:
        wordings: all wordings with their alternatives, or the first six of each list as they stand.
        products: modifiers, some 370 nouns and invented names, or twenty plain nouns.
        structure: stories, fillers with misleading numbers, pronouns, many sentence orders, or none of them.
        noise: lower case, slips of the finger, missing full stops, or clean text.
    """

    wordings: bool = True
    products: bool = True
    structure: bool = True
    noise: bool = True


VARIANTS = {
    "default": Richness(),
    "narrow": Richness(wordings=False, products=False, structure=False, noise=False),
    "few-wordings": Richness(wordings=False),
    "few-products": Richness(products=False),
    "plain-structure": Richness(structure=False),
    "no-noise": Richness(noise=False),
}


def expansions(template: str) -> list[str]:
    """Every sentence that a template with ``[a|b]`` alternatives stands for."""
    pieces = _CHOICE.split(template)
    options = [piece.split("|") if index % 2 else [piece] for index, piece in enumerate(pieces)]
    return ["".join(choice) for choice in itertools.product(*options)]


def slot_phrases() -> list[str]:
    """Every wording that stands around a slot, alternatives spelt out, placeholders kept."""
    groups = [
        *orders_phrases.DIRECT.values(),
        *orders_phrases.AFTER.values(),
        orders_phrases.INTRODUCTIONS,
        orders_phrases.BUY_INTRODUCTIONS,
        orders_words.ORDER_PHRASES,
        orders_words.ORDER_SENTENCES,
        orders_words.DUE_PHRASES,
        *orders_words.URGENCY_PHRASES.values(),
    ]
    return [text for group in groups for template in group for text in expansions(template)]


def pick(templates: tuple[str, ...], rng: random.Random, rich: bool = True) -> str:
    """One wording: any template with its alternatives drawn, or one of the first six as it stands."""
    if not rich:
        return expansions(templates[rng.randrange(min(NARROW_PHRASES, len(templates)))])[0]
    return _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), rng.choice(templates))


def _invented(rng: random.Random) -> str:
    name = "".join(rng.choice(orders_words.SYLLABLES) for _ in range(rng.choice((2, 2, 3))))
    model = f" {rng.choice((20, 50, 100, 300, 500, 900))}" if rng.random() < 0.2 else ""
    return f"{name}{model} {rng.choice(orders_words.INVENTED_NOUNS)}"


def draw_product(rng: random.Random, rich: bool = True) -> str:
    """A product name as the form wants it: lower case, singular."""
    if not rich:
        return rng.choice(orders_words.HEADS[:NARROW_PRODUCTS])
    kind = rng.random()
    if kind < 0.15:
        return _invented(rng)
    count = 0 if kind < 0.45 else 1 if kind < 0.88 else 2
    return " ".join((*rng.sample(orders_words.MODIFIERS, count), rng.choice(orders_words.HEADS)))


def draw_quantity(rng: random.Random) -> int:
    """How many: often one, mostly few, sometimes many."""
    kind = rng.random()
    if kind < 0.33:
        return 1
    return rng.randint(2, 12) if kind < 0.9 else rng.choice((15, 16, 18, 20, 24, 25, 30, 36, 40, 50, 60, 75))


def write_item(product: str, quantity: int, intent: str, rng: random.Random) -> str:
    """The product with its number, as it stands in a sentence."""
    many = orders_slots.plural(product)
    if quantity == 1:
        determiner = rng.choice(orders_words.SINGULAR_DETERMINERS)
        if determiner in ("my", "our", "that") and intent == "buy":
            determiner = "a"
        if determiner == "a" and product[0] in "aeiou":
            determiner = "an"
        return f"{determiner} {product}"
    if rng.random() < 0.12:
        return (many if rng.random() < 0.7 else product) + rng.choice(orders_words.COUNT_AFTER).format(count=quantity)
    if quantity in orders_words.COUNTED_PHRASES and rng.random() < 0.3:
        return f"{rng.choice(orders_words.COUNTED_PHRASES[quantity])} {many}"
    count = orders_slots.NUMBER_WORDS.get(quantity, str(quantity)) if rng.random() < 0.5 else str(quantity)
    if rng.random() < 0.08:
        return f"{quantity}{rng.choice(('x', ' x'))} {many}"
    return f"{rng.choice(orders_words.PLURAL_DETERMINERS)}{count} {many}"


def write_order(order: str, rng: random.Random) -> str:
    """An order number the way people type it."""
    letter, digits = order[0], order[1:]
    return rng.choice(
        (
            order,
            order,
            f"{letter}-{digits}",
            f"{letter} {digits}",
            f"{letter.lower()}{digits}",
            f"#{order}",
            f"{letter.lower()}-{digits}",
            f"{letter}/{digits}",
            f"{letter}.{digits}",
            f"{letter}_{digits}",
            f"no. {order}",
        )
    )


def write_date(month: int, day: int, rng: random.Random) -> str:
    """A date the way people type it; never in figures alone where day and month could be mistaken."""
    name, nth = orders_slots.MONTHS[month - 1], orders_slots.ordinal(day)
    short = name[:3]
    return rng.choice(
        (
            f"{day} {name}",
            f"{name} {day}",
            f"{name} {nth}",
            f"the {nth} of {name}",
            f"{day} {short}",
            f"{short} {day}",
            f"{nth} {name}",
            f"{name} the {nth}",
            f"{nth} of {name}",
            f"{short} {nth}",
            f"{day}. {name}",
            f"{day}-{short}",
            f"{2026 + (month < 6)}-{month:02d}-{day:02d}",
            f"{name} {day}, {2026 + (month < 6)}",
            f"the {nth} {name}",
        )
    )


def _agreement(quantity: int) -> dict[str, str]:
    extra = (
        {"new_one": "a new one", "working_one": "a working one", "good_one": "a flawless one"}
        if quantity == 1
        else {"new_one": "new ones", "working_one": "working ones", "good_one": "flawless ones"}
    )
    return {**orders_slots.agreement(quantity), **extra}


def slip(text: str, rng: random.Random) -> str:
    """One slip of the finger in one word of at least five letters; placeholders and slots stay whole."""
    places = [match.start() for match in re.finditer(r"(?<![\w{])[a-z]{5,}(?![\w}])", text)]
    if not places:
        return text
    at = rng.choice(places) + rng.randint(1, 2)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + (text[at] * 2 if kind == 1 else "") + text[at + 1 :]


def _tidy(reference: str) -> str:
    """An order phrase whose own sign or abbreviation is not written twice."""
    for doubled, once in (("##", "#"), ("#no. ", "no. "), ("no. no. ", "no. "), ("No. no. ", "No. ")):
        reference = reference.replace(doubled, once)
    return reference


def _punctuate(sentence: str) -> str:
    """A sentence whose slots have left no doubled or stray comma."""
    return re.sub(r",\s?(?=[,.:;?!])", "", sentence)


def _request(form: orders_slots.OrderForm, richness: Richness, rng: random.Random) -> list[str]:
    """The sentences that name the item and ask for something, with the order number in one of them."""
    inline = form.order is not None and (not richness.structure or rng.random() < 0.7)
    written = write_order(form.order, rng) if form.order else ""
    reference = _tidy(pick(orders_words.ORDER_PHRASES, rng, richness.wordings).format(order=written)) if inline else ""
    item = write_item(form.product, form.quantity, form.intent, rng)
    values = {"item": item, "ref": reference, **_agreement(form.quantity)}
    if richness.structure and rng.random() < 0.4:
        openings = orders_phrases.BUY_INTRODUCTIONS if form.intent == "buy" else orders_phrases.INTRODUCTIONS
        templates = [
            pick(openings, rng, richness.wordings),
            pick(orders_phrases.AFTER[form.intent], rng, richness.wordings),
        ]
    else:
        templates = [pick(orders_phrases.DIRECT[form.intent], rng, richness.wordings)]
    if richness.structure and rng.random() < 0.3:
        story = pick(orders_phrases.STORIES[rng.choice(orders_phrases.STORIES_FOR[form.intent])], rng)
        templates.insert(1, story)
    if richness.noise and rng.random() < 0.15:
        place = rng.randrange(len(templates))
        templates[place] = slip(templates[place], rng)
    sentences = [orders_slots.sentence_case(_punctuate(template.format(**values))) for template in templates]
    if form.order and not inline:
        place = rng.choice((0, len(sentences)))
        sentence = pick(orders_words.ORDER_SENTENCES, rng, richness.wordings).format(order=written)
        sentences.insert(place, orders_slots.sentence_case(_tidy(sentence)))
    return sentences


def _body(form: orders_slots.OrderForm, richness: Richness, rng: random.Random) -> list[str]:
    """The request and, around it in any order, due date, urgency and small talk."""
    around = []
    if form.due:
        month, day = (int(part) for part in form.due.split("-"))
        around.append(
            orders_slots.sentence_case(
                pick(orders_words.DUE_PHRASES, rng, richness.wordings).format(date=write_date(month, day, rng))
            )
        )
    if form.urgency != "normal":
        around.append(pick(orders_words.URGENCY_PHRASES[form.urgency], rng, richness.wordings))
    if richness.structure and rng.random() < 0.35:
        around.append(pick(orders_words.FILLERS, rng))
    rng.shuffle(around)
    request = _request(form, richness, rng)
    before = rng.choice((0, 0, 1, len(around))) if richness.structure else 0
    return [*around[:before], *request, *around[before:]]


def _noise(text: str, rng: random.Random) -> str:
    """Habits of people who type in a hurry."""
    if rng.random() < 0.1:
        text = text.lower()
    if rng.random() < 0.1:
        text = text.rstrip(".!")
    if rng.random() < 0.06:
        text = text.replace(". ", " ", 1) if rng.random() < 0.5 else text.replace(". ", ", ", 1)
    if rng.random() < 0.08:
        text = text.replace(". ", ".\n", 1)
    return text


def message(rng: random.Random, richness: Richness | None = None) -> orders_slots.Message:
    """One training message with its form.

    Args:
        rng: source of all choices.
        richness: which ingredients; all of them when left out.
    """
    richness = richness or VARIANTS["default"]
    intent = rng.choice(orders_slots.INTENTS)
    order = orders_slots.draw_order(rng) if intent != "buy" and rng.random() < 0.7 else None
    due = orders_slots.month_day(*orders_slots.draw_date(rng)) if rng.random() < 0.5 else None
    urgency = rng.choice(("normal", "normal", "normal", "high", "high", "low", "low"))
    form = orders_slots.OrderForm(intent, draw_product(rng, richness.products), draw_quantity(rng), order, due, urgency)
    parts = [rng.choice(orders_words.OPENERS), *_body(form, richness, rng), rng.choice(orders_words.CLOSERS)]
    text = " ".join(part for part in parts if part)
    return orders_slots.Message(_noise(text, rng) if richness.noise else text, form, NAME)
