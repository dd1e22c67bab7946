"""Figures of the article on reinforcement learning."""

from __future__ import annotations

import numpy as np

from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import RUNS as RECORDS
from overrides.figures.kit.sources import Measured, computed, from_fact, from_run, value

SIZE = 8
RIGHT = (1, 4, 7, 8)


@figure
def group_advantages() -> Figure:
    """Advantages of right and wrong answers in groups of eight."""
    good, bad = ([computed("group_advantage", right=right, size=SIZE, good=kind) for right in RIGHT]
                 for kind in (True, False))  # fmt: skip
    wrong = [None if right == SIZE else one for right, one in zip(RIGHT, bad, strict=True)]
    return Figure(
        title="Advantages in a group of eight",
        caption="Each reward (1 or 0) minus the group's mean, divided by the group's standard deviation. (It is that "
        "of a sample: for eight answers the squares are divided by seven.)",
        summary="; ".join(f"{right} of {SIZE} right: a right answer {one:.2f}"
                          + ("" if other is None else f", a wrong one {other:.2f}")
                          for right, one, other in zip(RIGHT, good, wrong, strict=True)) + ".",
        drawing=Chart("rows", [Series("a right answer", good, role="bars"), Series("a wrong answer", wrong, role="bars")],  # noqa: E501
                      "advantage", "group", words=[f"{right} of {SIZE} right" for right in RIGHT], y_zero=True),
        table=Table(("group", "advantage of a right answer", "advantage of a wrong answer"),
                    [(f"{right} of {SIZE} right", one, "there is none" if other is None else other)
                     for right, one, other in zip(RIGHT, good, wrong, strict=True)]),
        sources=tuple(from_fact("group_advantage", right=right, size=SIZE) for right in RIGHT[:1]),
    )  # fmt: skip


@figure
def silent_groups() -> Figure:
    """The share of groups that teach nothing, by how often a prompt is solved, for three sizes of group."""
    solved = [float(share) for share in np.linspace(0, 1, 41)]
    sizes = (4, 8, 16)
    at = {size: computed("equal_group_chance", right=0.9, size=size) for size in sizes}
    return Figure(
        title="Groups that teach nothing",
        caption="A prompt that is nearly always or nearly never solved mostly gives groups of equal rewards. Larger "
        "groups help, but twice the group costs twice the answers.",
        summary="The share of groups without spread is 1 at both ends and near 0 in the middle. For a prompt solved "
        "nine times in ten it is " + ", ".join(f"{chance:.2f} with {size} answers" for size, chance in at.items()) + ".",  # noqa: E501
        drawing=Chart("line", [Series(f"{size} answers", [computed("equal_group_chance", right=one, size=size)
                                                         for one in solved], solved) for size in sizes],
                      "share of answers that are right", "share of groups", markers=[(0.9, "nine in ten")],
                      y_zero=True),
        sources=(from_fact("equal_group_chance", right=0.9, size=SIZE),),
    )  # fmt: skip


# What was paid for, and the recorded run or runs.
RUNS = (
    ("bare number", "grpo-cold-s0"),
    ("bare number, SFT first", "grpo-warm-s0"),
    ("right number anywhere", "grpo-loophole-s0"),
    ("result, any words", "grpo-shown-s0"),
    ("result, SFT first", "grpo-shown-warm-s*"),
)
ARMS = (("base model", "base"), ("base, four examples", "base_few_shot"), ("after GRPO", "tuned"))


@figure
def grpo_runs() -> Figure:
    """Recorded GRPO runs: exact results on held-out sums before and after, beside examples in the prompt."""
    found = {name: [value(run, f"eval.shifted.exact.{arm}") for _, run in RUNS] for name, arm in ARMS}
    after = found["after GRPO"]
    counts = sorted({one.n for one in after if one.n})
    return Figure(
        title="GRPO on small sums, by what was paid for",
        caption=f"Share of held-out sums that are exactly right, with 95% intervals. In the first three rows "
        f"({counts[0]} sums) only the bare number is right; in the last two ({counts[1]} sums) the result has to end the "  # noqa: E501
        "answer, whatever words come before it. The last row is the mean of three seeds, with the interval over the "
        "seeds (Student's t); the others are one seed. SFT: a supervised start.",
        summary="After GRPO: " + ", ".join(f"{name} {one.value:.2f}" for (name, _), one in zip(RUNS, after, strict=True))  # noqa: E501
        + ". With four examples and no training the last two are at "
        + " and ".join(f"{one.value:.2f}" for one in found["base, four examples"][-2:]) + ".",
        drawing=Chart("rows", [Series(name, [one.value for one in values], role="dots", low=[one.low for one in values],
                                      high=[one.high for one in values]) for name, values in found.items()],
                      "share exactly right", "paid for", words=[name for name, _ in RUNS], y_zero=True),
        sources=(from_run(*(run for _, run in RUNS)),),
    )  # fmt: skip


# How the small sums were learnt, and the runs of three seeds.
LEARNT = (
    ("SFT", "forgetting-sft-s*"),
    ("SFT with replay", "forgetting-replay-s*"),
    ("SFT on own right answers", "forgetting-self-s*"),
    ("DPO on own answers", "forgetting-dpo-s*"),
    ("GRPO after a supervised start", "grpo-shown-warm-s*"),
)
FORGOTTEN = "regression.cross_entropy.change"


@figure
def learnt_and_forgotten() -> Figure:
    """Exact sums against the change on general text, a dot for each of three seeds and five methods."""
    seeds = {name: [file.stem for file in sorted(RECORDS.glob(f"{run}.json"))] for name, run in LEARNT}
    dots = [
        Series(
            name,
            [100 * value(run, "eval.shifted.exact.tuned").value for run in runs],
            [value(run, FORGOTTEN).value for run in runs],
            "dots",
        )
        for name, runs in seeds.items()
    ]
    base = value(LEARNT[0][1].replace("*", "0"), "eval.shifted.exact.base_few_shot").value
    means = {name: (value(run, "eval.shifted.exact.tuned"), value(run, FORGOTTEN)) for name, run in LEARNT}
    return Figure(
        title="What each method learnt and forgot",
        caption="A dot is one seed. Up is better at the sums, right is worse on general text; the gate allows 0.05. "
        "All runs share the base model, the held-out sums and the size of the adapter.",
        summary="Five groups of three dots; means: " + "; ".join(
            f"{name} {100 * right.value:.0f}% exact at {change.value:+.3f} nats a token"
            for name, (right, change) in means.items())
        + f". The base model with four examples has {100 * base:.0f}% at 0.",
        drawing=Chart("scatter", [*dots, Series("base, four examples", [100 * base], [0.0], "dots")],
                      "rise of cross-entropy on general text, nats a token", "exact sums, %", y_zero=True),
        table=Table(("method", "exact sums, %", "its 95% interval", "rise, nats a token", "its 95% interval"),
                    [(name, 100 * right.value, spread(right, 100, ".0f"),
                      change.value, spread(change, 1, ".3f"))
                     for name, (right, change) in means.items()]),
        sources=(from_run(*(run for _, run in LEARNT)),),
    )  # fmt: skip


def spread(one: Measured, scale: float, form: str) -> str:
    """The ends of an interval in words; nothing for a value without one. In percent (a scale of 100) from 0 to 100."""
    if one.low is None or one.high is None:
        return ""
    ends = (scale * one.low, scale * one.high)
    low, high = (max(0.0, min(100.0, end)) for end in ends) if scale == 100 else ends
    return f"{low:{form}} to {high:{form}}"
