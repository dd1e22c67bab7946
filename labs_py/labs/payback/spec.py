"""The pay-back tool as data: the figures a reader fills in, what is shown, presets, a prediction and a challenge."""

from __future__ import annotations

from labs_py.core import break_even
from labs_py.labs.payback.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Sweep

USE, MODEL, WORK, RESULT = "Traffic", "The fine-tuned model", "Work and time", "What comes out"
START = break_even.Case()
SECTIONS = (
    Section(USE, "What a month of prompting looks like. All defaults are examples; every one of them is yours to set."),
    Section(MODEL, "What a request to the fine-tuned model costs, and what it costs when nobody asks."),
    Section(WORK, "The part that is forgotten most often, and how long it lasts."),
    Section(RESULT, "Every figure halved and doubled, one at a time: what the decision hangs on."),
)


def _amount(
    name: str, label: str, section: str, low: float, high: float, step: float, help: str, log: bool = False
) -> Param:
    scale = "log" if log else "linear"
    return Param(name, label, "range", getattr(START, name), help, min=low, max=high, step=step, scale=scale,
                 section=section)  # fmt: skip


PARAMS = (
    _amount("requests", "Requests a month", USE, 100, 100_000_000, 1, "All of them go to one model.", True),
    _amount("long_prompt", "Tokens of the long prompt", USE, 50, 20_000, 10, "Instructions, examples and the input."),
    _amount("answer", "Tokens of an answer", USE, 10, 4_000, 10, "The same for both."),
    _amount("price_in", "Price of a million input tokens", USE, 0.01, 20, 0.01, "Of the prompted model."),
    _amount("price_out", "Price of a million output tokens", USE, 0.01, 80, 0.01, "Of the prompted model."),
    _amount("cached", "Share of the prompt from a cache", USE, 0, 1, 0.05, "A fixed beginning is often billed lower."),
    _amount("cached_price", "Price of a cached token", USE, 0, 1, 0.05, "As a share of the input price."),
    _amount("short_prompt", "Tokens of the short prompt", MODEL, 10, 20_000, 10, "What is left after fine-tuning."),
    _amount(
        "tuned_in", "Price of a million input tokens, fine-tuned", MODEL, 0, 20, 0.01, "0 on a machine of your own."
    ),
    _amount(
        "tuned_out", "Price of a million output tokens, fine-tuned", MODEL, 0, 80, 0.01, "0 on a machine of your own."
    ),
    _amount("hosting", "Hosting a month", MODEL, 0, 20_000, 10, "A machine kept for it, asked or not."),
    _amount("build_hours", "Hours to build it", WORK, 0, 2_000, 5, "Rows, test set, runs, integration."),
    _amount("training", "Cost of the training runs", WORK, 0, 50_000, 10, "Failed attempts included."),
    _amount("upkeep_hours", "Hours of upkeep a month", WORK, 0, 200, 1, "Watching it, new rows, retraining."),
    _amount("hour", "Price of an hour of work", WORK, 0, 300, 5, "Yours, all in."),
    _amount("months", "Months until the base is replaced", WORK, 1, 36, 1, "Then the build cost is due again."),
)

OUTPUTS = (
    Output("prompted", "1,000 prompted requests", section=RESULT),
    Output("tuned", "1,000 requests, fine-tuned", help="Without hosting.", section=RESULT),
    Output("once", "Paid before the first request", section=RESULT, help="Hours and runs, for each base model."),
    Output("monthly", "Saved in a month", section=RESULT, help="After hosting and upkeep; negative is a loss."),
    Output("break_even_months", "Months to break even", section=RESULT, help="Empty when a month earns nothing."),
    Output("break_even_requests", "Requests a month that pay", section=RESULT, format="count",
           help="Enough to earn the build cost back before the base is replaced."),
    Output("net", "Net result until the base is replaced", section=RESULT),
)  # fmt: skip

CHARTS = (
    Chart("standing", "Saved so far, month by month", "line",
          (Series("standing", "Saved so far", x="month"), Series("nothing", "Break-even", x="month", role="dashed")),
          "month", "money", section=RESULT, help="Each fall is a new base model: the build cost is due again."),
    Chart("swing", "Net result with one figure halved or doubled", "tokens",
          (Series("halved", "halved", role="bars"), Series("doubled", "doubled", role="bars")),
          y_label="money", tokens="swung", section=RESULT, help="Bars on both sides of zero: find that figure first."),
)  # fmt: skip

PRESETS = (
    Preset("large", "Much traffic, long prompt", {"requests": 5_000_000, "long_prompt": 3000},
           "Each request saves much, and there are many: the work is paid within a month."),
    Preset("small", "An internal tool", {"requests": 5_000},
           "At this traffic the hours alone can never come back.", False),
    Preset("cached", "The same prompt from a cache", {"cached": 0.9, "cached_price": 0.1},
           "A cached prefix takes away most of what a shorter prompt would save.", False),
    Preset("hosted", "A machine of its own", {"tuned_in": 0, "tuned_out": 0, "hosting": 900},
           "Tokens are free, but you pay for idle hours.", False),
)  # fmt: skip

PREDICTIONS = (
    Prediction("needed", "At the other figures as they stand, how many requests a month make fine-tuning pay?", {},
               "break_even_requests", "Add up a month's share of the build cost and the upkeep, and divide by what one "
               "request saves. The upkeep is there before the first request comes."),
    Prediction("cache", "90% of the prompt now comes from a cache at a tenth of the price. How many requests pay now?",
               {"cached": 0.9, "cached_price": 0.1}, "break_even_requests",
               "The saving was almost all prompt tokens, and the cache has taken most of them already."),
)  # fmt: skip

SPEC = LabSpec(
    slug="payback",
    title="Does fine-tuning pay?",
    summary="Your own figures: the month in which fine-tuning has paid for itself, and what decides that.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    pinned=("requests", "long_prompt"),
    sweep=Sweep("requests", tuple(m * 10**k for k in range(2, 8) for m in (1, 2, 5)) + (100_000_000,)),
    code=(
        "labs_py.core.break_even:prompted_request",
        "labs_py.core.break_even:tuned_request",
        "labs_py.core.break_even:monthly",
        "labs_py.core.break_even:net",
        "labs_py.core.break_even:requests_to_break_even",
    ),
    training_command="python -m training train --config training/configs/sft/smollm2_orders.yaml",
)
