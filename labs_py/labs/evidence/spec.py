"""What the evidence tool shows, as data: parameters, outputs, charts, presets and predictions."""

from __future__ import annotations

from labs_py.labs.evidence import pasted
from labs_py.labs.evidence.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Sweep

PLAN, PASTED, SEEDS = "Before: how many items?", "After: is the gain real?", "Several seeds"

SECTIONS = (
    Section(
        PLAN,
        "A test set finds a gain only if it is large enough for it. Asking both models the same items is worth "
        "more than it looks: only the items on which they differ carry news.",
    ),
    Section(
        PASTED,
        "Paste one item a line: the base's score, then the fine-tuned model's, each 1 or 0 (or anything between). "
        "Nothing leaves this page. The histogram is what the gain could have been with other items of the same kind.",
    ),
    Section(
        SEEDS,
        "One run is one draw. The interval over seeds says where the mean of many runs would lie; it shrinks with "
        "more seeds, and no number of test items replaces them.",
    ),
)

PARAMS = (
    Param(
        "base_rate",
        "Base's rate of right answers",
        "range",
        0.7,
        "How good the base already is.",
        min=0.01,
        max=0.99,
        step=0.01,
        section=PLAN,
    ),  # fmt: skip
    Param(
        "gain",
        "Gain you hope for",
        "range",
        3.0,
        "Percentage points that tuning adds.",
        "points",
        min=0.5,
        max=40,
        step=0.5,
        section=PLAN,
    ),  # fmt: skip
    Param(
        "disagreement",
        "Items on which they differ",
        "range",
        15.0,
        "Share of items that only one of the two gets right; at least the gain.",
        "%",
        min=0.5,
        max=60,
        step=0.5,
        section=PLAN,
    ),  # fmt: skip
    Param(
        "n",
        "Items in the test set",
        "range",
        100,
        "Items that both models are asked.",
        min=10,
        max=20_000,
        step=1,
        scale="log",
        section=PLAN,
    ),  # fmt: skip
    Param(
        "alpha",
        "False alarms you accept",
        "choice",
        0.05,
        "How often a gain is claimed where there is none.",
        choices=((0.01, "1 in 100"), (0.05, "1 in 20"), (0.1, "1 in 10")),
        section=PLAN,
    ),  # fmt: skip
    Param(
        "power",
        "Chance to see a real gain",
        "choice",
        0.8,
        "The chance that the test set is planned for.",
        choices=((0.5, "an even chance"), (0.8, "8 in 10"), (0.9, "9 in 10"), (0.95, "19 in 20")),
        section=PLAN,
    ),  # fmt: skip
    Param(
        "results",
        "Results, one item a line: base, tuned",
        "text",
        pasted.EXAMPLE,
        "Scores apart by a space or a comma, or JSON lines with the keys base and tuned.",
        section=PASTED,
        max_length=250_000,
    ),  # fmt: skip
    Param("seed", "Seed of the resampling", "seed", 0, "Another seed draws other resamples.", section=PASTED),
    Param(
        "seed_scores",
        "Fine-tuned model's score under each seed",
        "text",
        "73 71 76 74 70",
        "One number for each seed.",
        section=SEEDS,
        max_length=4000,
    ),  # fmt: skip
    Param(
        "reference",
        "Score to beat",
        "range",
        70.0,
        "The base's score, in the same unit as the scores above.",
        min=-1000,
        max=1000,
        step=0.1,
        section=SEEDS,
    ),  # fmt: skip
)

OUTPUTS = (
    Output("needed_items", "Items needed, same items for both", format="integer", section=PLAN),
    Output("needed_separate", "Items needed for each, different items", format="integer", section=PLAN),
    Output("power_now", "Chance to see the gain with your items", format="percent", section=PLAN),
    Output("power_separate", "The same with different items", format="percent", section=PLAN),
    Output("items", "Items read", format="integer", section=PASTED),
    Output("base_score", "Base", format="percent", section=PASTED),
    Output("tuned_score", "Tuned", format="percent", section=PASTED),
    Output("gained", "Items that only the fine-tuned model gets", format="integer", section=PASTED),
    Output("lost", "Items that only the base gets", format="integer", section=PASTED),
    Output("difference", "Difference", "points", section=PASTED),
    Output(
        "low",
        "Interval from",
        "points",
        section=PASTED,
        help="All gains that the test does not rule out, at the false alarms that you accept: 95% for 1 in 20. It "
        "holds 0 just where the test claims nothing.",
    ),  # fmt: skip
    Output("high", "to", "points", section=PASTED),
    Output(
        "p_value",
        "McNemar's p",
        section=PASTED,
        help="How often items without a difference would give a split at least this uneven. For scores between 0 "
        "and 1 the signs of the differences are tossed like coins, each with its size.",
    ),  # fmt: skip
    Output("items_for_this", "Items that would settle this gain", format="integer", section=PASTED),
    Output("seed_mean", "Mean over seeds", section=SEEDS, scale=100.0),
    Output("seed_deviation", "Standard deviation", section=SEEDS, scale=100.0),
    Output("seed_low", "95% interval of the mean from", section=SEEDS, scale=100.0),
    Output("seed_high", "to", section=SEEDS, scale=100.0),
)

CHARTS = (
    Chart(
        "power",
        "Chance to see the gain, by size of the test set",
        "line",
        (
            Series("power_paired", "same items for both", "sizes"),
            Series("power_apart", "different items", "sizes", "dashed"),
            Series("power_goal", "planned for", "sizes", "dashed"),
        ),
        "items",
        "chance",
        x_log=True,
        y_zero=True,
        markers=(("n", "your items"),),
        section=PLAN,
    ),  # fmt: skip
    Chart(
        "bootstrap",
        "The gain, had the items been others of the same kind",
        "histogram",
        (Series("bootstrap_counts", "resamples", "bootstrap_edges", "bars"),),
        "points gained",
        "resamples",
        markers=(("difference", "measured"), ("low", "interval from"), ("high", "to")),
        section=PASTED,
    ),  # fmt: skip
    Chart(
        "seeds",
        "Each seed against the score to beat",
        "line",
        (
            Series("seed_values", "seed", "seed_numbers", "dots"),
            Series("seed_reference", "score to beat", "seed_numbers", "dashed"),
            Series("seed_means", "mean and 95% interval", "seed_numbers", "band", "seed_lows", "seed_highs"),
        ),
        "seed",
        "score",
        section=SEEDS,
    ),  # fmt: skip
)

PRESETS = (
    Preset(
        "small",
        "+3 points on 100 items",
        {"n": 100, "gain": 3.0},
        "The usual table of a blog post. It would be seen about one time in thirteen, even if the gain is real.",
        good=False,
    ),  # fmt: skip
    Preset(
        "enough",
        "+3 points on 1,400 items",
        {"n": 1400, "gain": 3.0},
        "The same gain with a test set that was planned for it.",
    ),  # fmt: skip
    Preset(
        "alike",
        "Models that mostly agree",
        {"disagreement": 4.0, "gain": 3.0, "n": 370},
        "When tuning breaks almost nothing, a quarter of the items suffices: nearly every difference is a gain.",
    ),  # fmt: skip
)

PREDICTIONS = (
    Prediction(
        "items",
        "A base that is right 7 times in 10, a gain of 3 points, models that differ on 15% of the "
        "items: how many items give 8 chances in 10 to see it?",
        {},
        "needed_items",
        "The gain enters squared: a third of it needs nine times the items.",
    ),  # fmt: skip
    Prediction(
        "p",
        "9 items gained and 6 lost: how often would a coin split 15 items at least as unevenly?",
        {"results": pasted.EXAMPLE},
        "p_value",
        "The likeliest split, seven to eight, comes up in only four series of ten. Nine to six is no surprise.",
        tolerance=0.2,
    ),  # fmt: skip
)

SPEC = LabSpec(
    slug="evidence",
    title="Is the gain real?",
    summary="Plan a test set, judge pasted results, and see what several seeds say.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    pinned=("n", "gain"),
    sweep=Sweep("n", (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)),
    code=(
        "labs_py.core.power:mcnemar",
        "labs_py.core.power:paired_power",
        "labs_py.core.power:paired_items",
        "labs_py.core.paired_test:score_interval",
        "labs_py.core.power:bootstrap_differences",
    ),
    training_command="python -m training evaluate --config training/configs/sft/smollm2_orders.yaml",
)
