"""Figures of the field reports on Phi-3 and Llama 3."""

from __future__ import annotations

from math import exp

from labs_py.core.report_facts import answers_after_dpo
from overrides.figures.kit.diagrams import Step, flow, part_legend, stacked
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, computed, from_code, from_fact

PHI3_TABLE = cited("phi3-2024", "§3, table")
SCORES = {  # Phi-3, version 4, section 3: mini, small, medium, Llama 3 8B Instruct, GPT-3.5
    "MMLU, 5 examples": (68.8, 75.7, 78.0, 66.5, 71.4),
    "GSM8K, 8 examples": (82.5, 89.6, 91.0, 77.4, 78.1),
    "MATH, no examples": (41.3, 34.6, 53.1, 28.2, 45.3),
    "HumanEval, no examples": (58.5, 61.0, 62.2, 60.4, 62.2),
    "TriviaQA, 5 examples": (64.0, 58.1, 73.9, 67.7, 85.8),
    "mean of 20 benchmarks": (69.7, 73.6, 76.7, 67.3, 72.8),
}
MODELS = ("mini 3.8B", "small 7B", "medium 14B", "Llama 3 8B Instruct", "GPT-3.5 (1106)")


@figure
def phi3_stages() -> Figure:
    """The four stages of Phi-3, and what each learns from."""
    steps = (
        ("Pre-training, phase 1", "mostly web pages, kept by their educational level"),
        ("Pre-training, phase 2", "web pages filtered more strictly, and text by language models"),
        ("SFT", "curated chats, mathematics, code, safety"),
        ("DPO", "unwanted outputs as the rejected side"),
    )
    return Figure(
        title="The stages of Phi-3",
        caption="Two phases of pre-training and two steps of post-training. How the tokens divide between the phases, "
        "and how much of the text models wrote, is not published.",
        summary="Four boxes with arrows: pre-training on filtered web text, pre-training on stricter web text with "
        "text by language models, supervised fine-tuning, DPO.",
        drawing=flow([Step(name, detail, style="soft" if "phase 2" in name else "box") for name, detail in steps]),
        table=Table(("stage", "data"), steps),
        sources=(cited("phi3-2024", "§2"),),
    )


@figure
def phi3_scores() -> Figure:
    """Scores of three Phi-3 models and two others."""
    drawn = [i for i, name in enumerate(MODELS) if "medium" not in name]  # five dots a row are too many to tell apart
    series = [Series(MODELS[i], [row[i] for row in SCORES.values()], role="dots") for i in drawn]
    return Figure(
        title="Phi-3 and two other models, by benchmark",
        caption="On TriviaQA, which asks for facts, mini falls behind Llama 3 8B Instruct, and small falls behind "
        "mini. On the mean of 20 benchmarks mini is ahead of Llama, and small of mini. Phi-3 medium is in the "
        "table.",
        summary="Six rows of dots, one for each benchmark, with the scores of Phi-3 mini and small, Llama 3 8B "
        "Instruct and GPT-3.5. On TriviaQA GPT-3.5 is far ahead of all others.",
        drawing=Chart("rows", series, "score", "benchmark", words=list(SCORES)),
        table=Table(("benchmark", *MODELS), [(name, *row) for name, row in SCORES.items()]),
        sources=(PHI3_TABLE,),
    )


FORMATS = (("16 bits", 16.0), ("8 bits", 8.0), ("NF4 with its scales", 4.127), ("4 bits, no scales", 4.0))


@figure
def phi3_phone() -> Figure:
    """Weights of 3.8 billion parameters by format."""
    sizes = [computed("weights_gibibytes", parameters=3.8e9, bits=bits) for _, bits in FORMATS]
    return Figure(
        title="Weights of a 3.8B model",
        caption=f"With and without scales, four bits come to {sizes[2]:.2f} and {sizes[3]:.2f} GiB. Both round to the "
        "1.8 GB that the report prints.",
        summary="Bars: " + ", ".join(f"{name} {size:.2f} GiB" for (name, _), size in zip(FORMATS, sizes, strict=True))
        + ".",
        drawing=Chart("rows", [Series("weights", sizes, role="bars")], "GiB", "format",
                      words=[name for name, _ in FORMATS]),
        sources=(from_fact("weights_gibibytes", parameters=3.8e9, bits=4),
                 cited("dettmers2023qlora", "§3"), cited("phi3-2024", "§2, Figure 2")),
    )  # fmt: skip


@figure
def llama3_round() -> Figure:
    """One of the six rounds of Llama 3's post-training."""
    steps = (
        ("Preferences", "people compare answers of the newest models", "pairs"),
        ("Reward model", "trained from the pre-trained checkpoint", "scores"),
        ("Rejection sampling", "10 to 30 answers a prompt, one is kept", "rows"),
        ("SFT", "on the kept answers and other data", "a model"),
        ("DPO", "mostly on the latest preferences", "a model"),
        ("Average", "of runs with other data or settings", "next round"),
    )
    boxes = [Step(name, detail, onward, "soft" if name in ("Preferences", "Rejection sampling") else "box")
             for name, detail, onward in steps]  # fmt: skip
    return Figure(
        title="One round of post-training; there were six",
        caption="Filled boxes choose or make data, the others train. The averaged model answers in the next round, so "
        "that its data comes from a model like itself.",
        summary="Six boxes with arrows: preferences, reward model, rejection sampling, supervised fine-tuning, DPO, "
        "average; then the next round begins.",
        drawing=flow(boxes, across=3),
        table=Table(("step", "what happens", "hands on"), steps),
        sources=(cited("llama2024", "§4.1, §4.1.6 and §4.2.2"),),
    )


KINDS = ("General English", "Code", "Several languages", "Reasoning and tools", "Exam-like questions", "Long context")
MIX = {
    "Preference pairs": (81.99, 6.93, 5.19, 5.89, 0.0, 0.0),  # table 6
    "SFT examples": (52.66, 14.89, 3.01, 21.19, 8.14, 0.11),  # table 7
}


@figure
def llama3_mix() -> Figure:
    """What preference pairs and supervised examples are about."""
    return Figure(
        title="What the data is about, in percent of pairs and of examples",
        caption="Preferences are mostly general chat. Supervised examples have more than three times the share of "
        "reasoning and tools. Long context is 0.11% of them, too thin to see.",
        summary="Two stacked bars. Preference pairs: 82% general English. Supervised examples: 53% general English, "
        "21% reasoning and tools, 15% code, 8% exam-like questions.",
        drawing=stacked(list(MIX.items()), KINDS, "%", digits=0),
        table=Table(("kind", *(f"{name}, %" for name in MIX)),
                    [(kind, *(shares[i] for shares in MIX.values())) for i, kind in enumerate(KINDS)]),
        legend=part_legend(KINDS),
        sources=(cited("llama2024", "Tables 6 and 7"),),
    )  # fmt: skip


WEIGHTS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)
FOLLOWED = (("chosen answer", 0, "line"), ("an answer nobody labelled", 2, "dashed"), ("rejected answer", 1, "line"))


@figure
def anchored_dpo() -> Figure:
    """Probabilities of three of six answers after DPO, by the weight of the likelihood term."""
    after = [answers_after_dpo(weight) for weight in WEIGHTS]
    lines = [Series(name, [exp(found[i]) for found in after], WEIGHTS, role) for name, i, role in FOLLOWED]
    return Figure(
        title="Three of six answers after DPO",
        caption="Without the likelihood term (left edge) an answer that nobody labelled takes nearly all of the "
        "probability. In this toy a small weight is enough to keep the chosen answer.",
        summary=f"Lines of probability by the weight of the likelihood term. The chosen answer is at "
        f"{lines[0].y[0]:.1g} without it and at {lines[0].y[WEIGHTS.index(0.2)]:.2f} with a weight of 0.2.",
        drawing=Chart("line", lines, "weight of the likelihood term", "probability after training",
                      markers=[(0.2, "Llama 3")], y_zero=True),
        sources=(from_code("labs_py.core.report_facts:answers_after_dpo"),
                 from_fact("chosen_probability_after_dpo", nll=0.2)),
    )  # fmt: skip
