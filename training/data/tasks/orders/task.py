"""The default task: a customer's message becomes an order form in strict JSON.

Four sets: ``train`` (1,000 from the training grammar), ``iid`` (200 more of the same grammar), ``shifted`` (200 in
other wording about other products, the headline), ``sealed`` (200 by a third hand, scored once). What the fields mean
stands in ``orders_slots``; the grammars in ``orders_grammar``, ``orders_shifted`` and ``orders_sealed``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from training.data.tasks.base import Extracted, Row, Task
from training.data.tasks.orders import grammar as orders_grammar
from training.data.tasks.orders import sets as orders_sets
from training.data.tasks.orders.slots import FIELDS, INTENTS, URGENCIES, Message, OrderForm

SYSTEM = (
    "Turn the customer message into one line of JSON. intent: refund, replace, cancel, track, buy or invoice. product: "
    "singular, lower case. quantity: a number. order: a letter and four digits, or null. due: MM-DD or null. urgency: "
    "high or low if the writer says so, else normal."
)

TRAIN_SIZE = 1000
IID_SIZE = 200
IID_SEED_OFFSET = 1_000_003
_ORDER = re.compile(r"[A-Z]\d{4}")
_DUE = re.compile(r"\d\d-\d\d")

SHOTS = (
    (
        "Hi, please refund my two red kettles (order B-1234). I need it by 5 May. No rush. Thanks!",
        OrderForm("refund", "red kettle", 2, "B1234", "05-05", "low"),
    ),
    ("I want to buy 12 notebooks.", OrderForm("buy", "notebook", 12, None, None, "normal")),
    (
        "Hello, where is the steel bookshelf from order k 9071? This is urgent!",
        OrderForm("track", "steel bookshelf", 1, "K9071", None, "high"),
    ),
    (
        "The invoice for three office chairs is missing. Please send it before October 21st.",
        OrderForm("invoice", "office chair", 3, None, "10-21", "normal"),
    ),
)


def _is_of_form(name: str, value: object) -> bool:
    """Whether a field has its type and form; right or wrong is another question."""
    if name == "intent":
        return value in INTENTS
    if name == "urgency":
        return value in URGENCIES
    if name == "product":
        return isinstance(value, str) and bool(value)
    if name == "quantity":
        return isinstance(value, int) and not isinstance(value, bool)
    pattern = _ORDER if name == "order" else _DUE
    return value is None or (isinstance(value, str) and pattern.fullmatch(value) is not None)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("repeated key")
    return dict(pairs)


def _loose(text: str) -> dict[str, object]:
    """The fields of the first JSON object anywhere in the text, forgiving fences, chatter, case and quoted numbers."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return {}
    loose: dict[str, object] = {}
    for key, value in found.items():
        key = str(key).strip().lower()
        loose[key] = _loose_value(key, value.strip()) if isinstance(value, str) else value
    return loose


def _loose_value(key: str, text: str) -> str | int | None:
    """A field that was written as a text, as the form wants it: lower case, a whole number, or None."""
    if key in ("intent", "urgency", "product"):
        return text.lower()
    if key == "quantity" and text.isdigit():
        return int(text)
    if key in ("order", "due") and text.lower() in ("", "null", "none"):
        return None
    return re.sub(r"[^A-Za-z0-9]", "", text).upper() if key == "order" else text


def _same(left: object, right: object) -> bool:
    return left == right and type(left) is type(right)


@dataclass(frozen=True)
class Orders(Task):
    """Messages to order forms."""

    def rows(self, set_name: str, count: int | None = None, seed: int = 0, variant: str = "default") -> list[Row]:
        """Rows of ``train`` and ``iid`` (by seed and variant), ``shifted`` and ``sealed`` (the same for everybody).

        Raises:
            ValueError: unknown set or variant.
        """
        if variant not in orders_grammar.VARIANTS:
            raise ValueError(f"unknown variant {variant!r}; there are {', '.join(orders_grammar.VARIANTS)}")
        if set_name not in self.sets:
            return super().rows(set_name)
        if set_name in orders_sets.HELD_OUT_GRAMMARS:
            messages = orders_sets.held_out(set_name)[:count]
        elif set_name == "train":
            messages = self._train(count or TRAIN_SIZE, seed, variant)
        else:
            # Always drawn from the full grammar, and clear of a training set of the usual size.
            avoid = {message.text for message in self._train(TRAIN_SIZE, seed, variant)}
            messages = orders_sets.draw(orders_grammar.message, seed + IID_SEED_OFFSET, count or IID_SIZE, avoid)
        return [
            self.row(message.text, message.form.to_json(), id=f"{set_name}-{place}", split=set_name)
            for place, message in enumerate(messages)
        ]

    def _train(self, count: int, seed: int, variant: str) -> list[Message]:
        richness = orders_grammar.VARIANTS[variant]
        return orders_sets.draw(lambda rng: orders_grammar.message(rng, richness), seed, count)

    def extract(self, text: str) -> Extracted:
        """The form, if the answer is exactly one JSON object with the six keys, each of its form."""
        text = text.strip()
        if "{" not in text:
            return Extracted(None, "no-json")
        try:
            value = json.loads(text, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError):
            around = text[0] != "{" or text[-1] != "}"
            return Extracted(None, "text-around-json" if around and _loose(text) else "bad-json")
        if not isinstance(value, dict):
            return Extracted(None, "not-an-object")
        for name in FIELDS:
            if name not in value:
                return Extracted(None, f"missing-key:{name}")
        for name in value:
            if name not in FIELDS:
                return Extracted(None, f"unknown-key:{name}")
        for name in FIELDS:
            if not _is_of_form(name, value[name]):
                return Extracted(None, f"wrong-form:{name}")
        return Extracted(value)

    def score(self, text: str, target: str) -> dict[str, float]:
        """``exact`` (strict and all six right), ``valid`` (strict form), ``content`` and ``field`` (forgiving form)."""
        expected = json.loads(target)
        strict = self.extract(text).value
        loose = _loose(text)
        fields = {name: float(name in loose and _same(loose[name], expected[name])) for name in FIELDS}
        return {
            "exact": float(strict is not None and all(_same(strict[name], expected[name]) for name in FIELDS)),
            "valid": float(strict is not None),
            "content": float(all(fields.values())),
            "field": sum(fields.values()) / len(FIELDS),
            **{f"field:{name}": right for name, right in fields.items()},
        }


TASK = Orders(
    name="orders",
    title="customer message to order form",
    shape="strict JSON with six fields",
    system=SYSTEM,
    sets=("train", "iid", "shifted", "sealed"),
    headline="shifted",
    metrics=("exact", "field", "content", "valid", *(f"field:{name}" for name in FIELDS)),
    max_new_tokens=72,
    shots=tuple((message, form.to_json()) for message, form in SHOTS),
)
