"""Figures of the report on DeepSeek-R1 and of the page on reasoning models."""

from __future__ import annotations

from overrides.figures.kit.diagrams import Step, lanes
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, computed, from_fact

NATURE = cited("deepseek2025nature", "Table 2")
LANES = (
    ("R1-Zero", (("DeepSeek-V3-Base", "671B"), ("RL", "two rules as reward"), ("R1-Zero", "reasons, hard to read"))),
    ("R1, first half", (("DeepSeek-V3-Base", "671B"), ("SFT: cold start", "thousands of solutions"),
                        ("RL on reasoning", "makes the next rows"))),
    ("R1, second half", (("DeepSeek-V3-Base", "again from the base"), ("SFT", "about 800,000 answers"),
                         ("RL on everything", "gives R1"))),
    ("Six small models", (("Qwen or Llama", "1.5B to 70B"), ("SFT", "on the same answers"),
                          ("R1-Distill", "no RL at all"))),
)  # fmt: skip


@figure
def r1_stages() -> Figure:
    """What R1-Zero, R1 and the distilled models were trained on, as lines."""
    rows = [(name, [Step(what, detail, style="soft" if what.startswith("RL") else "box") for what, detail in steps])
            for name, steps in LANES]  # fmt: skip
    return Figure(
        title="The stages of R1-Zero, R1 and the distilled models",
        caption="Filled boxes are reinforcement learning. A first model, later discarded, writes the reasoning answers "
        "that R1 is trained on; R1 itself starts from the base model again. The small models see those answers and no "
        "reward.",
        summary="Four lines of boxes. R1-Zero: base, reinforcement learning. R1, first half: base, cold start, "
        "reinforcement learning. R1, second half: base, supervised fine-tuning on 800,000 answers, reinforcement "
        "learning. Small models: Qwen or Llama, supervised fine-tuning.",
        drawing=lanes(rows),
        table=Table(("model", "starts from", "then", "ends as"),
                    [(name, *(f"{what} ({detail})" for what, detail in steps)) for name, steps in LANES]),
        sources=(cited("deepseek2025", "v1, §2.2 to §2.4"),),
    )  # fmt: skip


STAGES = ("R1-Zero", "Dev1: cold start", "Dev2: RL", "Dev3: second SFT", "R1: RL")
SCORES = {  # Nature, table 2
    "AIME 2024, one answer": (77.9, 59.0, 74.0, 78.1, 79.8),
    "GPQA Diamond": (75.8, 66.1, 70.7, 71.2, 71.5),
    "IF-Eval": (46.6, 71.7, 72.0, 78.1, 83.3),
    "AlpacaEval 2": (24.7, 50.1, 55.8, 62.1, 87.6),
    "LiveCodeBench": (50.0, 57.5, 63.5, 64.6, 65.9),
    "MMLU-Pro": (68.9, 74.1, 83.8, 83.1, 84.0),
    "Aider": (12.2, 6.7, 25.6, 44.8, 53.3),
}


@figure
def r1_scores() -> Figure:
    """Scores of R1-Zero and of the four models on the way to R1."""
    drawn = [(i, name) for i, name in enumerate(STAGES) if "Dev3" not in name]  # five dots a row are hard to tell apart
    series = [Series(name, [scores[i] for scores in SCORES.values()], role="dots") for i, name in drawn]
    return Figure(
        title="Seven benchmarks on the way to R1",
        caption="The cold start lowers AIME, GPQA and Aider and raises the others. Reinforcement learning then raises "
        "AIME, though not to R1-Zero's score; GPQA stays below R1-Zero too. "
        "The last stage adds most to AlpacaEval 2. Dev3 is in the table.",
        summary="Seven rows of dots for R1-Zero, the model after the cold start, the model after the first "
        "reinforcement learning, and R1. AIME falls from 77.9 to 59.0 at the cold start and ends at 79.8.",
        drawing=Chart("rows", series, "score", "benchmark", words=list(SCORES)),
        table=Table(("benchmark", *STAGES), [(name, *row) for name, row in SCORES.items()]),
        sources=(NATURE,),
    )


SMALL = {  # AIME 2024 with one answer, majority of 64, MATH-500, GPQA Diamond
    "distilled, Qwen 1.5B": (28.9, 52.7, 83.9, 33.8),
    "distilled, Qwen 7B": (55.5, 83.3, 92.8, 49.1),
    "distilled, Llama 8B": (50.4, 80.0, 89.1, 49.0),
    "distilled, Qwen 32B": (72.6, 83.3, 94.3, 62.1),
    "RL from base, Qwen 32B": (47.0, 60.0, 91.6, 55.0),
}
SHOWN = ("AIME, one answer", "AIME, majority of 64", "MATH-500", "GPQA Diamond")


@figure
def r1_distilled() -> Figure:
    """Four distilled models, and one of 32B by reinforcement learning alone."""
    series = [Series(name, [row[i] for row in SMALL.values()], role="dots") for i, name in enumerate(SHOWN)]
    return Figure(
        title="Distilled models, and one by reinforcement learning alone",
        caption="Four of the six distilled models, and one without a teacher. "
        "Compare the last two rows: both start from Qwen2.5 32B. Distillation is ahead on all four scores, "
        "most on AIME. The majority of 64 answers adds least to the strongest model.",
        summary="Five rows of four dots. The distilled 32B model has 72.6 on AIME, the one by reinforcement learning "
        "47.0; the distilled 1.5B model rises from 28.9 to 52.7 by the majority of 64 answers.",
        drawing=Chart("rows", series, "score", "model", words=list(SMALL)),
        sources=(cited("deepseek-r1-repo", "README, distilled model evaluation"), cited("deepseek2025", "v1, §4.1")),
    )


CHANCES = (1 / 6, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)


@figure
def chain_rl_distil() -> Figure:
    """A chain of six choices: success before, after reinforcement learning and after distillation."""
    ways = (("before", "chain_success", "dashed"), ("after reinforcement learning", "chain_after_rl", "line"),
            ("after distillation", "chain_after_distillation", "line"))  # fmt: skip
    series = [Series(name, [computed(fact, per_step=one) for one in CHANCES], CHANCES, role)
              for name, fact, role in ways]  # fmt: skip
    return Figure(
        title="Success on a chain of six choices, by the base model",
        caption="The left edge is guessing, one in six. "
        "Distillation works from any base. Reinforcement learning needs one that succeeds now and then; from a "
        "strong base it ends slightly above distillation.",
        summary="Three lines by the base's chance of a right step. Before training success is near zero. After "
        f"distillation it is about {series[2].y[0]:.2f} everywhere. After reinforcement learning it rises from "
        f"{series[1].y[0]:.2g} at one in six to {series[1].y[-1]:.2f} at 0.6.",
        drawing=Chart("line", series, "base's chance of a right step", "solves the chain", y_zero=True),
        sources=(from_fact("chain_after_rl", per_step=0.2), from_fact("chain_after_distillation", per_step=0.2)),
    )


VOTES = (1, 3, 5, 7, 9, 13, 17, 25, 33, 49, 65)
CASES = (("right 40%, mistakes all differ", 0.4, 0.0), ("right 40%, one mistake 30%", 0.4, 0.3),
         ("right 40%, one mistake 60%", 0.4, 0.6))  # fmt: skip


@figure
def majority_vote() -> Figure:
    """The majority of several samples, by what the mistakes are like."""
    series = [Series(name, [100 * computed("majority_right", right=right, rival=rival, votes=n) for n in VOTES], VOTES)
              for name, right, rival in CASES]  # fmt: skip
    ends = [one.y[-1] for one in series]
    return Figure(
        title="What a majority vote adds to a model that is right four times in ten",
        caption="If the mistakes differ, a few votes are enough. If one mistake is more frequent than the right "
        "answer, voting returns that mistake.",
        summary=f"Three lines that start at 40%. With 65 samples they are at {ends[0]:.0f}%, {ends[1]:.0f}% and "
        f"{ends[2]:.0f}%.",
        drawing=Chart("line", series, "samples", "right by majority, %", y_zero=True),
        sources=(from_fact("majority_right", right=0.4, rival=0.6, votes=65),),
    )


RECIPES = (
    ("Reinforcement learning", (("Problems", "with an answer that a program checks"), ("Sample", "several solutions"),
                                ("Raise", "the probability of right ones"))),
    ("Distillation by text", (("Problems", "the same kind"), ("A reasoning model", "solves them; a check filters"),
                              ("SFT", "of a small model on what is kept"))),
    ("Cold start, then both", (("SFT", "a few thousand clean solutions"), ("Reinforcement learning", "with the check"),
                               ("SFT", "on its own best answers and ordinary tasks"))),
)  # fmt: skip


@figure
def reasoning_recipes() -> Figure:
    """Three public recipes for a reasoning model."""
    rows = [(name, [Step(what, detail) for what, detail in steps]) for name, steps in RECIPES]
    return Figure(
        title="Three recipes for a reasoning model",
        caption="The first needs a base model that is right now and then. The second needs a stronger model. The third "
        "is R1's, without its last stage.",
        summary="Three lines of three boxes: reinforcement learning with a check; distillation by text; a cold start, "
        "reinforcement learning and supervised fine-tuning.",
        drawing=lanes(rows),
        table=Table(("recipe", "first", "then", "last"),
                    [(name, *(f"{what}: {detail}" for what, detail in steps)) for name, steps in RECIPES]),
        sources=(cited("deepseek2025", "v1, §2.2 to §2.4"), cited("lambert2024", "§6")),
    )  # fmt: skip
