"""Figures of the pages: each has its picture, words, numbers and sources; an unknown one stops the build."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "hooks")]

import figures  # noqa: E402
import file_cache  # noqa: E402
import macros  # noqa: E402

from overrides.figures.kit import diagrams  # noqa: E402
from overrides.figures.kit.figure import (  # noqa: E402
    FIGURES,
    NARROW,
    WIDE,
    Chart,
    Diagram,
    Figure,
    Series,
    Table,
    UnknownFigure,
    get,
    load,
)  # fmt: skip
from overrides.figures.kit.svg import BOLD, width_of  # noqa: E402

load()
CELL = re.compile(r"<td>(.*?)</td>")


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict]:
    """Every chart of the project, drawn in one go."""
    charts = {name: get(name) for name in sorted(FIGURES)}
    return figures.drawn([one.drawing.drawn(name, one.title, one.summary) for name, one in charts.items()
                          if isinstance(one.drawing, Chart)])  # fmt: skip


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_has_its_picture_words_numbers_and_sources(name: str, drawn: dict[str, dict]) -> None:
    one = get(name)
    figures.BUILD["drawn"] = drawn
    whole = figures.PLACE.sub(lambda place: figures.picture(name, one), figures.words(name, one))
    assert len(re.findall(r'<svg [^>]*role="img"[^>]*aria-label="[^"]{40,}"', whole)) == 2, "a screen's and a phone's"
    assert "NaN" not in whole and "undefined" not in whole
    assert whole.startswith(f'<figure class="s10-figure" data-figure="{name}">') and "<figcaption>" in whole
    assert one.sources and "How to get it again: " in whole
    assert not re.search(r"[<>&]", re.sub(r"\{\{.*?\}\}", "", one.title)), "titles are plain text"
    numbers = one.numbers()
    assert CELL.findall(whole) == [figures.cell(value) for row in numbers.rows for value in row]
    assert all(len(row) == len(numbers.head) for row in numbers.rows)


@pytest.mark.parametrize(("title", "bold"), [("Is it real?", "Is it real?"), ("A row", "A row.")])
def test_a_title_that_asks_has_no_full_stop_behind_it(title: str, bold: str) -> None:
    said = figures.words("x", Figure(title, "c", "s", Diagram(lambda width: ("", 1)), ("source",)))
    assert f"<strong>{bold}</strong>" in said


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_diagram_keeps_its_text_inside(name: str) -> None:
    one = get(name)
    if isinstance(one.drawing, Chart):
        return
    for width in (WIDE, NARROW):
        inside, height = one.drawing.draw(width)
        shifts = [0.0]
        for piece in re.finditer(r'<g transform="translate\(0 ([\d.]+)\)">|</g>|<text ([^>]*)>([^<]*)</text>', inside):
            if piece[1]:
                shifts.append(shifts[-1] + float(piece[1]))
            elif piece[3] is None:
                shifts.pop()
            else:
                _inside(piece[2], unescape(piece[3]), width, height - shifts[-1])


def _inside(attributes: str, said: str, width: float, height: float) -> None:
    x, y = (float(re.search(rf'\b{key}="([-\d.]+)"', attributes)[1]) for key in "xy")
    size = BOLD if "strong" in attributes else 12 if "fig-small" in attributes or "fig-code" in attributes else 13
    wide = width_of(said, size)
    left = x - wide / 2 if "middle" in attributes else x - wide if '"end"' in attributes else x
    assert left >= -6 and left + wide <= width + 6, f"cut at {width}: {said}"
    assert 0 <= y <= height + 2, f"below the picture: {said}"


def test_the_adapter_beside_its_matrix_is_to_scale() -> None:
    one = get("thin-matrices")
    inside, _ = one.drawing.draw(WIDE)
    sides = [(float(w), float(h)) for w, h in re.findall(r'width="([\d.]+)" height="([\d.]+)"', inside)]
    [whole, tall, level] = sides
    assert whole[0] == whole[1] and tall == level[::-1]
    assert tall[0] / tall[1] == pytest.approx(16 / 4096, rel=0.1)
    assert [row[3] for row in one.numbers().rows] == [4096 * 4096, 4096 * 16, 16 * 4096]


def test_an_unknown_figure_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownFigure, match="'no-such'.*thin-matrices"):
        get("no-such")


@pytest.mark.parametrize("call", ['figure("no-such")', 'lab_picture("no-such")', 'lab_picture("lora", chart="none")'])
def test_a_page_with_an_unknown_figure_is_not_built(tiny, call: str) -> None:
    problems = tiny(f"# Front\n\nText.\n\n{{{{ {call} }}}}\n").problems
    assert any("index.md:5: " in problem and ("no-such" in problem or "none" in problem) for problem in problems)


def test_a_page_shows_its_figures_and_a_labs_picture(tiny) -> None:
    built = tiny(
        '# Front\n\n{{ figure("thin-matrices") }}\n\n{{ lab_picture("lora", rank=4) }}\n\n'
        '```text\n{{ figure("x") }}\n```\n'
    )
    assert built.problems == []
    page = built.page()
    assert re.findall(r'data-figure="([^"]+)"', page) == ["thin-matrices", "lab-lora"]
    assert page.count('role="img"') >= 4 and "assets/labs/figures.css" in page
    assert 'href="labs/lora/?rank=4"' in page


def test_what_is_drawn_once_is_kept_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path))
    chart = Chart("line", [Series("a", [1.0, 2.0])], "step", "loss").drawn("c", "C", "two points")
    first = figures.drawn([chart])
    monkeypatch.setattr(figures.subprocess, "run", lambda *_, **__: pytest.fail("drawn again"))
    assert figures.drawn([chart]) == first and len(first["c"]["svgs"]) == 2
    assert json.loads(file_cache.read(next((tmp_path / "figures").glob("*.kept")))) == first


def test_rows_of_dots_have_whiskers_and_their_own_table() -> None:
    dots = Series("gain", [1.0, -2.0], role="dots", low=[0.5, None], high=[1.5, None])
    chart = Chart("rows", [dots], "points", "run", words=["one", "two"])
    assert chart.table() == Table(
        ["run", "gain", "gain, low", "gain, high"], [["one", 1.0, 0.5, 1.5], ["two", -2.0, None, None]]
    )
    svg = figures.drawn([chart.drawn("d", "D", "dots")])["d"]["svgs"][0]
    assert svg.count("<circle") == 2 and svg.count("lab-whisker") == 1
    with pytest.raises(ValueError, match="24 letters"):
        Chart("rows", [dots], "points", words=["a name that is much too long", "two"])


def test_a_charts_table_says_what_its_values_are_and_in_which_unit() -> None:
    rows = Chart("rows", [Series("gain", [1.0])], "gain, points", "run", words=["one"])
    line = Chart("line", [Series("half", [1.0], [25])], "items", "half of the interval, points")
    for drawing, said in ((rows, "gain, points"), (line, "half of the interval, points")):
        html = figures.table(Figure("T", "c", "s", drawing, ("source",)))
        assert f"<caption>Values: {said}</caption><thead>" in html
        own = Figure("T", "c", "s", drawing, ("source",), table=Table(["gain, points"], [[1.0]]))
        assert "<caption>" not in figures.table(own), "an own table names its units in its head"


def test_a_diagram_without_a_table_is_refused() -> None:
    bare = Figure("T", "c", "s", Diagram(lambda width: ("", 1)), ("source",))
    with pytest.raises(ValueError, match="no table"):
        bare.numbers()


@pytest.mark.parametrize(
    "diagram",
    [
        diagrams.flow([diagrams.Step(f"Step {i}", "some detail in a box", f"{i} rows go on") for i in range(6)]),
        diagrams.decisions([diagrams.Question("Is it so?", "yes", "stop", "nothing")] * 3, diagrams.Step("train")),
        diagrams.stacked([("full", [1.0, 2.0]), ("thin", [0.5, 0.0])], ("a", "b"), "GB"),
        diagrams.token_row([diagrams.Token("Hello\n", False), diagrams.Token("there", True)] * 9),
        diagrams.lanes([("One", [diagrams.Step("a"), diagrams.Step("b")]), ("Two", [diagrams.Step("c")])]),
    ],
    ids=["flow", "decisions", "stacked", "token_row", "lanes"],
)
def test_each_kind_of_diagram_draws_at_both_widths(diagram: Diagram) -> None:
    wide, narrow = diagram.draw(WIDE), diagram.draw(NARROW)
    assert wide[0].startswith("<") and narrow[0].startswith("<") and min(wide[1], narrow[1]) > 10
    assert "nan" not in wide[0] + narrow[0]


def test_every_figure_on_a_page_is_asked_for_once() -> None:
    for file in sorted((ROOT / "docs").rglob("*.md")):
        names = [call.args[0] for _, call in macros.calls(file.read_text(encoding="utf-8"))
                 if not isinstance(call, ValueError) and call.name == "figure"]  # fmt: skip
        assert len(names) == len(set(names)), file


def test_a_bold_name_beside_a_bar_is_not_cut() -> None:
    name = "GRPO, KL penalty"  # 129 units wide in the browser's bold face; its first letter used to be cut off
    inner, _ = diagrams.stacked([(name, [1.0])], ("a",), "GB").draw(WIDE)
    [at] = re.findall(rf'<text x="([\d.]+)"[^>]*text-anchor="end"[^>]*>{name}', inner)
    assert float(at) >= 129


def test_bold_names_are_wrapped_inside_their_boxes() -> None:
    inside, _ = get("decision-flow").drawing.draw(WIDE)
    boxes = [
        [float(number) for number in box]
        for box in re.findall(r'<rect class="fig-\w+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', inside)
    ]
    ends = {x + wide for x, wide in boxes}
    for x, said in re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="fig-strong">([^<]*)<', inside):
        end = min(end for end in ends if end > float(x))
        assert float(x) + width_of(unescape(said), BOLD) <= end, said


def test_a_certain_token_costs_nothing_and_not_minus_nothing() -> None:
    inside, _ = get("row-to-loss").drawing.draw(WIDE)
    assert "p = 1, 0.00 nats" in inside and "-0.00" not in inside
