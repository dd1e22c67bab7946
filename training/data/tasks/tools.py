"""Calls of tools: the desk of a small harbour calls one of four made-up functions, or says that it cannot help.

A training row is a whole exchange: question, call, the function's answer, and the sentence that tells it; both of the
assistant's turns are learnt. Held-out rows end either with the call or with the sentence. The score compares what is
called, not the letters of the call (``training.data.calls``). ``shifted`` asks in other words, of other places.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from training.data import calls
from training.data.calls import Call
from training.data.tasks.base import Extracted, Row
from training.data.tasks.drawn import SHIFTED, DrawnTask

SYSTEM = "You are the desk of a harbour. Call a function where one fits."
NOTHING = "I can only help with berths, tides, fuel and repairs."
SIZES = {"train": 400, "iid": 80, SHIFTED: 100}


def function(name: str, does: str, **arguments: str) -> dict[str, Any]:
    """A function as the chat template shows it; each argument with its JSON type."""
    properties = {argument: {"type": kind} for argument, kind in arguments.items()}
    inner = {"name": name, "description": does, "parameters": {"type": "object", "properties": properties}}
    return {"type": "function", "function": inner}


TOOLS = [
    function("find_berth", "A free berth.", length="integer", nights="integer"),
    function("high_tide", "Time of high water.", harbour="string", day="string"),
    function("order_fuel", "Diesel to a berth.", litres="integer", berth="string"),
    function("report_fault", "Something is broken.", what="string", berth="string"),
]

# function: how it is asked for in training, and in other words
WORDINGS = {
    "find_berth": (
        ("Do you have room for a boat of {length} metres for {nights} nights?",
         "A berth for {nights} nights, please; the boat is {length} metres long.",
         "We need a place: {length} metres, {nights} nights.",
         "Is there space for {length} metres, staying {nights} nights?"),
        ("Could a yacht of {length} metres lie here for {nights} nights?",
         "Hello, {nights} nights from today, ship's length {length} metres."),
    ),
    "high_tide": (
        ("When is high water in {harbour} on {day}?", "Tide at {harbour} on {day}, please.",
         "On {day}, when does the tide reach its highest in {harbour}?", "High tide, {harbour}, {day}?"),
        ("What time is the water highest at {harbour} {day}?", "I sail to {harbour} on {day}: when is it high tide?"),
    ),
    "order_fuel": (
        ("Please bring {litres} litres of diesel to {berth}.", "{litres} litres of fuel for berth {berth}.",
         "We lie at {berth} and need {litres} litres of diesel.", "Can I get {litres} litres of fuel at {berth}?"),
        ("Berth {berth} would like {litres} litres of diesel.", "Fill up {berth}, {litres} litres should do."),
    ),
    "report_fault": (
        ("The {what} at {berth} is broken.", "At {berth} the {what} does not work.",
         "Please repair the {what} at berth {berth}.", "Something is wrong with the {what} at {berth}."),
        ("Our {what} has failed, we are at {berth}.", "Berth {berth} here: the {what} needs a look."),
    ),
}  # fmt: skip
OTHER = (
    ("What is the capital of Peru?", "Tell me a joke.", "How do I bake bread?", "Who won the match?",
     "Write a poem about autumn.", "How do I fix my bicycle?", "What is seven times eight?", "Which film is good?",
     "Translate 'hello' into French.", "How tall is a giraffe?"),
    ("Do you know a recipe for soup?", "Why is the sky blue?", "Book me a flight to Rome.", "How old is the moon?",
     "Which phone should I buy?"),
)  # fmt: skip
HARBOURS = (("Aldwick", "Brenholm", "Cray Bay", "Dunmouth", "Elsfjord"), ("Farrow", "Gullhaven", "Hythe Point"))
FAULTS = (("lamp", "water tap", "socket", "ladder", "gate", "pump"), ("crane", "mooring ring", "bin", "heater"))
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Tools(DrawnTask):
    """The task; ``score`` reads calls."""

    def pairs(self, rng: random.Random, shifted: bool) -> list[list[dict[str, Any]]]:
        """One drawing of exchanges, in which every question is asked once."""
        found, seen = [], set()
        while len(found) < self.wanted(shifted):
            turns = exchange(rng, int(shifted))
            if turns[0]["content"] not in seen:
                seen.add(turns[0]["content"])
                found.append(turns)
        return found

    def drawn_row(self, one: list[dict[str, Any]], set_name: str, place: int) -> Row:
        """A row; of a held-out exchange three in four end with the call."""
        turns = one[:2] if set_name != "train" and place % 4 != 3 else one
        return {"messages": [{"role": "system", "content": self.system}, *turns], "tools": TOOLS,
                "id": f"{set_name}-{place}", "split": set_name}  # fmt: skip

    def extract(self, text: str) -> Extracted:
        """The calls of an answer, or its text where it calls nothing."""
        found = calls.read(text)
        return Extracted(found) if found else super().extract(text)

    def score(self, text: str, target: str) -> dict[str, float]:
        """By the call."""
        return calls.score(text, target)


def exchange(rng: random.Random, words: int) -> list[dict[str, Any]]:
    """One exchange after the system turn; ``words`` 0 takes the wordings and places of training, 1 the others."""
    if rng.random() < 0.12:
        return [user(rng.choice(OTHER[words])), said(NOTHING)]
    name = rng.choice(list(WORDINGS))
    berth = f"{rng.choice('ABCDE')}{rng.randint(1, 30)}"
    given, result, sentence = drawn(rng, name, berth, words)
    call = {"type": "function", "function": {"name": name, "arguments": given}}
    return [user(rng.choice(WORDINGS[name][words]).format(**given)),
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "name": name, "content": json.dumps(result)}, said(sentence)]  # fmt: skip


def drawn(rng: random.Random, name: str, berth: str, words: int) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Arguments of a call, what the function gives back, and the sentence that tells it."""
    price, hour = rng.randint(12, 90), f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
    if name == "find_berth":
        given = {"length": rng.randint(5, 25), "nights": rng.randint(2, 14)}
        return given, {"berth": berth, "euros": price}, f"Berth {berth} is free, {price} euros a night."
    if name == "high_tide":
        given = {"harbour": rng.choice(HARBOURS[words]), "day": rng.choice(DAYS)}
        return given, {"time": hour}, f"High water is at {hour}."
    if name == "order_fuel":
        given = {"litres": rng.randint(2, 60) * 5, "berth": berth}
        return given, {"time": hour, "euros": price}, f"The fuel comes at {hour} and costs {price} euros."
    given = {"what": rng.choice(FAULTS[words]), "berth": berth}
    return given, {"number": price}, f"Thank you, it is noted as number {price}."


def user(text: str) -> dict[str, Any]:
    """A question."""
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    """An answer in words."""
    return {"role": "assistant", "content": text}


TASK = Tools(
    name="tools",
    title="harbour desk",
    shape="one call of four functions with its arguments, the sentence after it, or a refusal; scored by the call",
    system=SYSTEM,
    sets=tuple(SIZES),
    sizes=SIZES,
    shifted_seed=7,
    headline=SHIFTED,
    metrics=("exact", "valid", "content", "field"),
    max_new_tokens=64,
    shots=(
        ("We want to stay 3 nights with 9 metres.", calls.as_text(Call("find_berth", {"length": 9, "nights": 3}))),
        ("High water at Dunmouth, Friday?", calls.as_text(Call("high_tide", {"harbour": "Dunmouth", "day": "Friday"}))),
        ("40 litres for B2, please.", calls.as_text(Call("order_fuel", {"litres": 40, "berth": "B2"}))),
        ("How do I knit a scarf?", NOTHING),
    ),
    refusal=NOTHING,
)
