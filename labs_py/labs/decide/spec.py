"""What the decision tool shows, as data: outputs, chart, presets and predictions, put together with its questions."""

from __future__ import annotations

from labs_py.labs.decide.params import ASK, PARAMS, SECTIONS
from labs_py.labs.decide.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Prediction, Preset, Series

OUTPUTS = (
    Output("rule_number", "Rule that fired", format="integer", section=ASK),
    Output("tuning", "Fine-tune (1) or not (0)", format="integer", section=ASK),
    Output("rows_to_tune", "Rows from which on (0: never)", format="integer", section=ASK),
)
CHARTS = (
    Chart(
        "ladder",
        "Would more rows change the plan?",
        "line",
        (
            Series("ladder_tuned", "by your answers", "ladder_rows", "steps"),
            Series("ladder_asked", "with a test, and a base that is mostly wrong", "ladder_rows", "dashed"),
        ),
        "rows",
        "fine-tune (1) or not (0)",
        x_log=True,
        y_zero=True,
        markers=(("rows", "yours"),),
        section=ASK,
    ),  # fmt: skip
)
PRESETS = (
    Preset("form", "A strict form, 500 rows", {"base": "poor", "rows": 500}, "The case that tuning was made for."),
    Preset(
        "prices",
        "Prices that change daily",
        {"goal": "knowledge", "base": "poor", "rows": 50_000, "changing": True},
        "Many rows tempt you; the weights would be wrong tomorrow.",
        good=False,
    ),  # fmt: skip
    Preset(
        "fine",
        "A base that is fine already",
        {"base": "fine", "rows": 50_000},
        "The commonest pitfall: training what needs no training.",
        good=False,
    ),  # fmt: skip
)
PREDICTIONS = (
    Prediction(
        "rows",
        "A base that is mostly wrong on a strict form: from how many rows on is the plan to tune?",
        {"base": "poor"},
        "rows_to_tune",
        "A provider's guide starts with fifty good ones; fewer go into the prompt.",
    ),  # fmt: skip
)


SPEC = LabSpec(
    slug="decide",
    title="Should I fine-tune?",
    summary="Nine answers about your task, and a plan with the rule and the evidence behind it.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    view="decide",
    pinned=("rows",),
    code=("labs_py.core.decision:decide", "labs_py.core.decision:configuration"),
    training_command="python -m training sft --dry-run --config decided.yaml",
)
