"""Figures of the article on LoRA and QLoRA."""

from __future__ import annotations

from statistics import NormalDist

from labs_py.core.quantize import NF4_LEVELS
from overrides.figures.kit.diagrams import Matrix, matrices, part_legend, stacked
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.runs import gains
from overrides.figures.kit.sources import cited, computed, from_code, from_fact, from_run, value

NORMAL = NormalDist()
NF4_OFFSET = 0.9677083  # probability of the outermost quantile, as bitsandbytes has it


@figure
def thin_matrices() -> Figure:
    """W beside B and A, to scale: one square matrix of width 4096 and rank 16."""
    width, rank = 4096, 16
    whole = int(computed("matrix_parameters", rows=width, columns=width))
    thin = int(computed("low_rank_parameters", rows=width, columns=width, rank=rank))
    share = computed("low_rank_share", rows=width, columns=width, rank=rank)
    return Figure(
        title="A frozen matrix beside its adapter, to scale",
        caption=f"W stays as it is. Training changes only B and A, which together have {share:.1%} as many numbers. Their product "  # noqa: E501
        f"has the shape of W, and its rank is at most {rank}.",
        summary=f"A large square W of {width} by {width}, plus a thin upright B of {width} by {rank} times a thin "
        f"level A of {rank} by {width}. B and A together hold {thin:,} numbers, W holds {whole:,}.",
        drawing=matrices([Matrix("W", width, width, "soft", "frozen"), "+", Matrix("B", width, rank, "c2", "trained"),
                          "×", Matrix("A", rank, width, "c2", "trained")], thinnest=0.4),
        table=Table(
            ("matrix", "rows", "columns", "numbers", "trained"),
            (("W", width, width, whole, "no"), ("B", width, rank, width * rank, "yes"),
             ("A", rank, width, rank * width, "yes")),
        ),
        sources=(from_fact("matrix_parameters", rows=width, columns=width),
                 from_fact("low_rank_parameters", rows=width, columns=width, rank=rank)),
    )  # fmt: skip


RANKS = (1, 2, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64)


@figure
def error_against_rank() -> Figure:
    """Relative error of the best product of each rank, for two made-up updates."""
    planted = {"size": 64, "planted_rank": 8, "noise": 0.3, "seed": 0}
    power = {"size": 64, "decay": 1.0}
    first = [100 * computed("planted_error", **planted, rank=rank) for rank in RANKS]
    second = [100 * computed("power_law_error", **power, rank=rank) for rank in RANKS]
    return Figure(
        title="What an update loses at each rank",
        caption="The matrix of rank 8 with noise added has a bend at rank 8: a higher rank keeps noise. Where the "
        "singular values fall like 1/i (a power law) there is no bend: each further rank lowers the error a little and "
        "costs parameters.",
        summary=f"Two falling lines. With rank 8 and noise the error is {first[0]:.0f}% at rank 1 and "
        f"{first[RANKS.index(8)]:.0f}% at rank 8; with a power law {second[0]:.0f}% and {second[RANKS.index(8)]:.0f}%.",
        drawing=Chart("line", [Series("rank 8 and noise", first, RANKS),
                               Series("power law", second, RANKS)], "rank", "relative error, %",
                      markers=[(8, "rank 8")], y_zero=True),
        sources=(from_fact("planted_error", **planted, rank=8), from_fact("power_law_error", **power, rank=8)),
    )  # fmt: skip


PARTS = ("weights", "adapter", "gradients", "optimiser")
NAMED = ("weights", "adapter", "gradients", "optimiser and master copy")
MODELS = (("llama-7b", "Llama 7B"), ("qwen2.5-7b", "Qwen2.5 7B"))
METHODS = (("full", "full"), ("lora", "LoRA"), ("qlora", "QLoRA"))


@figure
def memory_stacked() -> Figure:
    """Memory of full fine-tuning, LoRA and QLoRA, by parts, for two models."""
    rows = [(f"{title}, {said}", [computed("tuning_bytes", model=model, method=method, part=part) / 1e9
                                  for part in PARTS])
            for model, title in MODELS for method, said in METHODS]  # fmt: skip
    sums = {name: sum(sizes) for name, sizes in rows}
    return Figure(
        title="Memory by parts, activations left out",
        caption="Rank 16 on all linear layers. LoRA removes nearly all gradients and optimiser state; QLoRA makes "
        "the weights smaller. The larger vocabulary of Qwen2.5 stays in 16 bits.",
        summary="Stacked bars: " + ", ".join(f"{name} {size:.1f} GB" for name, size in sums.items()) + ".",
        drawing=stacked(rows, NAMED, "GB"),
        table=Table(("model and method", *(f"{name}, GB" for name in NAMED), "sum, GB"),
                    [(name, *sizes, sum(sizes)) for name, sizes in rows]),
        legend=part_legend(NAMED),
        sources=(from_fact("tuning_bytes", model="llama-7b", method="qlora", part="weights"),
                 from_fact("tuning_bytes", model="qwen2.5-7b", method="qlora", part="weights")),
    )  # fmt: skip


@figure
def nf4_levels() -> Figure:
    """The sixteen levels of NF4 on the normal density that they were made for."""
    levels = [float(level) for level in NF4_LEVELS]
    places = [round(-1 + i / 40, 3) for i in range(81)]  # a curve of so many points is smooth at this size
    spread = 1 / NORMAL.inv_cdf(NF4_OFFSET)  # the outermost quantile is scaled to 1
    density = [NORMAL.pdf(x / spread) / NORMAL.pdf(0) for x in places]
    return Figure(
        title="The 16 levels of NF4 on a bell",
        caption="Levels stand close where weights are many and far apart where they are few. Zero is one of them. The "
        "largest magnitude of a block is scaled to 1.",
        summary="A bell curve from minus one to one with sixteen points on it, crowded around zero: "
        + ", ".join(f"{level:.2f}" for level in levels) + ".",
        drawing=Chart("line", [
            Series("density of a normal weight, its peak as 1", density, places),
            Series("levels of NF4", [NORMAL.pdf(x / spread) / NORMAL.pdf(0) for x in levels], levels, "dots"),
        ], "weight, as a share of its block's largest", "density", y_zero=True),
        sources=(from_code("labs_py.core.quantize:NF4_LEVELS"), cited("dettmers2023qlora", "appendix E")),
    )  # fmt: skip


VARIANTS = (("LoRA", "adapter-lora-s*"), ("rsLoRA", "adapter-rslora-s*"), ("DoRA", "adapter-dora-s*"),
            ("PiSSA", "adapter-pissa-s*"), ("LoRA, four-bit base", "adapter-qlora-s*"))  # fmt: skip


@figure
def adapter_variants() -> Figure:
    """Fields right after a short run, by variant."""
    return Figure(
        title="Five variants at one learning rate: the task",
        caption="Fields of the default exercise's order form that are right, on messages by an author who wrote none "
        "of the training rows. Means of three seeds with 95% intervals over the seeds (Student's t): most overlap.",
        summary="Rows of dots with intervals for LoRA, rsLoRA, DoRA, PiSSA and LoRA on a four-bit base; most intervals "
        "overlap.",
        drawing=gains(VARIANTS, "eval.shifted.field.tuned", "fields right", "%", rows_are="variant"),
        sources=(from_run(*(run for _, run in VARIANTS)),),
    )


@figure
def variants_forgetting() -> Figure:
    """Change on general text, by variant."""
    return Figure(
        title="Five variants at one learning rate: general text",
        caption="Change of the loss (cross-entropy) on general text; right is worse. Means of three seeds with 95% "
        "intervals over the seeds (Student's t).",
        summary="Rows of dots with intervals: the change of cross-entropy on general text for five variants; PiSSA's is "  # noqa: E501
        "the largest.",
        drawing=gains(VARIANTS, "regression.cross_entropy.change", "change", "nats a token", 1, "variant"),
        sources=(from_run(*(run for _, run in VARIANTS)),),
    )


@figure
def four_bits_embedding() -> Figure:
    """An embedding model's adapter over weights in 16 and in 4 bits, before and after training."""
    runs = (("16 bits", "embed-adapter"), ("4 bits", "embed-adapter-nf4"))
    words = [f"{bits}, {when}" for bits, _ in runs for when in ("before", "after")]

    def series(label: str, name: str) -> Series:
        found = [value(f"{run}-s0" if part == "base" else f"{run}-s*", f"eval.{name}.mrr.{part}")
                 for _, run in runs for part in ("base", "tuned")]  # fmt: skip
        return Series(label, [one.value for one in found], role="dots", low=[one.low for one in found],
                      high=[one.high for one in found])  # fmt: skip

    return Figure(
        title="An adapter over weights in 16 bits and in 4 bits",
        caption="Before training: one model, intervals over questions. After: means of three seeds, intervals over "
        "seeds. Rounding alone hardly changes the score on the workshop's questions. On general questions the "
        "score is lower, but the intervals overlap.",
        summary="Rows of dots with intervals: mean reciprocal rank before and after training, with weights in 16 and in "  # noqa: E501
        "4 bits, on the workshop's and on general questions.",
        drawing=Chart("rows", [series("workshop", "held_out"), series("general questions", "general")],
                      "mean reciprocal rank", "weights", words=words),
        sources=(from_run("embed-adapter-s*", "embed-adapter-nf4-s*"),),
    )  # fmt: skip


ADAPTED = (
    ("GPT-2 124M: q, v", "gpt2", "qv"), ("GPT-2 124M: all", "gpt2", "all"), ("Llama 7B: q, v", "llama-7b", "qv"),
    ("Llama 7B: q, k, v, o", "llama-7b", "qkvo"), ("Llama 7B: all", "llama-7b", "all"),
    ("Qwen2.5 7B: q, v", "qwen2.5-7b", "qv"), ("Qwen2.5 7B: all", "qwen2.5-7b", "all"),
)  # fmt: skip


@figure
def adapter_costs() -> Figure:
    """What an adapter of rank 8 is of its model, by the layers that it adapts."""

    def row(model: str, targets: str) -> tuple[float, ...]:
        named = ("adapter_parameters", "adapter_share", "adapter_times_fewer", "adapter_bytes")
        return tuple(computed(name, model=model, targets=targets, rank=8) for name in named)

    rows = [(name, *row(model, targets)) for name, model, targets in ADAPTED]
    shares = [100 * share for _, _, share, _, _ in rows]
    return Figure(
        title="An adapter's share of its model, at rank 8",
        caption="The same rank is a larger share of a narrow model: layers grow with the square of the width, adapters "
        "with the width.",
        summary="Bars: " + ", ".join(f"{one[0]} {share:.2g}%" for one, share in zip(rows, shares, strict=True)) + ".",
        drawing=Chart("rows", [Series("share", shares, role="bars")], "% of the model's parameters", "adapters on",
                      words=[name for name, *_ in rows]),
        table=Table(("adapters on", "trainable", "share of the model", "times fewer", "bytes in bf16"), rows),
        sources=(from_fact("adapter_share", model="gpt2", targets="all", rank=8),
                 from_fact("adapter_bytes", model="llama-7b", targets="all", rank=8)),
    )  # fmt: skip
