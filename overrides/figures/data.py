"""Figures of the article on data and tooling."""

from __future__ import annotations

import re
from pathlib import Path

from overrides.figures.kit.diagrams import Step, flow
from overrides.figures.kit.figure import Chart, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, computed, from_fact

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "data" / "examples"
LINE = re.compile(r"^[\w.]+:(\d+): (?:warning )?([\w-]+):")
STATIONS = (  # name, codes of data check that stop a row there
    ("Roles in order", ("role-order", "missing-role")),
    ("Answer is there", ("empty-turn", "prompt-only")),
    ("Not said before", ("duplicate", "near-duplicate")),
)


def left_at() -> list[int]:
    """Rows of the six that each station stops, from the recorded output of ``data check``."""
    found = [LINE.match(line) for line in (EXAMPLES / "six_rows.txt").read_text(encoding="utf-8").splitlines()]
    codes = [line[2] for line in found if line]
    return [sum(code in stops for code in codes) for _, stops in STATIONS]


@figure
def way_of_a_row() -> Figure:
    """The six rows of the article, from the file to what is fit to train on."""
    total = len((EXAMPLES / "six_rows.jsonl").read_text(encoding="utf-8").splitlines())
    counts = [total]
    steps = [Step("Raw file", "one row a line, read as JSON", f"{total} rows")]
    for (name, codes), stopped in zip(STATIONS, left_at(), strict=True):
        counts.append(counts[-1] - stopped)
        rows = f"{counts[-1]} row" + ("s" if counts[-1] != 1 else "")
        steps.append(Step(name, f"stops {stopped}: {', '.join(codes)}", rows))
    steps.append(Step("Not in the test", "rows that share runs of words with a held-out set", ""))
    steps.append(Step("Fit to train on", "with id and source", style="full"))
    table = [("raw file", "", counts[0])]
    table += [(name, ", ".join(codes), left) for (name, codes), left in zip(STATIONS, counts[1:], strict=True)]
    return Figure(
        title="What happens to a row",
        caption="The numbers are those of the six rows below. Each box looks for one kind of fault.",
        summary=f"Boxes with arrows. {total} rows are read. Three checks stop rows with turns out of order, without "
        f"an answer, and repeats; {counts[-1]} row is left. Then rows of the test are looked for.",
        drawing=flow(steps, across=3),
        table=Table(("check", "codes of data check", "rows left"), table),
        sources=("python -m training data check docs/data/examples/six_rows.jsonl",),
    )


SIZES = (  # what it was for, rows, source, place
    ("minimum, OpenAI", 10, "openai-sft-guide", "number of examples"),
    ("often enough, OpenAI", 50, "openai-sft-guide", "number of examples"),
    ("LIMA, a manner", 1_000, "zhou2023", "abstract"),
    ("Alpaca, instructions", 52_000, "taori2023", "data release"),
    ("R1's students", 800_000, "deepseek2025", "v1, §2.4"),
    ("Tulu 3, an assistant", 939_344, "lambert2024", "§4.2, Figure 4"),
)


@figure
def data_set_sizes() -> Figure:
    """Rows of published supervised sets."""
    return Figure(
        title="Rows in published sets",
        caption="Each grid line means a hundred times more rows than the last. The sets differ in what they wanted: "
        "one behaviour, a manner, a broad assistant.",
        summary="Dots on an axis of powers of ten: from 10 rows as one provider's minimum over 1,000 of LIMA to nearly "
        "a million of Tulu 3.",
        drawing=Chart("rows", [Series("rows", [rows for _, rows, *_ in SIZES], role="dots")], "rows", "set",
                      words=[name for name, *_ in SIZES], x_log=True),
        sources=tuple(cited(key, place) for _, _, key, place in SIZES[1:]),
    )  # fmt: skip


@figure
def near_repeats_caught() -> Figure:
    """Chance that two rows are compared, by their similarity, for two shapes of the signature."""
    at = [step / 50 for step in range(51)]
    curves = [
        Series(label, [100 * computed("near_duplicate_caught", similarity=s, bands=bands, rows=rows) for s in at],
               [100 * s for s in at], role)
        for label, bands, rows, role in (("16 bands of 4", 16, 4, "line"), ("32 bands of 2", 32, 2, "dashed"))
    ]  # fmt: skip
    return Figure(
        title="Which near-repeats are looked at",
        caption="Pairs with most three-word runs in common are nearly always compared; pairs with few nearly never. "
        "More, narrower bands move the step to the left and cost comparisons.",
        summary="Two curves that rise from 0 to 100 percent. With 16 bands of 4 the step lies near half of the runs "
        "shared, with 32 bands of 2 near a fifth.",
        drawing=Chart("line", curves, "three-word runs in common, percent", "chance to be compared, percent"),
        sources=(from_fact("near_duplicate_caught", similarity=0.5),),
    )
