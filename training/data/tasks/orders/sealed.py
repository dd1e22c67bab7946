"""The sealed third grammar: a third hand, scored once, at the end.

Nothing is tuned on it: not the training grammar, not the learning rate, not the prompt. Its figure stands
next to the shifted set's to show how much choosing by the shifted set flattered that one.
"""

from __future__ import annotations

import random

from training.data.tasks.orders import slots as orders_slots

NAME = "sealed"
SEED = 314159

HEADS = (
    "accordion",
    "air mattress",
    "bread knife",
    "cat carrier",
    "deck chair",
    "electric fan",
    "fondue pot",
    "globe",
    "ironing board",
    "jewellery case",
    "karaoke microphone",
    "lunch box",
    "mirror",
    "nail gun",
    "oven glove",
    "piggy bank",
    "quilt",
    "rolling pin",
    "shower curtain",
    "trampoline",
    "vacuum flask",
    "walking stick",
    "xylophone",
    "yoga block",
    "zip pouch",
    "soap dispenser",
    "door bell",
    "bath brush",
    "wine glass",
    "magnifying lamp",
    "sledge",
    "compass",
)

MODIFIERS = (
    "amber",
    "granite",
    "inflatable",
    "satin",
    "teal",
    "tall",
    "copper",
    "pocket",
    "dotted",
    "cordless",
    "vintage",
    "slim",
)

INTENT_PHRASES = {
    "refund": (
        "Please arrange for the full amount of {item}{ref} to be returned to my account.",
        "{item}{ref} failed to impress, I'd rather see my money again.",
        "You still owe me what {item}{ref} cost.",
        "Send the sum I spent on {item}{ref} back the way it came.",
        "I claim a complete refund on account of {item}{ref}.",
        "My bank statement still shows {item}{ref}; credit that, as promised on return.",
    ),
    "replace": (
        "The post crushed {item}{ref}, so mail out undamaged {one}.",
        "Kindly supply a second attempt at {item}{ref}: the first is unusable.",
        "{item}{ref} came in the wrong colour and I insist on a swap.",
        "A part is missing from {item}{ref}; a complete new set must be sent.",
        "Since {item}{ref} refuse to switch on, I request an exchange for the same model.",
        "Honour the guarantee on {item}{ref} with a brand new replacement.",
    ),
    "cancel": (
        "We shall not be needing {item}{ref} after all, stop everything.",
        "Tell the packers to leave out {item}{ref}.",
        "Delete {item}{ref} from my pending purchases.",
        "Having found {item} cheaper next door, I call the deal off{ref}.",
        "Pull the plug on delivering {item}{ref}.",
        "Please abandon my order of {item}{ref}, which I regret.",
    ),
    "track": (
        "Our package holding {item}{ref} seems lost, where was it last scanned?",
        "When should I stay home to receive {item}{ref}?",
        "Any idea what is keeping {item}{ref}?",
        "The lorry with {item}{ref} never showed up; what does the system say?",
        "Tell me the expected arrival of {item}{ref}.",
        "Has customs let {item}{ref} through, or is everything still abroad?",
    ),
    "buy": (
        "Put {item} on our next delivery, please, we pay on arrival.",
        "What I'd love from your range is {item}, so book that for me.",
        "A friend recommended {item} and now I want the same.",
        "Sign me up as the owner of {item}.",
        "May our school obtain {item} from you?",
        "Let me order {item} by this message.",
    ),
    "invoice": (
        "Could a copy of the bill on {item}{ref} reach me by post?",
        "My insurer demands evidence of the price of {item}{ref}, so send a receipt.",
        "Write an invoice with tax shown for {item}{ref}.",
        "The statement for {item}{ref} never came along with the goods, please provide it.",
        "I require documents for my books about {item}{ref}, that is the invoice.",
        "Where do you keep the receipts? I need that of {item}{ref}.",
    ),
}

ORDER_PHRASES = (" under number {order}", " (order code {order})", " <{order}>")

DUE_PHRASES = (
    "It all must be finished when {date} comes.",
    "{date} is as late as I can accept.",
    "Let nothing slip past {date}.",
    "You have time until {date}.",
)

URGENCY_PHRASES = {
    "high": (
        "Make haste!",
        "I beg you to act this very minute.",
        "We stand to lose customers with every delay.",
        "Critical, respond at top speed.",
        "I'm out of patience and out of time.",
    ),
    "low": (
        "Nobody is in a rush here.",
        "Next month would be just as good.",
        "Get to it once things calm down.",
        "No pressure whatsoever.",
        "Answer whenever it is convenient.",
    ),
}

OPENERS = ("Hello team,", "Good day to you,", "To whom it may concern,", "", "")
CLOSERS = ("Sincerely, Marta", "With thanks, Leo", "Goodbye for now", "", "")

FILLERS = (
    "There are 3 of us in the family.",
    "I first called on Monday.",
    "Your advert ran on channel 12.",
    "The colour is lovely, I must say.",
)


def products() -> tuple[str, ...]:
    """Every product name that this grammar can write."""
    return tuple(HEADS) + tuple(f"{modifier} {head}" for modifier in MODIFIERS for head in HEADS)


def slot_phrases() -> tuple[str, ...]:
    """Every wording that stands around a slot, with its placeholders."""
    return (
        *(phrase for group in INTENT_PHRASES.values() for phrase in group),
        *ORDER_PHRASES,
        *DUE_PHRASES,
        *(phrase for group in URGENCY_PHRASES.values() for phrase in group),
    )


def _date(month: int, day: int, rng: random.Random) -> str:
    name = orders_slots.MONTHS[month - 1]
    return rng.choice(
        (
            f"{day} {name}",
            f"{name} {orders_slots.ordinal(day)}",
            f"the {orders_slots.ordinal(day)} of {name}",
            f"{name[:3]} {day}",
        )
    )


def _item(product: str, quantity: int, intent: str, rng: random.Random) -> str:
    if quantity == 1:
        owner = "a single" if intent == "buy" else "our"
        return f"{rng.choice(('the', owner, 'one'))} {product}"
    count = orders_slots.NUMBER_WORDS[quantity] if rng.random() < 0.5 else str(quantity)
    return f"{rng.choice(('', 'these '))}{count} {orders_slots.plural(product)}"


def _written_order(order: str, rng: random.Random) -> str:
    letter, digits = order[0], order[1:]
    return rng.choice((order, f"{letter}-{digits}", f"no. {order}", f"{letter.lower()}-{digits}"))


def message(rng: random.Random) -> orders_slots.Message:
    """One message of this grammar with its form."""
    intent = rng.choice(orders_slots.INTENTS)
    product = rng.choice(HEADS)
    if rng.random() < 0.6:
        product = f"{rng.choice(MODIFIERS)} {product}"
    quantity = rng.choice((1, 1, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12))
    order = orders_slots.draw_order(rng) if intent != "buy" and rng.random() < 0.75 else None
    reference = rng.choice(ORDER_PHRASES).format(order=_written_order(order, rng)) if order else ""
    main = rng.choice(INTENT_PHRASES[intent]).format(
        item=_item(product, quantity, intent, rng), ref=reference, one=orders_slots.agreement(quantity)["one"]
    )
    parts, due = [orders_slots.sentence_case(main)], None
    if rng.random() < 0.5:
        month, day = orders_slots.draw_date(rng)
        due = orders_slots.month_day(month, day)
        parts.append(orders_slots.sentence_case(rng.choice(DUE_PHRASES).format(date=_date(month, day, rng))))
    urgency = rng.choice(("normal", "normal", "high", "low"))
    if urgency != "normal":
        parts.insert(rng.randint(0, len(parts)), rng.choice(URGENCY_PHRASES[urgency]))
    if rng.random() < 0.2:
        parts.insert(rng.randint(0, len(parts)), rng.choice(FILLERS))
    text = " ".join(part for part in (rng.choice(OPENERS), *parts, rng.choice(CLOSERS)) if part)
    return orders_slots.Message(text, orders_slots.OrderForm(intent, product, quantity, order, due, urgency), NAME)
