"""Figures of case study 05: how the docs assistant answers, and what each way of answering gets right."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Step, flow
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import from_run, value

WAYS = (  # one run each, so that every interval is over the same questions
    ("search alone", "assistant-retrieval", "held_out"),
    ("base model over search", "assistant-embedded-135m", "held_out"),
    ("student, first seed", "assistant-student-s0", "held_out"),
    ("the same with router", "assistant-student-s0", "routed"),
)
SOURCE = from_run(*dict.fromkeys(run for _, run, _ in WAYS))


def _dots(label: str, key: str) -> Series:
    """One rate of every way of answering, with its interval, in percent."""
    found = [value(run, f"eval.{part}.{key}") for _, run, part in WAYS]
    return Series(label, [100 * one.value for one in found], role="dots",
                  low=[None if one.low is None else 100 * one.low for one in found],
                  high=[None if one.high is None else 100 * one.high for one in found])  # fmt: skip


def _rows(title: str, caption: str, series: list[Series]) -> Figure:
    names = [name for name, _, _ in WAYS]
    said = "; ".join(
        f"{one.label}: " + ", ".join(f"{name} {rate:.0f}%" for name, rate in zip(names, one.y, strict=True))
        for one in series
    )
    return Figure(
        title=title,
        caption=caption,
        summary=f"Rows of dots with intervals for four ways of answering. {said}.",
        drawing=Chart("rows", series, "% of the questions it concerns", "way of answering", words=names),
        sources=(SOURCE,),
    )


@figure
def assistant_right() -> Figure:
    """All questions: refused where nothing answers, else right."""
    return _rows(
        "Right over all held-out questions",
        "Right means: refused where no page answers; otherwise the expected words are in the answer, or an expected "
        "section is cited where the question has no such words. All intervals are over the same questions, so they "
        "may be compared. Search alone is ahead of the base model and of the student.",
        [_dots("all questions", "right")],
    )


@figure
def assistant_parts() -> Figure:
    """What the four ways do well and badly."""
    return _rows(
        "Three questions to each way of answering",
        "The student cites the right section most often. Search, and the router that falls back to it, give the "
        "expected words most often and decline the fewest questions that they could answer.",
        [_dots("cited section is right", "citation_correct"), _dots("has the expected words", "exact"),
         _dots("declined, though answerable", "refused_answerable")],
    )  # fmt: skip


@figure
def assistant_flow() -> Figure:
    """From a question to an answer with places, or to a refusal."""
    steps = (
        ("Question", "over HTTP, on this machine", ""),
        ("Search", "full-text index of passages, ranked by shared words", "best passages"),
        ("Threshold", "declines if the best passage holds too little of the question", "enough"),
        ("Writer", "the passage's own sentences, or a model", "sentences"),
        ("Support", "drops a sentence that its passage does not hold", "the rest"),
        ("Answer", "each sentence with its section, or a refusal", ""),
    )
    return Figure(
        title="How the assistant answers",
        caption="The filled box is the only place for a model. Everything else is search and checks.",
        summary="Six boxes with arrows: question, search, threshold, writer, support, answer.",
        drawing=flow([Step(name, detail, onward, "soft" if name == "Writer" else "box")
                      for name, detail, onward in steps], across=3),
        table=Table(("step", "what happens", "goes on"), steps),
        sources=("training/stack/assistant/reply.py", "training/data/retrieval/answer.py"),
    )  # fmt: skip
