"""The shifted held-out grammar: other wording, other products, never used in training.

It was written and its output hashed before any training data was tried, so no choice about the training
grammar could be made to suit it. ``tests/training/data/tasks/test_orders.py`` pins the hash and asserts that
products are disjoint from the training grammar's and that slot phrases share no four words in a row with
it.
"""

from __future__ import annotations

import random

from training.data.tasks.orders import slots as orders_slots

NAME = "shifted"
SEED = 271828

HEADS = (
    "picture frame",
    "bicycle helmet",
    "blender",
    "sleeping bag",
    "printer",
    "wall clock",
    "doormat",
    "usb hub",
    "frying pan",
    "umbrella",
    "violin stand",
    "birdcage",
    "hammock",
    "chess set",
    "teapot",
    "lantern",
    "snow shovel",
    "rocking chair",
    "telescope",
    "fishing rod",
    "hair dryer",
    "paper shredder",
    "sewing machine",
    "ukulele",
    "wheelbarrow",
    "mattress topper",
    "curtain rail",
    "salad bowl",
    "skateboard",
    "first aid kit",
    "humidifier",
    "label maker",
    "rice cooker",
    "spice rack",
    "tool belt",
    "tyre pump",
    "waffle iron",
    "wetsuit",
    "board game",
    "flower pot",
    "wrist watch",
    "toolbox",
    "hairbrush",
    "coat hanger",
    "egg timer",
    "dartboard",
)

MODIFIERS = (
    "crimson",
    "bamboo",
    "foldable",
    "velvet",
    "turquoise",
    "heavy-duty",
    "brass",
    "mini",
    "striped",
    "waterproof",
    "antique",
    "handmade",
    "double",
    "silver",
    "padded",
    "nordic",
)

INTENT_PHRASES = {
    "refund": (
        "The payment taken for {item}{ref} should come back to me.",
        "We are unhappy with {item}{ref} and expect full repayment.",
        "Reimburse me in full for {item}{ref}.",
        "What must I fill in to be paid back for {item}{ref}?",
        "Undo the card charge over {item}{ref}, will you?",
        "My wife dislikes {item}{ref}, so a refund is all we ask.",
        "Take {item}{ref} off my hands and hand over the cash I spent.",
        "Store credit is no use to me: pay back the cost of {item}{ref}.",
        "{item}{ref} went back to your warehouse already, now transfer the purchase price to my bank.",
        "Nothing but getting every cent back will do for {item}{ref}.",
    ),
    "replace": (
        "{item}{ref} turned up smashed; ship me intact {one}.",
        "Swap {item}{ref} against {one} that actually work.",
        "A hinge snapped on {item}{ref}, may I have a new copy instead?",
        "You delivered {item}{ref} with scratches all over; I expect an exchange.",
        "Under warranty, please provide a substitute for {item}{ref}.",
        "The wrong size of {item}{ref} reached us, trade it for the right size.",
        "Could fresh stock go out in place of {item}{ref}, which leaked on day one?",
        "Faulty goods: {item}{ref}. Others of the same kind, please, not money.",
        "I'd sooner stay with your shop, so exchange {item}{ref} for sound {one}.",
        "{item}{ref} quit after two days; replacing beats repairing, so do that.",
    ),
    "cancel": (
        "Hold back {item}{ref}, our plans fell through.",
        "Withdraw my purchase of {item}{ref} before it leaves the depot.",
        "There is no further use for {item}{ref}; strike it off.",
        "Is it too late to back out of buying {item}{ref}?",
        "Void the order for {item}{ref}.",
        "We picked {item}{ref} by mistake, so kindly do not dispatch.",
        "Let us forget about {item}{ref}, annul the whole thing.",
        "Someone gave me {item} already, hence halt the shipment{ref}.",
        "Remove {item}{ref} from what you are about to pack.",
        "I must revoke the order placed for {item}{ref}.",
    ),
    "track": (
        "How far along is the parcel with {item}{ref}?",
        "Nothing has landed on my doorstep yet: {item}{ref}.",
        "Did {item}{ref} leave your depot already?",
        "Which day will the courier bring {item}{ref}?",
        "I keep checking the mailbox for {item}{ref}, any news on the shipment?",
        "Please locate my consignment of {item}{ref}.",
        "{item}{ref} should have been here ages ago, so where did they get stuck?",
        "Give me an update on the journey of {item}{ref}.",
        "Is my box with {item}{ref} on a van or still on your shelf?",
        "Share the shipment number covering {item}{ref}, so that I can follow it.",
    ),
    "buy": (
        "Our team wishes to acquire {item}.",
        "Add {item} to my basket and charge my usual card.",
        "How can I get hold of {item}? I'm ready to pay.",
        "Please supply {item} to our new branch.",
        "I'll take {item}.",
        "Is it possible to have {item} shipped to us? We pay in advance.",
        "Count me in for {item} from the new catalogue.",
        "A new order from us: {item}.",
        "We have decided on {item}, so go ahead and send the goods.",
        "My daughter wishes for {item}, hence this purchase.",
    ),
    "invoice": (
        "For tax reasons a receipt covering {item}{ref} is required.",
        "Where can I download the bill belonging to {item}{ref}?",
        "Kindly forward the invoice document of {item}{ref} to my inbox.",
        "Our finance people lack written proof of what we paid for {item}{ref}.",
        "Issue a formal statement of charges for {item}{ref}.",
        "The paper showing the amount for {item}{ref} got lost, mail me a duplicate.",
        "Without an itemised receipt for {item}{ref} I can't claim expenses.",
        "Make out the invoice for {item}{ref} to our company name.",
        "My boss wishes to see what {item}{ref} cost, so mail the bill, please.",
        "Audit time: the invoice on {item}{ref} is missing from our files.",
    ),
}

ORDER_PHRASES = (" [{order}]", " (my reference being {order})", " of purchase {order}", " (ref. {order})")

DUE_PHRASES = (
    "My cut-off date is {date}.",
    "Everything has to be wrapped up on or before {date}.",
    "After {date} it is useless to me.",
    "Aim for {date} at the latest.",
    "The final day for this is {date}.",
    "See to it that all is settled no later than {date}.",
)

URGENCY_PHRASES = {
    "high": (
        "Every hour counts.",
        "Treat this as a top priority.",
        "This cannot wait another day.",
        "I am desperate, act right away!",
        "Drop everything else for this.",
        "We are in serious time trouble.",
        "Speed is essential here.",
        "Handle it at once!",
    ),
    "low": (
        "I can wait for weeks.",
        "There is absolutely no hurry on our side.",
        "Deal with it at your leisure.",
        "It is a minor matter, do it some quiet afternoon.",
        "Feel free to leave this until later.",
        "Time is not an issue.",
        "Put it at the bottom of your pile.",
        "A slow answer suits me fine.",
    ),
}

OPENERS = ("Greetings,", "Dear Sir or Madam,", "Good evening,", "Hey folks,", "", "")
CLOSERS = ("Yours, Priya", "Many thanks, Jonas", "Cheers", "Kind wishes, Aiko", "", "")

FILLERS = (
    "My customer number is 48213.",
    "I spoke to Dana on the phone yesterday.",
    "The weather is dreadful here.",
    "Love your shop, by the way.",
    "I live on the 3rd floor.",
    "We have been clients since 2019.",
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
            f"{name} {day}",
            f"{name} the {orders_slots.ordinal(day)}",
            f"{orders_slots.ordinal(day)} {name}",
            f"{name[:3]} {orders_slots.ordinal(day)}",
        )
    )


def _item(product: str, quantity: int, intent: str, rng: random.Random) -> str:
    if quantity == 1:
        owner = "one" if intent == "buy" else "my"
        return f"{rng.choice(('the', owner, 'a single'))} {product}"
    count = orders_slots.NUMBER_WORDS[quantity] if rng.random() < 0.5 else str(quantity)
    return f"{rng.choice(('', '', 'the '))}{count} {orders_slots.plural(product)}"


def _written_order(order: str, rng: random.Random) -> str:
    letter, digits = order[0], order[1:]
    small = f"{letter.lower()}{digits}"
    return rng.choice((order, f"{letter}-{digits}", f"{letter} {digits}", f"{letter}/{digits}", small))


def message(rng: random.Random) -> orders_slots.Message:
    """One message of this grammar with its form."""
    intent = rng.choice(orders_slots.INTENTS)
    product = rng.choice(HEADS)
    if rng.random() < 0.6:
        product = f"{rng.choice(MODIFIERS)} {product}"
    quantity = rng.choice((1, 1, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12))
    order = orders_slots.draw_order(rng) if intent != "buy" and rng.random() < 0.75 else None
    reference = rng.choice(ORDER_PHRASES).format(order=_written_order(order, rng)) if order else ""
    main = rng.choice(INTENT_PHRASES[intent]).format(
        item=_item(product, quantity, intent, rng), ref=reference, one=orders_slots.agreement(quantity)["one"]
    )
    parts, due = [orders_slots.sentence_case(main)], None
    if rng.random() < 0.5:
        month, day = orders_slots.draw_date(rng)
        due = orders_slots.month_day(month, day)
        parts.append(rng.choice(DUE_PHRASES).format(date=_date(month, day, rng)))
    urgency = rng.choice(("normal", "normal", "high", "low"))
    if urgency != "normal":
        parts.insert(rng.randint(0, len(parts)), rng.choice(URGENCY_PHRASES[urgency]))
    if rng.random() < 0.2:
        parts.insert(rng.randint(0, len(parts)), rng.choice(FILLERS))
    text = " ".join(part for part in (rng.choice(OPENERS), *parts, rng.choice(CLOSERS)) if part)
    return orders_slots.Message(text, orders_slots.OrderForm(intent, product, quantity, order, due, urgency), NAME)
