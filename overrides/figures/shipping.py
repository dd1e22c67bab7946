"""Figures of Ship 16 and Ship 17: what pays, and a distillation from prompts to a verdict."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Step, flow
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import computed, from_fact, from_run, record, value

RUNS = "distill-stack-s*"
FIRST = "distill-stack-s0"


@figure
def distil_pipeline() -> Figure:
    """The pipeline with the counts of the first recorded seed."""
    found = record(FIRST)
    n, teacher = found["data"]["n"], found["teacher"]
    right, exact = teacher["rows_right"]["value"], found["eval"]["shifted"]["exact"]["tuned"]
    steps = (
        ("Prompts", "notes without answers", f"{n['seeds']} notes"),
        ("Teacher", "long instruction, up to eight tries", f"{teacher['calls']} answers"),
        ("Filter", "form, repeats, overlap with the test", f"{n['train']} rows, {right:.0%} right"),
        ("Student", "LoRA on a prompt of two words", "one try"),
        ("Evaluation", f"{n['shifted']} held-out notes", f"{exact:.0%} right"),
        ("Router and gate", f"the answer: {found['gate']['release']}", ""),
    )
    boxes = [Step(name, detail, onward, "soft" if name in ("Teacher", "Student") else "box")
             for name, detail, onward in steps]  # fmt: skip
    return Figure(
        title="From prompts to a verdict, with the counts of the first run",
        caption=f"Filled boxes are models. {n['seeds'] - n['train']} notes got no answer that passed. Of the rows that "
        f"passed, {1 - right:.0%} are wrong all the same.",
        summary="Six boxes with arrows and counts: "
        + "; ".join(f"{name}, {onward}" if onward else name for name, _, onward in steps) + ".",
        drawing=flow(boxes, across=3),
        table=Table(("step", "what", "goes on"), steps),
        sources=(from_run(FIRST),),
    )  # fmt: skip


@figure
def distil_yield() -> Figure:
    """Share of prompts whose answer passes the verifier, by the number of tries."""
    tries = list(range(1, 9))
    found = [value(RUNS, f"teacher.pass_at.{k - 1}") for k in tries]
    means = [100 * one.value for one in found]
    line = Series("mean of three runs", means, tries)
    seeds = [record(f"distill-stack-s{seed}")["teacher"]["pass_at"] for seed in range(3)]
    each = [
        Series(f"run {seed + 1}", [100 * one["value"] for one in rates], tries, "dashed")
        for seed, rates in enumerate(seeds)
    ]
    return Figure(
        title="The yield: prompts with an answer that passes",
        caption="Each further try brings less. The first tries are the cheapest rows.",
        summary=f"A rising line: {means[0]:.0f}% of the prompts pass at one try, {means[3]:.0f}% within four, "
        f"{means[7]:.0f}% within eight.",
        drawing=Chart("line", [line, *each], "tries", "prompts that pass, %", y_zero=True),
        sources=(from_run(RUNS),),
    )


WHO = (("base", "base, short prompt"), ("base_few_shot", "base with examples"), ("teacher_one", "teacher, one try"),
       ("teacher", "teacher, eight tries"), ("tuned", "student, one try"), ("routed", "student, router"))  # fmt: skip


@figure
def distil_accuracy_tokens() -> Figure:
    """Right answers against tokens a request, for six ways of answering."""
    tokens = [value(RUNS, f"economics.tokens.{arm}").value for arm, _ in WHO]
    right = [100 * value(RUNS, f"eval.shifted.exact.{arm}").value for arm, _ in WHO]
    dots = [Series(name, [rate], [cost], "dots") for (_, name), rate, cost in zip(WHO, right, tokens, strict=True)]
    return Figure(
        title="Right answers against tokens",
        caption="Up and to the left is better; the axis of tokens is logarithmic. Means of three seeds. The router "
        "sent every request to the teacher, so it costs more than the teacher alone.",
        summary="Six dots: " + "; ".join(f"{name}: {rate:.0f}% right at {cost:,.0f} tokens"
                                         for (_, name), rate, cost in zip(WHO, right, tokens, strict=True)) + ".",
        drawing=Chart("scatter", dots, "tokens a request", "right, %", x_log=True, y_zero=True),
        table=Table(("who answers", "tokens a request", "right, %"),
                    [(name, cost, rate) for (_, name), rate, cost in zip(WHO, right, tokens, strict=True)]),
        sources=(from_run(RUNS),),
    )  # fmt: skip


KEPT = (("on-topic answers", "topicality"), ("multiple choice", "multiple_choice"))


@figure
def distil_forgetting() -> Figure:
    """Two checks on what the student could do before: on-topic answers and multiple choice."""

    def series(label: str, part: str) -> Series:
        return Series(label, [100 * value(RUNS, f"regression.{name}.{part}").value for _, name in KEPT], role="dots")

    both = (series("before", "base"), series("after", "tuned"))
    return Figure(
        title="General abilities before and after",
        caption="Multiple choice is read off probabilities and hardly moves. On-topic answers are written, and most of "
        "them are lost. Means of three seeds.",
        summary="Two rows of two dots: "
        + "; ".join(f"{name} {both[0].y[i]:.0f}% before and {both[1].y[i]:.0f}% after"
                    for i, (name, _) in enumerate(KEPT)) + ".",
        drawing=Chart("rows", both, "%", "check", words=[name for name, _ in KEPT]),
        sources=(from_run(RUNS),),
    )  # fmt: skip


SHARES = [i / 20 for i in range(0, 20)]
PRICES = ((0.0, "free"), (0.1, "a tenth of the price"), (0.3, "three tenths"))


@figure
def handed_on_saving() -> Figure:
    """How many times cheaper all requests get, by the share that the student settles."""
    lines = [Series(f"student: {name}", [computed("handed_on_saving", share=one, cost=cost) for one in SHARES],
                    [100 * one for one in SHARES]) for cost, name in PRICES]  # fmt: skip
    return Figure(
        title="How many times cheaper, over all requests",
        caption="Every request asks the student first; what it does not settle pays for both. Below 1 the router costs "
        "more than the teacher alone.",
        summary="Three rising curves by the share of requests that the student settles. At 80% and a tenth of the "
        f"price the whole is {computed('handed_on_saving', share=0.8, cost=0.1):.2g} times cheaper.",
        drawing=Chart("line", lines, "settled by the student, %", "times cheaper", markers=[(80, "80%")], y_zero=True),
        sources=(from_fact("handed_on_saving", share=0.8, cost=0.1),),
    )


@figure
def payback_months() -> Figure:
    """The example of Ship 16: the balance by month, with a prompt of full price and with a cached one."""
    cases = (("full price", {}), ("most of the prompt cached", {"cached": 0.9, "cached_price": 0.1}))
    months = list(range(13))
    lines = []
    for name, settings in cases:
        once, monthly = (computed("lab_scalar", slug="payback", scalar=part, settings=settings)
                         for part in ("once", "monthly"))  # fmt: skip
        lines.append(Series(name, [monthly * month - once for month in months], months))
    ends = [one.y[-1] for one in lines]
    return Figure(
        title="The example's balance over a year",
        caption="Both lines start below zero by what building costs. With a cached prompt a month costs more than it "
        "saves, so the example never breaks even.",
        summary=f"Two lines from {lines[0].y[0]:,.0f}. After twelve months the first is at {ends[0]:,.0f}, the second "
        f"at {ends[1]:,.0f}.",
        drawing=Chart("line", lines, "months", "balance, in the lab's currency"),
        sources=(from_fact("lab_scalar", slug="payback", scalar="monthly"),),
    )


@figure
def routed_saving() -> Figure:
    """How many times cheaper the whole bill gets, by the share of requests that go to the fine-tuned model."""
    lines = [Series(f"fine-tuned model: {name}", [computed("routed_saving", share=one, cost=cost) for one in SHARES],
                    [100 * one for one in SHARES]) for cost, name in PRICES]  # fmt: skip
    return Figure(
        title="What a cheaper model does to the whole bill",
        caption="Requests that stay with the expensive model limit the saving: if the fine-tuned model takes 80%, the "
        "bill is at most five times smaller, even if that model costs nothing.",
        summary="Three rising curves by the share of requests that the fine-tuned model takes. At 80% a tenth of the "
        f"price makes the bill {computed('routed_saving', share=0.8, cost=0.1):.2g} times smaller.",
        drawing=Chart("line", lines, "taken by the fine-tuned model, %", "times cheaper", markers=[(80, "80%")],
                      y_zero=True),
        sources=(from_fact("routed_saving", share=0.8, cost=0.1),),
    )  # fmt: skip


PORTED = (  # station, answers equal to the adapter's of twenty, score: as `port` printed them on the page Ship it
    ("adapter", 20, 0.850), ("merged", 20, 0.850), ("gguf", 20, 0.850), ("llama.cpp", 20, 0.850),
    ("gguf-Q8_0", 20, 0.850), ("gguf-Q4_0", 12, 0.500),
)  # fmt: skip


@figure
def what_survives() -> Figure:
    """Answers that stay as they are at each station of a shipped run."""
    equal = [same for _, same, _ in PORTED]
    return Figure(
        title="Answers that stay the same on the way",
        caption="Of twenty held-out questions. Merging, the change of format and eight bits change nothing; four bits "
        "change eight answers, and seven fewer are right.",
        summary="Bars: " + ", ".join(f"{name} {same} of 20" for name, same, _ in PORTED) + ".",
        drawing=Chart("rows", [Series("same answer", equal, role="bars")], "answers equal to the adapter's", "station",
                      words=[name for name, _, _ in PORTED]),
        table=Table(("station", "equal answers of 20", "score"), PORTED),
        sources=("python -m training port runs/orders --merged shipped --quantization Q8_0 --quantization Q4_0",),
    )  # fmt: skip
