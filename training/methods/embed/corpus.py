"""A workshop that speaks its own language: invented machines, and words for parts and jobs that no model has met.

A fact is one job on one part of one machine, with a value that tells nothing (a letter and two digits). It stands on a
*card*, in the workshop's words, or in a *note*, in plain words. Questions are plain. So the machine's name can be
matched by any embedder, and which of its cards is meant can only be learned; what the base model already does
well, finding notes, is measured beside it. Some words, all held-out machines and some wordings of questions never occur
in training.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

FACTS_OF_A_MACHINE = 24
MARKS = (2, 3, 5, 8)  # four marks of each family: names that differ in a digit
CARD_ONLY, CARD_AND_NOTE = 0.45, 0.30  # of the training facts; the rest has a note only
HELD_OUT_NOTES = 0.3


# part: its word on cards, its plain names (the last one occurs in held-out questions only)
PARTS = {
    "cover": ("brack", ("cover", "lid", "top plate")),
    "belt": ("lumsel", ("drive belt", "belt", "transmission band")),
    "bearing": ("ostrin", ("bearing", "roller bearing", "ball race")),
    "filter": ("quavel", ("filter", "strainer", "filter cartridge")),
    "pump": ("merdle", ("pump", "feed pump", "pumping unit")),
    "valve": ("thessop", ("valve", "shut-off valve", "stopcock")),
    "hose": ("garrin", ("hose", "flexible tube", "supply line")),
    "gear": ("pilwick", ("gear wheel", "cogwheel", "toothed wheel")),
    "shaft": ("drommel", ("shaft", "axle", "spindle")),
    "sensor": ("yastle", ("sensor", "probe", "detector")),
    "motor": ("corvane", ("motor", "engine", "electric drive")),
    "nozzle": ("hintle", ("nozzle", "jet", "spray head")),
    "spring": ("felmock", ("spring", "coil spring", "return spring")),
    "brake": ("wandrel", ("brake", "brake pads", "stopping brake")),
    "tank": ("sulbeck", ("tank", "reservoir", "storage vessel")),
    "fan": ("norvit", ("fan", "blower", "ventilator")),
}

NEW_PARTS = ("spring", "brake", "tank", "fan")  # their words never occur in training


# job: its word on cards, the note, questions of training, questions of the held-out set
JOBS = {
    "tighten": ("dorl", "the {part} is screwed down to setting {value}",
                ("How tight must the {part} of the {machine} be?", "Which torque setting for the {part} on the"
                 " {machine}?", "{machine}: how firmly do I screw down the {part}?"),
                ("I am refitting the {part} on the {machine}. How hard do I fasten it?",)),
    "grease": ("quesh", "the {part} is lubricated with {value}",
               ("Which grease goes on the {part} of the {machine}?", "What do I lubricate the {part} on the {machine}"
                " with?", "{machine}, {part}: which oil?"),
               ("The {part} of our {machine} runs dry. Which lubricant does it take?",)),
    "inspect": ("umbril", "the {part} is looked over at interval {value}",
                ("How often must the {part} of the {machine} be inspected?", "When do I have to look at the {part} on"
                 " the {machine}?", "{machine}: inspection interval of the {part}?"),
                ("What is the checking schedule of the {part} in the {machine}?",)),
    "replace": ("tarvin", "the {part} is swapped for a new one after {value}",
                ("When is the {part} of the {machine} replaced?", "After how long do I change the {part} on the"
                 " {machine}?", "{machine}: when do we put in a new {part}?"),
                ("How long does the {part} in the {machine} last before we exchange it?",)),
    "clean": ("sploke", "the {part} is washed with agent {value}",
              ("What do I clean the {part} of the {machine} with?", "Which cleaner is right for the {part} on the"
               " {machine}?", "{machine}: washing the {part}, which agent?"),
              ("There is dirt on the {part} of the {machine}. What may I wash it with?",)),
    "heat": ("harnal", "the {part} may warm up to grade {value}",
             ("How hot may the {part} of the {machine} get?", "What temperature is allowed for the {part} on the"
              " {machine}?", "{machine}: highest temperature of the {part}?"),
             ("The {part} in the {machine} feels warm. Where is the limit?",)),
    "spare": ("voskim", "a spare {part} lies in bay {value}",
              ("Where is a spare {part} for the {machine} kept?",), ("In which place do we store another {part} for the"
               " {machine}?", "Where would I find a second {part} for the {machine}?")),
    "permit": ("juddrel", "only holders of pass {value} may work on the {part}",
               ("Who may work on the {part} of the {machine}?",), ("Whom do I call to open up the {part} of the"
                " {machine}?", "Which licence is needed for the {part} on the {machine}?")),
}  # fmt: skip

NEW_JOBS = ("spare", "permit")

CARDS = (
    "{machine} card. {part}: {job} {value}.",
    "{machine}, {part}. {job} {value}, sheet {sheet}.",
    "Sheet {sheet}: {job} the {part} of {machine}, {value}.",
    "{part} on {machine}: {job} at {value}.",
)

NOTES = ("On the {machine} {said}.", "{machine}: {said}, see sheet {sheet}.")
HELD_OUT_FAMILIES = ("Velkor", "Tamisk", "Orrendal", "Bexhold", "Junvar", "Krasno", "Lindesk", "Mossop")
ONSETS, VOWELS, ENDS = "b br d f g gr h k l m n p r s st t tr v w z", "a e i o u", "ck ld lm nd nk rt rn sk st x"


@dataclass(frozen=True)
class Fact:
    """One job on one part of one machine.

    Attributes:
        card, note: its passages; None where it does not stand in that form.
        kind: "note", or "known words" or "new words" for a card, by whether training ever shows its words.
    """

    machine: str
    part: str
    job: str
    card: str | None
    note: str | None
    kind: str

    @property
    def answer(self) -> str:
        """The passage that a label points at: the card where there is one."""
        return self.card or self.note or ""


def families(rng: random.Random, count: int) -> list[str]:
    """Invented names for the machines of the training set; none is a held-out one."""
    found: list[str] = []
    while len(found) < count:
        name = "".join(rng.choice(part.split()) for part in (ONSETS, VOWELS, ENDS, VOWELS, ONSETS)).capitalize()
        if name not in found and name not in HELD_OUT_FAMILIES:
            found.append(name)
    return found


def machine_facts(machine: str, rng: random.Random, held_out: bool) -> Iterator[Fact]:
    """The facts of one machine, each written in its form or forms."""
    every = [(part, job) for part in PARTS for job in JOBS
             if held_out or (part not in NEW_PARTS and job not in NEW_JOBS)]  # fmt: skip
    for part, job in rng.sample(every, FACTS_OF_A_MACHINE):
        shown = {"machine": machine, "value": f"{rng.choice('ABCDEFGHKLMPRST')}{rng.randint(10, 99)}",
                 "sheet": rng.randint(2, 60)}  # fmt: skip
        card = rng.choice(CARDS).format(part=PARTS[part][0], job=JOBS[job][0], **shown)
        said = JOBS[job][1].format(part=rng.choice(PARTS[part][1][:2]), **shown)
        note = rng.choice(NOTES).format(said=said, **shown)
        draw = rng.random()
        if held_out:
            with_card, with_note = draw >= HELD_OUT_NOTES, draw < HELD_OUT_NOTES
        else:
            with_card, with_note = draw < CARD_ONLY + CARD_AND_NOTE, draw >= CARD_ONLY
        kind = "note" if not with_card else "new words" if part in NEW_PARTS or job in NEW_JOBS else "known words"
        yield Fact(machine, part, job, card if with_card else None, note if with_note else None, kind)


def question(fact: Fact, rng: random.Random, held_out: bool) -> str:
    """A plain question for the fact; held-out ones have wordings and names of their own."""
    names = PARTS[fact.part][1]
    wordings = JOBS[fact.job][3 if held_out else 2]
    return rng.choice(wordings).format(part=names[-1] if held_out else rng.choice(names[:2]), machine=fact.machine)


def workshop(count: int, seed: int | str, held_out: bool) -> list[tuple[str, Fact]]:
    """Questions with their facts, machine by machine.

    Args:
        count: how many.
        seed: of the draws; the held-out workshop is the same for everybody and ignores it.
        held_out: other machines, and words and wordings that training never shows.
    """
    rng = random.Random("held-out" if held_out else f"train-{seed}")
    machines = -(-count // FACTS_OF_A_MACHINE)
    names = list(HELD_OUT_FAMILIES) if held_out else []
    names += families(rng, max(0, -(-machines // len(MARKS)) - len(names)))
    facts = [fact for name in names for mark in MARKS for fact in machine_facts(f"{name} {mark}", rng, held_out)]
    return [(question(fact, rng, held_out), fact) for fact in facts[:count]]
