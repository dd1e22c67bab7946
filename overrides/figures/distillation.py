"""Figures of the article on distillation."""

from __future__ import annotations

import json

from labs_py import api
from overrides.figures.kit.diagrams import Step, lanes
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, from_lab, from_run, value


@figure
def three_roads() -> Figure:
    """Scores, answers, corrections: what goes from the teacher to the student on each road."""
    roads = (
        ("Scores", "a text", "the probability of every token", "match the distribution",
         "its logits; the same tokenizer"),
        ("Answers", "a prompt", "a finished text, filtered", "fine-tune on the text", "text alone"),
        ("Corrections", "the student's own text", "its probabilities at each token", "move towards the teacher",
         "its logits, and both models at once"),
    )  # fmt: skip
    rows = [
        (name, [Step(start), Step("Teacher", gives, style="soft"), Step("Student", does)])
        for name, start, gives, does, _ in roads
    ]
    return Figure(
        title="Three roads from a teacher to a student",
        caption="What the teacher hands over on each road. On the first two the text comes from data or from the "
        "teacher; on the third the student writes it.",
        summary="Three rows of boxes. Scores: a text goes to the teacher, which gives the probability of every token, "
        "and the student matches it. Answers: a prompt goes to the teacher, which writes a text, and the student is "
        "fine-tuned on it. Corrections: the student's own text goes to the teacher, which gives "
        "its probabilities at each token.",
        drawing=lanes(rows),
        table=Table(("road", "starts from", "teacher gives", "student does", "needs of the teacher"), roads),
        sources=(cited("hinton2015", "§2"), cited("kim2016", "abstract"), cited("agarwal2024", "abstract")),
    )


@figure
def two_peaked_teacher() -> Figure:
    """A teacher with two peaks, and the best student with one under forward and under reverse KL."""
    frame = json.loads(api.to_json(api.last_frame("distillation", {})))["arrays"]
    places = frame["bump_position"]["data"]
    parts = (("teacher", "bump_teacher", "line"), ("student, forward KL", "bump_forward", "dashed"),
             ("student, reverse KL", "bump_reverse", "line"))  # fmt: skip
    return Figure(
        title="One peak for a teacher with two",
        caption="The best students that have a single peak, over a made-up row of words. With forward KL the student "
        "covers both peaks of the teacher; with reverse KL it keeps one.",
        summary="Three curves over the places of words. The teacher has a high and a low peak. The student of forward "
        "KL is wide and flat over both. The student of reverse KL lies on the higher peak.",
        drawing=Chart("line", [Series(label, frame[array]["data"], places, role) for label, array, role in parts],
                      "place of the word in the row", "probability"),
        sources=(from_lab("distillation"),),
    )  # fmt: skip


RUNS = (
    ("scores against words", "distill-text-s*", "text"),
    ("the same, for orders", "distill-orders-s0", "shifted"),
    ("teacher's against book's", "distill-sequence-s0", "text"),
    ("half own text vs. none", "distill-on-policy-s0", "text"),
)


@figure
def distillation_runs() -> Figure:
    """Next words right, student against control, for each recorded comparison."""
    found = [value(run, f"eval.{part}.next_token.gain") for _, run, part in RUNS]
    dots = Series(
        "gain",
        [100 * one.value for one in found],
        role="dots",
        low=[None if one.low is None else 100 * one.low for one in found],
        high=[None if one.high is None else 100 * one.high for one in found],
    )
    return Figure(
        title="Next words right: a student minus its control",
        caption="Each row is one student minus its control, which is named second. Row 1: taught by the teacher's "
        "scores or by the text's words. Row 2: the same for orders. Row 3: on text that the teacher wrote or on the "
        "book's own. Row 4: half of the text is the student's own, or none is. Left of zero the control is better. "
        "Row 1 is the mean of three seeds with an interval over the seeds (Student's t); the others are one seed with "
        "an interval over held-out texts.",
        summary="Four dots with whiskers. Scores against words is above zero, orders is at zero, the teacher's text "
        "and training half on policy are below zero.",
        drawing=Chart("rows", [dots], "gain, points", "comparison", words=[name for name, _, _ in RUNS]),
        sources=(from_run(*(run for _, run, _ in RUNS)),),
    )
