"""Figures of the page on what else there is in 2026: what a run or a merge does to a model's parts."""

from __future__ import annotations

import numpy as np

from labs_py.core.merging import ties
from overrides.figures.kit.diagrams import part_legend, stacked
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.parts import GPT_OSS, LLAVA
from overrides.figures.kit.sources import cited, from_code, from_run, value

RANK = 16
DESK = tuple(f"gemma3-library-desk-s{seed}" for seed in range(3))


@figure
def base_to_assistant() -> Figure:
    """A pretrained base before and after supervised fine-tuning, three seeds."""
    words = ["base, with examples", "first seed", "second seed", "third seed"]

    def levels(label: str, path: str, before: str) -> Series:
        found = [value(DESK[0], f"{path}.{before}"), *(value(run, f"{path}.tuned") for run in DESK)]
        low = [None if one.low is None else 100 * one.low for one in found]
        high = [None if one.high is None else 100 * one.high for one in found]
        return Series(label, [100 * one.value for one in found], None, "dots", low, high)

    exact = levels("exact", "eval.shifted.exact", "base_few_shot")
    ends = levels("ends by itself", "eval.shifted.stopped", "base_few_shot")
    return Figure(
        title="A pretrained base becomes an assistant",
        caption="The base continues its text and never stops. Each seed learns the turn, the stop and the task. "
        "Whiskers are 95% intervals over the items.",
        summary="Four rows of two dots. The base has no exact answer and none that ends. After training "
        + ", ".join(f"{share:.0f}%" for share in exact.y[1:])
        + " are exact and "
        + ", ".join(f"{share:.0f}%" for share in ends.y[1:])
        + " end by themselves.",
        drawing=Chart("rows", [exact, ends], "answers, %", "model", words=words),
        sources=(from_run(*DESK),),
    )


@figure
def experts_reached() -> Figure:
    """What an adapter reaches in a mixture of experts."""
    held, used = GPT_OSS.parameters(GPT_OSS.experts), GPT_OSS.parameters(GPT_OSS.used)
    adapter = GPT_OSS.adapter(RANK)
    parts = tuple(held)
    rows = [
        ("in memory", tuple(held.values())),
        ("used for one token", tuple(used.values())),
        ("linear layers adapted", (held["attention"], 0, 0)),
        ("experts adapted too", (held["attention"], held["experts"], 0)),
    ]
    share = held["attention"] / sum(held.values())
    trained = [adapter["attention"], sum(adapter.values())]
    return Figure(
        title="What an adapter reaches in a mixture of experts",
        caption=f"gpt-oss 20B: {GPT_OSS.experts} experts a block, {GPT_OSS.used} for each token. Adapters on all "
        f"linear layers change {100 * share:.0f}% of the weights: a block's experts are stacked in two parameters and "
        f"are no linear layers. At rank {RANK} the adapters have {trained[0] / 1e6:.0f} million parameters, and "
        f"{trained[1] / 1e6:.0f} million with the experts.",
        summary="Stacked bars in billions of parameters: "
        + "; ".join(f"{name} {sum(sizes) / 1e9:.1f}" for name, sizes in rows)
        + ". Experts are nearly all of the model.",
        drawing=stacked([(name, [size / 1e9 for size in sizes]) for name, sizes in rows], parts, "B"),
        table=Table(("weights", *parts, f"trained at rank {RANK}"),
                    [(name, *sizes, made) for (name, sizes), made in zip(rows, [None, None, *trained], strict=True)]),
        sources=(from_code("overrides.figures.kit.parts:GPT_OSS"),),
        legend=part_legend(parts),
    )  # fmt: skip


PATTERNS = (("q_proj and v_proj", ("q_proj", "v_proj"), tuple(LLAVA)), ("all linear layers", (), tuple(LLAVA)),
            ("language model alone", (), ("language model",)))  # fmt: skip


@figure
def adapters_by_part() -> Figure:
    """Where patterns of names put adapters in a vision-language model."""
    parts = tuple(LLAVA)
    rows = [
        (name, [LLAVA[part].adapter(RANK, names) if part in among and _has(part, names) else 0 for part in parts])
        for name, names, among in PATTERNS
    ]
    pattern, every, _ = (sizes for _, sizes in rows)
    return Figure(
        title="Where a pattern of names puts adapters",
        caption=f"LLaVA 1.5 7B at rank {RANK}. q_proj and v_proj are names in the image encoder too: "
        f"{100 * pattern[0] / sum(pattern):.0f}% of the adapter lands there. To leave the encoder as it is, "
        "name the language model in the pattern.",
        summary="Stacked bars in millions of trained parameters: "
        + "; ".join(f"{name} {sum(sizes) / 1e6:.1f}" for name, sizes in rows)
        + f". With all linear layers {every[0] / 1e6:.1f} of them are in the image encoder.",
        drawing=stacked([(name, [size / 1e6 for size in sizes]) for name, sizes in rows], parts, "M"),
        table=Table(("pattern", *parts), [(name, *sizes) for name, sizes in rows]),
        sources=(from_code("overrides.figures.kit.parts:LLAVA"), cited("llava-lora", "description")),
        legend=part_legend(parts),
    )


def _has(part: str, names: tuple[str, ...]) -> bool:
    """Whether a part has layers of these names; every part has some when none is named."""
    return not names or any(name in LLAVA[part].linears for name in names)


FIRST, SECOND = (0.9, 0.5, -0.7, 0.1, -0.6, 0.2), (0.8, -0.9, -0.5, 0.7, 0.1, -0.1)  # chosen for the picture


@figure
def merged_updates() -> Figure:
    """Six weights of two updates, their average and what TIES makes of them."""
    both = np.array([FIRST, SECOND])
    average, elected = both.mean(axis=0), ties(both, 0.5)
    words = [f"weight {i + 1}" for i in range(len(FIRST))]
    series = [Series(name, list(values), role="dots") for name, values in
              (("model A", FIRST), ("model B", SECOND), ("average", average), ("TIES", elected))]  # fmt: skip
    return Figure(
        title="Two updates of the same six weights, merged",
        caption=f"On weight 2 the models disagree: the average is {average[1]:.2g}, and TIES takes the larger side, "
        f"{elected[1]:.2g}. On weight 5 the small entry was cut before, so TIES keeps A's whole. Both of weight 6 "
        "were cut.",
        summary="Six rows of four dots: the updates of two models, their average, and TIES. Where signs differ the "
        "average is near zero and TIES equals the larger update.",
        drawing=Chart("rows", series, "change from the base", "weight", words=words),
        sources=(from_code("labs_py.core.merging:ties, half of each update's entries kept"),),
    )
