"""Figures of the exercise: its checkpoints, and the run of its example verdict."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Step, flow
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import from_run, value

EXAMPLE = "library-desk-s0"


@figure
def exercise_checkpoints() -> Figure:
    """The six checkpoints of the exercise, and where it may end."""
    steps = (
        ("1. Ask the base", "best prompt, held-out test", "it falls short"),
        ("2. Clean data", "linter, fifty rows read", "no faults"),
        ("3. One row", "mask and stop token seen", "right"),
        ("4. Run", "laptop or 7B", "an adapter"),
        ("5. Gate", "the gain, and four checks of what got worse", "exit code"),
        ("6. Defend", "two pages", ""),
    )
    return Figure(
        title="Six checkpoints",
        caption='The exercise may end at box 1 with the verdict "don\'t train", and at box 5 with "don\'t ship". Each '
        "is a full result.",
        summary="Six boxes with arrows: ask the base, clean the data, look at one row, run, gate, defend.",
        drawing=flow([Step(name, detail, onward) for name, detail, onward in steps], across=3),
        table=Table(("checkpoint", "what", "goes on when"), steps),
        sources=("the checkpoints below",),
    )


@figure
def exercise_verdict() -> Figure:
    """The recorded run of the example verdict: base and fine-tuned model on its task."""
    ways = (("base", "base, no examples"), ("base_few_shot", "base, four examples"), ("tuned", "fine-tuned"))
    found = [value(EXAMPLE, f"eval.shifted.exact.{part}") for part, _ in ways]
    words = [name for _, name in ways]
    rates = [100 * one.value for one in found]
    dots = Series("exact answers", rates, role="dots", low=[100 * (one.low or 0.0) for one in found],
                  high=[None if one.high is None else 100 * one.high for one in found])  # fmt: skip
    return Figure(
        title="The example: exact answers on held-out requests",
        caption="Intervals over the rows that each answered. The gain is real; the gate stopped the run for its loss "
        "on general text.",
        summary="Three dots with intervals: "
        + ", ".join(f"{word} {rate:.0f}%" for word, rate in zip(words, rates, strict=True)) + ".",
        drawing=Chart("rows", [dots], "exact answers, %", "model", words=words),
        sources=(from_run(EXAMPLE),),
    )  # fmt: skip
