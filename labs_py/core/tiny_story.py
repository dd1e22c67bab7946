"""Small stories with a moral, made by a grammar: the tiny GPT's corpus, its fine-tuning rows and its held-out test.

All text here was written for this project and stands under its licence. A seed gives the same stories everywhere.
Whether a story is held out is a property of its text, so no seed can bring a test story into training.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

END = "\n"
QUESTION = " what is the moral of this story?"
OTHER_QUESTION = " who is this story about?"
HELD_OUT_SHARE = 10  # one story in ten is kept for testing

ANIMALS = ("fox", "crow", "mouse", "goat", "hare", "bear", "duck", "wolf", "hen", "frog", "cat", "donkey")
TRAITS = ("young", "old", "small", "hungry", "quick", "quiet", "proud", "tired")
PLACES = ("by the river", "in the wood", "near the mill", "on the hill", "in the garden", "at the well")
TIMES = ("one morning", "one evening", "in winter", "after the rain", "at noon", "in spring")
MORALS = {
    "sharing makes friends.": (
        "the {a} gave half of the bread to a {b}. later the {b} brought berries.",
        "the {a} let a {b} drink first. from then on they walked together.",
        "the {a} made room in the nest for a {b}. the {b} stayed and sang.",
    ),
    "lies come back.": (
        "the {a} called for help as a joke. when trouble came, the {b} did not believe it.",
        "the {a} told the {b} that the bridge was safe. then the {a} had to cross it too.",
        "the {a} said that the {b} stole the corn. the corn was found in the bag of the {a}.",
    ),
    "slow work wins.": (
        "the {a} carried one stone a day. the {b} laughed, but the wall was ready before the flood.",
        "the {b} ran and then slept. the {a} kept on walking and came first.",
        "the {a} dug a little every night. the {b} gave up, and the {a} found water.",
    ),
    "pride falls.": (
        "the {a} sang to show off and dropped the cheese. the {b} ate it.",
        "the {a} jumped higher than the {b} to be seen and landed in the mud.",
        "the {a} would not ask the {b} for the way and was lost all night.",
    ),
    "look before you leap.": (
        "the {a} jumped into the pit for water and could not get out. the {b} had looked first.",
        "the {a} ate the red berries at once and was ill. the {b} had smelled them.",
        "the {a} ran over the ice and it broke. the {b} had thrown a stone on it.",
    ),
    "together we are strong.": (
        "the {a} could not lift the log. with the {b} it was easy.",
        "the {a} and the {b} pulled the net as one and flew away with it.",
        "alone the {a} was cold. beside the {b} both were warm through the storm.",
    ),
    "greed loses all.": (
        "the {a} had one fish and grabbed for the one of the {b}. both fell into the water.",
        "the {a} filled the bag until it tore. the {b} had taken one nut and kept it.",
        "the {a} wanted all the eggs at once and broke the basket. the {b} sighed.",
    ),
    "small help counts.": (
        "the {a} pulled a thorn out for the {b}. a year later the {b} cut the rope that held the {a}.",
        "the {a} held a leaf over the {b} in the rain. in the fire the {b} showed the way out.",
        "the {a} had only a crumb for the {b}. it was enough to reach home.",
    ),
}


@dataclass(frozen=True)
class Story:
    """A story, the animal that it is about, and its moral."""

    text: str
    hero: str
    moral: str

    @property
    def held_out(self) -> bool:
        """True for the tenth of all stories that no training may see."""
        return hashlib.sha256(self.text.encode()).digest()[0] % HELD_OUT_SHARE == 0


def tell(rng: np.random.Generator) -> Story:
    """One story: somebody, somewhere, an event; the event alone decides the moral."""
    moral = list(MORALS)[rng.integers(len(MORALS))]
    event = MORALS[moral][rng.integers(3)]
    first, second = (ANIMALS[i] for i in rng.permutation(len(ANIMALS))[:2])
    trait, place, time = (words[rng.integers(len(words))] for words in (TRAITS, PLACES, TIMES))
    opening = f"{time} {place} a {trait} {first} met a {second}. "
    return Story(opening + event.format(a=first, b=second), first, moral)


def stories(count: int, seed: int, held_out: bool) -> list[Story]:
    """``count`` different stories, from the training side or from the held-out side."""
    rng = np.random.default_rng(seed)
    found: dict[str, Story] = {}
    while len(found) < count:
        story = tell(rng)
        if story.held_out == held_out:
            found[story.text] = story
    return list(found.values())


# fmt: off
# --8<-- [start:corpus]
def document(story: Story, kind: int) -> str:
    """A line of the corpus: half end in their moral, half in a question about the hero;
    never asked for the moral."""
    if kind:
        return story.text + OTHER_QUESTION + f" the {story.hero}." + END
    return story.text + f" so they learned: {story.moral}" + END


def corpus(count: int, seed: int, held_out: bool = False) -> list[str]:
    """Lines to pretrain on (or, held out, to measure forgetting with)."""
    kinds = np.random.default_rng(seed + 1).integers(2, size=count)
    return [
        document(s, k)
        for s, k in zip(stories(count, seed, held_out), kinds, strict=True)
    ]


def examples(count: int, seed: int, held_out: bool = False) -> list[tuple[str, str]]:
    """(prompt, answer) rows of the new task; the answer ends with the stop token."""
    return [
        (s.text + QUESTION, " " + s.moral + END) for s in stories(count, seed, held_out)
    ]


# --8<-- [end:corpus]
# fmt: on
