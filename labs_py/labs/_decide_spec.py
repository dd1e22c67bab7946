"""What the decision tool asks and says, as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import decision
from labs_py.spec import Challenge, Chart, Output, Param, Prediction, Preset, Section, Series, Task, Verdict

ASK = "Your task"
LADDER = (1, 10, 49, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
PLANS = {
    "test": "Build the test first.",
    "probe": "Ask the base first.",
    "prompt": "Do not tune: prompt.",
    "rag": "Do not tune: retrieve.",
    "collect": "Not yet: collect rows.",
    "sft": "Tune: supervised, with an adapter.",
    "sft+rag": "Tune, and retrieve.",
    "dpo": "Tune on preferences (DPO).",
    "grpo": "Tune on checked answers (GRPO).",
    "distillation": "Distil into a small model.",
    "embedding": "Tune the embedding model.",
}
STOP = (
    "Stop rule, fixed now: no gain over the better of prompt and examples, or a loss on general text, and it stays out."
)
SECTIONS = (
    Section(ASK, "The rules are read from top to bottom, and the first that fits decides. They are listed below."),
)
GOALS = (
    ("behaviour", "a form, a style, a narrow task"),
    ("knowledge", "facts that the model lacks"),
    ("preference", "answers that people like better"),
    ("reasoning", "answers that a program can check"),
    ("retrieval", "finding the right passages"),
    ("cheaper", "the same as a large model, cheaper or faster"),
)
BASES = (
    ("unknown", "I have not asked it"),
    ("poor", "mostly wrong"),
    ("half", "sometimes right"),
    ("fine", "already fine"),
)
HARDWARE = (("cpu", "a laptop, no GPU"), ("16", "16 GB"), ("24", "24 GB"), ("80", "80 GB"))

PARAMS = (
    Param(
        "goal",
        "What should get better",
        "choice",
        "behaviour",
        "The kind of change you want.",
        choices=GOALS,
        section=ASK,
    ),
    Param(
        "base", "The base, with its best prompt", "choice", "unknown", "On your own items.", choices=BASES, section=ASK
    ),
    Param("tested", "I have a test set and a score", "switch", True, "Items that were never trained on.", section=ASK),
    Param(
        "rows",
        "Rows at hand",
        "range",
        200,
        "Labelled examples, pairs, or checkable questions.",
        "rows",
        min=1,
        max=100_000,
        step=1,
        scale="log",
        section=ASK,
    ),  # fmt: skip
    Param("changing", "The facts keep changing", "switch", False, "Faster than you would retrain.", section=ASK),
    Param("hardware", "Hardware", "choice", "cpu", "What the run may use.", choices=HARDWARE, section=ASK),
)
OUTPUTS = (
    Output("rule_number", "Rule that fired", format="integer", section=ASK),
    Output("tuning", "The plan is to tune (1) or not (0)", format="integer", section=ASK),
    Output("rows_to_tune", "Rows from which on it would be (0: never)", format="integer", section=ASK),
)
CHARTS = (
    Chart(
        "ladder",
        "Would more rows change the plan?",
        "line",
        (Series("ladder_tuned", "tune", "ladder_rows", "steps"),),
        "rows",
        "tune (1) or not (0)",
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


def profile_of(params: dict[str, Any]) -> decision.Profile:
    """The answers as the rules want them."""
    return decision.Profile(**{k: params[k] for k in ("goal", "base", "tested", "rows", "changing", "hardware")})


def steps(plan: str) -> list[str]:
    """What to do, in order."""
    if plan == "test":
        return ["Write down a hundred real inputs and what a right answer is.", "Score the base on them.", "Come back."]
    if plan == "probe":
        return ["Ask the base your items, without and with a few examples in the prompt.", "Come back with its score."]
    if plan == "collect":
        return [
            "Put your best rows into the prompt as examples.",
            "Collect until there are fifty, checked by a person.",
        ]
    if plan in ("prompt", "rag"):
        return [
            "Improve the prompt, or what is retrieved, against your test.",
            "Ask again when the base or the task changes.",
        ]
    first = "Set a test aside that is large enough for the gain you hope for."
    return [
        first,
        "Remove duplicates and everything that leaks from the test.",
        "Train with the configuration below.",
        STOP,
    ]


def _drawn(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"goal": GOALS[int(rng.integers(6))][0], "base": BASES[int(rng.integers(1, 4))][0], "tested": True,
            "rows": int(rng.choice([20, 500, 5000])), "changing": bool(rng.integers(2)), "hardware": "24"}  # fmt: skip


def _draw(seed: int) -> Task:
    p = _drawn(seed)
    wanted, base = dict(GOALS)[p["goal"]], dict(BASES)[p["base"]]
    facts = "keep changing" if p["changing"] else "stay"
    return Task(
        f"Wanted: {wanted}. The base is {base}, there are {p['rows']:,} rows, a test exists, the facts {facts}. "
        "Is the plan to tune?"
    )


def _check(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    rule = decision.decide(profile_of(_drawn(seed)))
    right = (answer == "tune") == (rule.plan in decision.TUNING)
    return Verdict("right" if right else "wrong", f"{PLANS[rule.plan]} {rule.reason}")


CHALLENGES = (
    Challenge(
        "sign",
        "Would you sign it?",
        "choice",
        _draw,
        _check,
        "Read the rules from top to bottom.",
        choices=(("tune", "tune"), ("not", "not (yet)")),
    ),  # fmt: skip
)
