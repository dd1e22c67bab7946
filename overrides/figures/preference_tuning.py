"""Figures of the article on preference tuning."""

from __future__ import annotations

import numpy as np

from labs_py.core.report_facts import ANSWERS, answers_after_dpo
from overrides.figures.kit.figure import Chart, Figure, Series, figure
from overrides.figures.kit.sources import computed, from_code, from_fact, from_run, value

NLL = 0.2
MARGINS = np.linspace(-4, 4, 33)
STEPS = (0, 1, 3, 10, 30, 100, 400)  # of the toy's training, where its pair is looked at
BETA = 0.1


@figure
def reward_against_kl() -> Figure:
    """Fitted and true reward of the best policy, by its distance from the reference, as the penalty falls."""
    betas = np.geomspace(10, 0.1, 25)
    distance, fitted, true = ([computed("chased", what=what, beta=float(beta)) for beta in betas]
                              for what in ("kl", "fitted", "true"))  # fmt: skip
    top = int(np.argmax(true))
    return Figure(
        title="Reward against KL: what was fitted, and what is true",
        caption="Both rewards as gains over the model at the start. From left to right the KL penalty gets weaker. "
        "Nothing in the fitted curve marks where the true one turns.",
        summary=f"Against the distance in nats, the fitted reward rises to {fitted[-1]:.2f}. The true reward peaks at "
        f"{true[top]:.2f}, at a distance of {distance[top]:.2f}, and falls to {true[-1]:.2f}.",
        drawing=Chart("line", [Series("fitted reward", fitted, distance), Series("true reward", true, distance)],
                      "KL from the start, nats", "gain in reward", markers=[(distance[top], "true peak")]),
        sources=(from_fact("chased", what="true", beta=0.1),),
    )  # fmt: skip


@figure
def dpo_loss() -> Figure:
    """The loss of one pair over its margin, and where the pair of the toy stands after so many steps."""
    loss = [computed("label_loss", margin=float(margin)) for margin in MARGINS]
    pull = [float(1 / (1 + np.exp(margin))) for margin in MARGINS]
    there = []
    for steps in STEPS:
        log_policy = answers_after_dpo(0.0, BETA, steps)
        there.append(float(BETA * (log_policy[0] - log_policy[1])))  # the reference is level, so it cancels
    on = [computed("label_loss", margin=margin) for margin in there]
    return Figure(
        title="The loss of one pair, and how hard it pulls",
        caption="Every pair starts at margin 0. The dots are one pair (the toy of the next section) after "
        f"{', '.join(map(str, STEPS[:-1]))} and {STEPS[-1]} steps: it moves right, ever more slowly, because the pull "
        "fades. A mislabelled pair goes the other way: the other pairs give it a negative margin, where its wrong "
        "label pulls hardest.",
        summary=f"The loss falls from {loss[0]:.2f} at margin {MARGINS[0]:.0f} through {np.log(2):.3f} at 0 to "
        f"{loss[-1]:.3f} at {MARGINS[-1]:.0f}; the pull falls from near 1 to near 0. The pair's margin goes from 0 to "
        f"{there[-1]:.2f}.",
        drawing=Chart("line", [Series("loss, nats", loss, list(map(float, MARGINS))),
                               Series("pull, share of β", pull, list(map(float, MARGINS)), "dashed"),
                               Series("one pair, step by step", on, there, "dots")],
                      "margin m", "loss and pull", y_zero=True),
        sources=(from_fact("label_loss", margin=0.0), from_code("labs_py.core.report_facts:answers_after_dpo")),
    )  # fmt: skip


@figure
def displacement() -> Figure:
    """Probabilities of the toy's six answers: at the start, after plain DPO, and with a likelihood term."""
    plain, anchored = (list(map(float, np.exp(answers_after_dpo(nll)))) for nll in (0.0, NLL))
    start = [1 / len(ANSWERS)] * len(ANSWERS)
    words = ["chosen", "rejected", *(f"unlabelled {letter}" for letter in "ABCD")]
    return Figure(
        title="Where the probability goes",
        caption="Six answers after DPO on one pair. Without the likelihood term, answer A takes nearly all the "
        "probability, and nobody labelled it; it lies further along the direction in which the pair pushes. With the "
        "term, the chosen answer gets most of it.",
        summary=f"All six start at {start[0]:.3f}. Plain DPO leaves the chosen answer {plain[0]:.1e} and gives "
        f"unlabelled A {plain[2]:.3f}. With the term the chosen answer has {anchored[0]:.3f}.",
        drawing=Chart("rows", [Series("at the start", start, role="bars"), Series("plain DPO", plain, role="bars"),
                               Series("DPO with NLL term", anchored, role="bars")],
                      "probability", "answer", words=words, y_zero=True),
        sources=(from_fact("chosen_probability_after_dpo", nll=0.0),
                 from_fact("chosen_probability_after_dpo", nll=NLL),
                 from_code("labs_py.core.report_facts:answers_after_dpo")),
    )  # fmt: skip


START = "dpo-naive-after-sft-s0"  # began with a short supervised run, whose answers were scored too
# Name in the figure, recorded run or runs.
RUNS = (
    ("written pairs", "dpo-written-s*"),
    ("naive pairs", "dpo-naive-s0"),
    ("naive, NLL term", "dpo-naive-nll-s0"),
    ("naive, after SFT", START),
    ("own samples", "dpo-without-examples-s0"),
    ("own, with examples", "dpo-with-examples-s*"),
)


@figure
def dpo_runs() -> Figure:
    """Recorded DPO runs: notes right in every point, and how often a run wins by the rule that it was trained on."""
    base = [*(value(RUNS[0][1], f"eval.shifted.exact.{arm}") for arm in ("base", "base_few_shot")),
            value(START, "eval.shifted.exact.warm_start")]  # fmt: skip
    right = [*base, *(value(run, "eval.shifted.exact.tuned") for _, run in RUNS)]
    wins = [value(run, "preference.shifted.win_rate") for _, run in RUNS]
    nothing = [None] * len(base)
    words = ["base model", "base, four examples", "SFT alone", *(name for name, _ in RUNS)]
    said = ", ".join(f"{word} {one.value:.2f}" for word, one in zip(words, right, strict=True))
    return Figure(
        title="DPO on delivery notes: right by the task, winning by its own rule",
        caption=f"Shares of {right[0].n} held-out notes with 95% intervals. Written pairs and own samples with "
        "examples are means of three seeds, with intervals over the seeds (Student's t); the others are one seed. A "
        "run's own rule is the rule that labelled its pairs. A win is against the answer of the model before DPO to "
        "the same prompt; a tie counts half. SFT: a supervised start on 128 rows, by itself and with naive pairs "
        "after it.",
        summary=f"Right in every point: {said}. By its own rule the naive run wins {wins[1].value:.2f}.",
        drawing=Chart("rows", [
            Series("right in every point", [one.value for one in right], role="dots",
                   low=[one.low for one in right], high=[one.high for one in right]),
            Series("wins by its own rule", [*nothing, *(one.value for one in wins)], role="dots",
                   low=[*nothing, *(one.low for one in wins)], high=[*nothing, *(one.high for one in wins)]),
        ], "share", "run", words=words, y_zero=True),
        sources=(from_run(*(run for _, run in RUNS)),),
    )  # fmt: skip
