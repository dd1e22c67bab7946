"""Figures of the article on when to fine-tune."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Question, Step, decisions
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import computed, from_fact, from_run, value

PROBED = "orders"  # the task whose probe and training are timed
ON_ONE_CORE = ("orders-main-s1", "orders-main-s2")  # seed 0 ran on two


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


@figure
def decision_flow() -> Figure:
    """Five questions with their exits and what each exit costs."""
    probe = sum(value("base-rows", f"eval.{PROBED}.{part}.seconds").value for part in ("base", "base_few_shot"))
    train = sum(value(run, "run.seconds").value for run in ON_ONE_CORE) / len(ON_ONE_CORE)
    here = f"our probe of a hundred questions: {_minutes(probe)} on one core"
    questions = (
        Question("Is there a test of real inputs with a scorer?", "no", "Write it first",
                 "costs: labels for a hundred inputs or more; every later step needs them", onward="yes"),
        Question("Does a good prompt with four examples do it, at a price you can pay?", "yes", "Stop: ship the prompt",
                 f"costs: an afternoon, and the examples' tokens at every request; {here}"),
        Question("Is a fact missing, or something that will change?", "yes", "Retrieval",
                 "costs: an index to keep fresh, and the passages' tokens at every request"),
        Question("Does a more expensive model do it with the same prompt?", "yes", "Price it: use it, or distil it",
                 "costs: its price at every request; if you distil it, you pay its price once, for the training "
                 "answers"),
        Question("Can you write right answers for fifty inputs or more, beside the test?", "no",
                 "Not yet: first agree on them",
                 "costs: people's time; without it training has nothing to learn from", onward="yes"),
    )  # fmt: skip
    end = Step("Train a small adapter, then let the gate decide",
               f"costs: rows and a test, again with each base model; our 135M run: {_minutes(train)} on one core",
               style="soft")  # fmt: skip
    return Figure(
        title="Five questions before a training run",
        caption="Cheapest question first. Each cost belongs to the box it is in. The two times "
        "are measured on the default exercise, in which a model of 135 million weights learns "
        "to turn a customer's message into an order form; the other costs depend on your case.",
        summary="Five questions in order. Only a no to prompting, to retrieval and to a more expensive model, and a yes "  # noqa: E501
        "to the first and the last, lead to training.",
        drawing=decisions(questions, end),
        table=Table(("question", "answer", "then", "cost"),
                    [*((q.asks, q.answer, q.then, q.cost) for q in questions),
                     ("otherwise", "", end.name, end.detail)]),
        sources=(from_run("base-rows"), from_run(*ON_ONE_CORE)),
    )  # fmt: skip


SIZES = (25, 50, 100, 200, 400, 800, 1600)


@figure
def half_width() -> Figure:
    """Half the width of a 95% interval by the number of items, for two rates."""
    half = [100 * computed("wilson_half_width", successes=round(0.5 * n), n=n) for n in SIZES]
    most = [100 * computed("wilson_half_width", successes=round(0.9 * n), n=n) for n in SIZES]
    return Figure(
        title="Plus or minus how much, by the size of the test",
        caption=f"On a hundred items a rate of one half is known to ±{half[SIZES.index(100)]:.0f} points.",
        summary=f"Two falling lines: at 25 items ±{half[0]:.0f} and ±{most[0]:.0f} points, at 1600 items "
        f"±{half[-1]:.1f} and ±{most[-1]:.1f}.",
        drawing=Chart("line", [Series("half of the items right", half, SIZES),
                               Series("nine in ten right", most, SIZES)],
                      "items in the test", "half of the 95% interval, points", x_log=True, y_zero=True),
        sources=(from_fact("wilson_half_width", successes=50, n=100), from_fact("wilson_half_width", successes=90, n=100)),  # noqa: E501
    )  # fmt: skip


@figure
def prompt_or_training() -> Figure:
    """Three tasks: the base model without and with examples, and one training run."""
    tasks = (("order form", "orders", "orders-main-s0"), ("library desk", "library_desk", "library-desk-s0"),
             ("day of the meeting", "meeting_day", "meeting-day-s0"))  # fmt: skip
    ways = (("no examples", [value("base-rows", f"eval.{task}.base.exact") for _, task, _ in tasks]),
            ("four examples", [value("base-rows", f"eval.{task}.base_few_shot.exact") for _, task, _ in tasks]),
            ("one training run", [value(run, "eval.shifted.exact.tuned") for _, _, run in tasks]))  # fmt: skip
    series = [
        Series(name, [100 * one.value for one in found], role="dots",
               low=[100 * one.low if one.low is not None else None for one in found],
               high=[100 * one.high if one.high is not None else None for one in found])
        for name, found in ways
    ]  # fmt: skip
    return Figure(
        title="Three tasks: what a prompt does, and what training does",
        caption="Exact answers with 95% intervals over the items. The meeting needs a prompt, the order form needs "
        "training, and at the library desk training has to beat the prompt.",
        summary="Rows of dots for three tasks: " + "; ".join(
            f"{title}: {', '.join(f'{name} {100 * found[i].value:.0f}%' for name, found in ways)}"
            for i, (title, _, _) in enumerate(tasks)) + ".",
        drawing=Chart("rows", series, "exact answers, %", "task", words=[title for title, _, _ in tasks]),
        sources=(from_run("base-rows"), from_run("orders-main-s0", "library-desk-s0", "meeting-day-s0")),
    )  # fmt: skip
