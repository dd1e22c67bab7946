"""What the decision tool asks and says, as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import decision, run_cost
from labs_py.core.model_table import MODELS
from labs_py.spec import Challenge, Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Task, Verdict

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
    Param(
        "requests",
        "Requests a day, in use",
        "range",
        1000,
        "A prompt is paid for with every one.",
        "requests",
        min=1,
        max=10_000_000,
        step=1,
        scale="log",
        section=ASK,
    ),  # fmt: skip
    Param("hurry", "What does it now is too slow", "switch", False, "Measured, not felt.", section=ASK),
    Param("private", "Inputs may not leave my machines", "switch", False, "Law, contract or wish.", section=ASK),
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


METHODS = {
    "cpu": "LoRA on a 135M model: enough to learn the way, too small for most products.",
    "16": "QLoRA: a 7B whose frozen weights are held in four bits.",
    "24": "LoRA on a 7B in 16 bits, activations recomputed, rows one by one.",
    "80": "LoRA on a 7B in 16 bits, eight rows at once.",
}
COLLECT = {
    "sft": "Collect pairs of input and the answer you want, from real use, each checked by a person.",
    "sft+rag": "Collect questions with the passages that answer them, and with passages that do not.",
    "dpo": "Collect pairs of a better and a worse answer to one question, both from the model as it is.",
    "grpo": "Collect questions with a program that checks the answer, and try to fool it.",
    "distillation": "Collect real inputs and the large model's answers to them; drop those that a check refuses.",
    "embedding": "Collect questions with the passage that answers each; hard wrong ones are mined from your own.",
}
MEASURE = {
    "sft": "Score exactly what the form demands, on inputs from another source than the training rows.",
    "sft+rag": "Score answers with the passages and without, and the right refusal when none fits.",
    "dpo": "Let people, or a rule they agree with, compare answers blindly; watch length and topic.",
    "grpo": "Score the checked answers, and read fifty by eye for answers that only please the checker.",
    "distillation": "Compare small and large model on the same inputs, and what the router sends on.",
    "embedding": "Count how often the right passage is among the first ten, and watch search on general text.",
}


def profile_of(params: dict[str, Any]) -> decision.Profile:
    """The answers as the rules want them."""
    return decision.Profile(**{k: v for k, v in params.items() if k in decision.Profile.__dataclass_fields__})


def cost(profile: decision.Profile) -> str:
    """What the first run takes: memory by the estimate's own arithmetic."""
    if decision.decide(profile).plan == "embedding":
        return "Cost: minutes on a laptop for a small embedding model."
    cpu, few = profile.hardware == "cpu", profile.hardware in ("16", "24")
    run = run_cost.Run(nf4=profile.hardware == "16", optimizer="paged_adamw_8bit" if profile.hardware == "16" else
                       "adamw", batch=1 if few else 8, checkpointing=few, labelled=1 / 3)  # fmt: skip
    shape = MODELS["SmolLM2-135M" if cpu else "Mistral-7B-v0.3"]
    size = run_cost.process_bytes(shape, run) if cpu else sum(run_cost.memory(shape, run).values())
    return f"Cost: about {size / 1e9:.1f} GB of memory at 512 tokens a row; hours and money are in What will it cost?"


def steps(profile: decision.Profile) -> list[str]:
    """What to do, in order: the evaluation, the data, the run with its cost, the stop rule."""
    plan = decision.decide(profile).plan
    own = ["Nothing leaves your machines: open weights, and a teacher or judge that you run yourself."]
    own = own if profile.private else []
    if plan == "test":
        return ["Write down a hundred real inputs and what a right answer is.", "Score the base on them.",
                *own, "Come back."]  # fmt: skip
    if plan == "probe":
        return ["Ask the base your items, without and with a few examples in the prompt.", *own,
                "Come back with its score."]  # fmt: skip
    if plan == "collect":
        return ["Put your best rows into the prompt as examples.",
                "Collect until there are fifty, checked by a person.", *own]  # fmt: skip
    if plan in ("prompt", "rag"):
        return ["Improve the prompt, or what is retrieved, against your test.", *own,
                "Ask again when the base or the task changes."]  # fmt: skip
    method = [] if plan == "embedding" else [METHODS[profile.hardware]]
    return [
        f"{MEASURE[plan]} Set that test aside first, large enough for the gain you hope for.",
        f"{COLLECT[plan]} Remove duplicates and everything that leaks from the test.",
        *own,
        " ".join([*method, cost(profile)]),
        f"Begin with the configuration below: python -m training {decision.command(profile)} --config decided.yaml.",
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
