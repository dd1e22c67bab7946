"""Figures of the page on what else there is in 2026."""

from __future__ import annotations

import numpy as np

from labs_py.core.orthogonal import orthogonalise
from overrides.figures.kit.diagrams import Step, flow, part_legend, stacked
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, computed, from_code, from_fact

LLAMA, SERVED = "llama-7b", (1, 4, 16)


@figure
def prompt_before_weights() -> Figure:
    """The loop of a prompt optimiser."""
    steps = (
        ("Run", "the prompt on a few training items"),
        ("Read", "a strong model reads answers and mistakes"),
        ("Rewrite", "it proposes a better prompt"),
        ("Keep", "what is best on some held-out items"),
    )
    return Figure(
        title="A prompt optimiser's loop",
        caption="The weights stay as they are. After the last box the loop begins again. What "
        "changes is text, so the result works with any provider.",
        summary="Four boxes with arrows: run the prompt, read the mistakes, rewrite the prompt, keep the best; then "
        "again from the start.",
        drawing=flow([Step(name, detail, "again" if name == "Keep" else "") for name, detail in steps], across=4),
        table=Table(("step", "what happens"), steps),
        sources=(cited("agrawal2025", "abstract"),),
    )


@figure
def muon_step() -> Figure:
    """Singular values of an update, before and after Muon's step."""
    rng = np.random.default_rng(0)
    update = rng.standard_normal((64, 4)) @ rng.standard_normal((4, 64)) + 0.3 * rng.standard_normal((64, 64))
    before = np.linalg.svd(update, compute_uv=False)
    after = np.linalg.svd(orthogonalise(update), compute_uv=False)
    place = list(range(1, 65))
    return Figure(
        title="What Muon does to an update",
        caption="Before: four directions dominate a made-up update of 64 by 64 (scaled so that the largest is one). "
        "After five products nearly all directions have about the same length.",
        summary="Two curves of singular values from the largest to the smallest. Before, four are large and the others "
        "small. After, nearly all lie between 0.7 and 1.2.",
        drawing=Chart("line", [Series("before", list(before / before[0]), place, "dashed"),
                               Series("after", list(after), place)], "direction", "singular value"),
        sources=(from_code("labs_py.core.orthogonal:orthogonalise"),),
    )  # fmt: skip


FORMATS = (  # name, bits a weight, source
    ("16 bits", 16.0, ""),
    ("FP8", 8.0, ""),
    ("NVFP4", 4 + 8 / 16, "nvfp4-docs"),
    ("NF4, scales in 32 bits", 0.0, "scale_bits"),
    ("NF4, double quantised", 0.0, "scale_bits"),
)


@figure
def bits_of_formats() -> Figure:
    """Bits a weight takes in formats of 2026, scales included."""
    plain, double = (4 + computed("scale_bits", block=64, double=twice) for twice in (False, True))
    bits = [*(b for _, b, _ in FORMATS[:3]), plain, double]
    return Figure(
        title="Bits for each weight, scales included",
        caption="NVFP4 adds an 8-bit scale to every 16 weights. NF4 adds a 32-bit scale to every 64, and double "
        "quantisation stores those scales in fewer bits. A scale for a whole matrix is left out.",
        summary=f"Bars: 16 bits, 8 for FP8, 4.5 for NVFP4, {plain:.3g} and {double:.4g} for NF4.",
        drawing=Chart("rows", [Series("bits", bits, role="bars")], "bits a weight", "format",
                      words=[name for name, *_ in FORMATS]),
        sources=(cited("nvfp4-docs", "format table"), from_fact("scale_bits", block=64, double=True)),
    )  # fmt: skip


@figure
def agents_and_makers() -> Figure:
    """Post-training by agents against the makers' own chat models."""
    rows = (("best agent", 23.2), ("the makers' models", 51.1))
    return Figure(
        title="Ten hours of an agent on one GPU",
        caption="Average score of small base models after an agent's post-training, and of their makers' chat models.",
        summary="Two bars: 23.2 percent for the best agent, 51.1 percent for the makers' models.",
        drawing=Chart("rows", [Series("score", [score for _, score in rows], role="bars")], "score, percent", "who",
                      words=[name for name, _ in rows]),
        sources=(cited("posttrainbench2026", "abstract"),),
    )  # fmt: skip


@figure
def many_adapters() -> Figure:
    """Memory of a model for each customer against one base with adapters."""
    base = computed("weights_bytes", parameters=computed("model_parameters", model=LLAMA), bits=16) / 1e9
    adapter = computed("adapter_bytes", model=LLAMA, targets="all", rank=16) / 1e9
    parts = ("weights", "adapters")
    rows = [(f"{n} merged", (n * base, 0.0)) for n in SERVED] + [
        (f"{n} adapters", (base, n * adapter)) for n in SERVED[1:]
    ]
    return Figure(
        title="Weights in memory for several customers",
        caption="Merged: a model for each customer. Adapters: one base and an adapter for each. A 7B in "
        "16 bits; adapters of rank 16 on all linear layers. Running requests need more.",
        summary="Stacked bars. Merged models grow with the number of customers; one base with sixteen adapters is "
        "hardly larger than the base.",
        drawing=stacked(rows, parts, "GB"),
        table=Table(("served", "weights, GB", "adapters, GB"), [(name, *sizes) for name, sizes in rows]),
        sources=(from_fact("adapter_bytes", model=LLAMA, targets="all", rank=16),),
        legend=part_legend(parts),
    )
