"""Ordinary questions whose answers show what figures hide: is the answer about the question, or has the text rotted?"""

from __future__ import annotations

import re


def _topics(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    entries = [entry.split("=") for entry in " ".join(text.split()).split(";")]
    return tuple((question.strip(), tuple(words.strip().split("/"))) for question, words in entries)


# question = word stems of which one must appear in an answer about it
TOPICS = _topics("""What is a volcano?=lava/magma/erupt/mountain/molten;
Why is sleep important?=sleep/rest/health/brain;
What do bees do?=honey/pollen/pollinat/flower/nectar/hive; Tell me about the moon.=moon/earth/orbit/lunar;
How do I make tea?=tea/water/boil/cup; What is a library?=book/read/librar;
Why do we brush our teeth?=teeth/tooth/plaque/dental; What is rain?=water/cloud/drop/precip;
Tell me about Paris.=paris/france/french/eiffel; What is a bicycle?=wheel/pedal/ride/cycl;
What is gravity?=force/attract/mass/fall/pull; How does a plant grow?=water/sun/seed/soil/light/root;
What is bread made of?=flour/yeast/dough/wheat/water; Who was Albert Einstein?=physic/relativ/scient/theor;
What is a computer?=data/program/machine/device/comput; Why do birds sing?=mate/bird/song/communicat/territor;
What is the ocean?=water/sea/salt/marine/ocean; How can I save money?=budget/spend/sav/money;
What is a friend?=friend/trust/support/care; Tell me about dogs.=dog/pet/loyal/animal/breed;
What is winter?=cold/snow/season/temperature; What does a doctor do?=patient/medic/treat/health/diagnos;
What is a bridge?=river/cross/structure/connect/span; Why is exercise good?=health/muscle/heart/fit/exercise;
What is chocolate?=cocoa/sweet/cacao/candy; How do planes fly?=wing/lift/air/engine;
What is music?=sound/rhythm/melod/instrument/art; What is a desert?=dry/sand/hot/arid/rain;
Tell me about Shakespeare.=play/hamlet/poet/writer/england/english/william;
What is democracy?=vote/people/govern/elect; What is an earthquake?=ground/shak/plate/seismic/earth;
How do I boil an egg?=egg/water/boil/minute; What is snow?=ice/crystal/cold/frozen/water;
Why do we need water?=body/hydrat/drink/life/water; What is a newspaper?=news/print/article/publication;
What is the sun?=star/light/heat/solar/energy; Tell me about cats.=cat/pet/feline/animal;
What is a poem?=word/verse/poet/rhyme/emotion/literature; What is history?=past/event/study/human;
How do I write a letter?=letter/address/dear/write/greet; What is a forest?=tree/plant/wood/animal;
What is happiness?=feel/joy/emotion/state/happ; What is a train?=rail/track/passenger/transport;
What is cheese?=milk/dairy/curd; Why do leaves change colour?=chlorophyll/leaves/autumn/pigment/fall/leaf;
What is a teacher?=student/school/learn/educat/teach; What is electricity?=electr/current/charge/energy/power;
What is a river?=water/flow/stream/sea; What is football?=ball/team/player/goal/sport/game;
What is fire?=heat/flame/burn/fuel/combust""")


# question, rule that an obedient answer keeps
INSTRUCTIONS = (
    ("Answer with one word: what colour is snow?", "words<=3"),
    ("Say only the word yes.", "words<=3"),
    ("Write one sentence about the sea.", "sentences<=1"),
    ("Name one fruit. One word only.", "words<=4"),
    ("Answer with a number only: how many days has a week?", "digit-or-number"),
    ("Write the alphabet's first three letters.", "abc"),
    ("Write the word hello in capital letters.", "hello"),
    ("Reply with one short sentence: what do cows eat?", "sentences<=1"),
    ("List three animals, separated by commas.", "commas>=2"),
    ("End your answer with the word done. What is two plus two?", "done"),
)


def on_topic(answer: str, words: tuple[str, ...]) -> bool:
    """Whether an answer holds one of the topic's word stems and is neither JSON nor a loop."""
    low = answer.lower()
    return any(word in low for word in words) and not low.lstrip().startswith("{") and repetition(answer) < 0.5


def repetition(answer: str) -> float:
    """Share of three-word runs that repeat an earlier one: 0 in ordinary prose, near 1 in a loop."""
    words = re.findall(r"\w+", answer.lower())
    runs = [tuple(words[start : start + 3]) for start in range(len(words) - 2)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def obeys(answer: str, rule: str) -> bool:
    """Whether an answer keeps a spot check's rule.

    Raises:
        ValueError: a rule that is not known.
    """
    words = re.findall(r"[\w']+", answer)
    if not words:
        return False
    if rule.startswith("words<="):
        return len(words) <= int(rule[7:])
    if rule.startswith("sentences<="):
        return len(re.findall(r"[.!?](?:\s|$)", answer.strip())) <= int(rule[11:])
    if rule.startswith("commas>="):
        return answer.count(",") >= int(rule[8:])
    if rule == "digit-or-number":
        return "7" in answer or "seven" in answer.lower()
    if rule == "abc":
        return re.search(r"\ba\W+b\W+c\b", answer, re.IGNORECASE) is not None
    if rule == "hello":
        return "HELLO" in answer
    if rule == "done":
        return words[-1].lower() == "done"
    raise ValueError(f"unknown rule {rule!r}")
