"""Figures of the article on embedding fine-tuning."""

from __future__ import annotations

import math

import numpy as np

from labs_py.core.contrastive import mine
from overrides.figures.kit.diagrams import Diagram
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import from_code, from_run, value
from overrides.figures.kit.svg import SMALL, lines, num, path, rect, text, wrap

VARIANTS = (
    ("mined", "embed-mined-s*"),
    ("batch only", "embed-batch-s*"),
    ("no margin", "embed-no-margin-s*"),
    ("high learning rate", "embed-lr1e-3-s*"),
    ("nested widths", "embed-nested-s*"),
    ("adapter", "embed-adapter-s*"),
    ("adapter, 4-bit base", "embed-adapter-nf4-s*"),
    ("chat model", "embed-smollm2-s*"),
)
FREE = (
    ("BM25, free", "embed-mined-s0", "embed.bm25.{}.mrr"),
    ("base model, free", "embed-mined-s0", "eval.{}.mrr.base"),
)


def levels(part: str) -> list:
    """Mean reciprocal rank of BM25, of the base and of each variant on a set, with intervals."""
    found = [value(run, path.format(part)) for _, run, path in FREE]
    return found + [value(run, f"eval.{part}.mrr.tuned") for _, run in VARIANTS]


@figure
def search_levels() -> Figure:
    """Every recorded variant beside what costs nothing, on its own questions and elsewhere."""
    series = []
    for label, part in (("workshop's questions", "held_out"), ("two old books", "general")):
        found = levels(part)
        dots = [one.value for one in found]
        series.append(
            Series(label, dots, role="dots", low=[one.low for one in found], high=[one.high for one in found])
        )
    names = [name for name, *_ in FREE] + [name for name, _ in VARIANTS]
    return Figure(
        title="Fine-tuned embedders beside search that costs nothing",
        caption="Mean reciprocal rank: one over the place of the right passage, averaged. "
        "Higher is better. Variants: mean of three seeds with Student's interval; free "
        "search: interval over questions. Nothing was trained on the books. The table above says what each name means.",
        summary="A dot for each variant and each of two sets. On the workshop's questions every variant of the search "
        "model lies right of BM25 and the base; the chat model lies level with BM25. On the books the high learning "
        "rate falls to about half of the base.",
        drawing=Chart("rows", series, "mean reciprocal rank", "search", words=names),
        sources=(from_run(*(run for _, run in VARIANTS)),),
    )


PASSAGES = (  # name, cosine with the question, side of it, what it is
    ("the right passage", 0.80, 1, "pulled towards the question"),
    ("a false negative: right, but nobody labelled it", 0.86, -1, "left out by the margin"),
    ("a hard negative: looks right and is wrong", 0.70, -1, "mined, and pushed away"),
    ("a random passage", 0.15, 1, "easy: hardly any gradient"),
)
MARGIN = 0.05


def directions() -> np.ndarray:
    """Unit vectors of the passages; the question is (0, 1)."""
    return np.array([[side * math.sqrt(1 - cosine**2), cosine] for _, cosine, side, _ in PASSAGES])


@figure
def mined_negative() -> Figure:
    """A question, its passages on the circle, and which one is mined with and without a margin."""
    question, passages, own = np.array([[0.0, 1.0]]), directions(), np.array([0])
    without = int(mine(question, passages, own)[0])
    with_margin = int(mine(question, passages, own, margin=MARGIN)[0])
    limit = PASSAGES[0][1] * (1 - MARGIN)

    def draw(width: int) -> tuple[str, float]:
        radius = min(width * 0.4, 220)
        x, y = width / 2, radius + 30
        out = path(f"M{num(x - radius)} {num(y)}A{num(radius)} {num(radius)} 0 0 1 {num(x + radius)} {num(y)}")
        side = math.sqrt(1 - limit**2)
        out += path(
            f"M{num(x - radius * side)} {num(y - radius * limit)}A{num(radius)} {num(radius)} 0 0 1 "
            f"{num(x + radius * side)} {num(y - radius * limit)}",
            "under",
        )
        out += path(f"M{num(x)} {num(y)}V{num(y - radius)}") + text(x, y - radius - 10, "question", "middle", "strong")
        for i, (across, up) in enumerate(directions()):
            at_x, at_y = x + radius * across, y - radius * up
            out += path(f"M{num(x)} {num(y)}L{num(at_x)} {num(at_y)}")
            out += rect(at_x - 6, at_y - 6, 12, 12, ("c2", "c4", "c1", "soft")[i], 6)
            out += text(at_x + (14 if across > 0 else -14), at_y - 4, str(i + 1),
                        "start" if across > 0 else "end", "strong")  # fmt: skip
        below = y + 22
        for i, (name, cosine, _, fate) in enumerate(PASSAGES):
            said = wrap(f"{i + 1}  {name}, cosine {cosine:.2f}: {fate}", width - 8, SMALL)
            out += lines(4, below, said, style="small", step=15)
            below += 15 * len(said) + 4
        return out, below

    return Figure(
        title="Which wrong passage is mined",
        caption=f"Passages on the thick arc (cosine above {limit:.2f} = {PASSAGES[0][1]:.2f} × {1 - MARGIN:.2f}) are "
        f"not used as negatives. Mined without a margin, passage {without + 1} would be pushed away; with it, passage "
        f"{with_margin + 1} is.",
        summary="A half circle with the question at the top. A false negative lies nearer to the question than the "
        "right passage, a hard negative a little farther away, a random passage far off. A thick arc around the "
        "question marks what the margin leaves out: the right passage and the false negative lie in it.",
        drawing=Diagram(draw),
        table=Table(("passage", "cosine with the question", "what happens to it"),
                    [(name, cosine, fate) for name, cosine, _, fate in PASSAGES]),
        sources=(from_code("labs_py.core.contrastive:mine"),),
    )  # fmt: skip
