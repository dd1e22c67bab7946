"""Hook: ``{{ figure("thin-matrices") }}`` and ``{{ lab_picture("lora") }}`` on a line of their own become figures.

A figure is a function in ``overrides/figures``. Charts are drawn by the labs' own functions, in one node process for
all pages of a build; what is drawn once is kept until its data or the drawing functions change.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(Path(__file__).parent)) if path not in sys.path]
sys.path.append(str(ROOT / "overrides" / "build"))  # last: it has a figures.py too

import file_cache  # noqa: E402
import lab_pictures  # noqa: E402
import macros  # noqa: E402
from formulas import node  # noqa: E402

from overrides.figures.kit.figure import NARROW, WIDE, Chart, Figure, Table, UnknownFigure, get  # noqa: E402

NAMES = ("figure", "lab_picture")
PLACE = re.compile(r'<div class="s10-figure-place" data-name="([^"]+)"></div>')
STYLE = '<link rel="stylesheet" href="{}?v={}">'
MACRO = re.compile(r"(\{\{.*?\}\})")
SCRIPT = ROOT / "overrides" / "build" / "render_figures.mjs"
CHARTS = ROOT / "overrides" / "labs"
MOST_PRINTED = 24  # rows of a table that paper shows
BUILD: dict[str, Any] = {"figures": {}, "drawn": {}}


def on_files(files, config):
    """Ask for every figure that a page shows, and draw them all at once.

    Raises:
        PluginError: a page names a figure or a lab that is not there.
    """
    BUILD["figures"] = {}
    for file in files.documentation_pages():
        for _, call in macros.calls(file.content_string):
            if not isinstance(call, ValueError) and call.name in NAMES:
                try:
                    name, found = _wanted(call)
                except (UnknownFigure, TypeError) as problem:
                    raise PluginError(f"{file.src_uri}:{call.line}: {problem}") from None
                BUILD["figures"][name] = found
    charts = [found.drawing.drawn(name, found.title, found.summary)
              for name, found in sorted(BUILD["figures"].items()) if isinstance(found.drawing, Chart)]  # fmt: skip
    BUILD["drawn"] = drawn(charts)
    return files


def _wanted(call: macros.Call) -> tuple[str, Figure]:
    """Name and figure that a macro asks for."""
    if call.name == "lab_picture":
        return lab_pictures.name_of(*call.args, **call.kwargs), lab_pictures.picture(*call.args, **call.kwargs)
    [name] = call.args
    return name, get(name)


def drawn(charts: list[dict]) -> dict[str, dict]:
    """SVGs and legends of charts, from the cache or from one node process.

    Raises:
        PluginError: a chart cannot be drawn.
    """
    if not charts:
        return {}
    asked = json.dumps(charts)
    total = hashlib.sha256(asked.encode())
    for file in [SCRIPT, *sorted(CHARTS.glob("*.js")), *sorted((CHARTS / "charts").glob("*.js"))]:
        total.update(file.read_bytes())
    file = file_cache.cache_folder() / "figures" / f"{total.hexdigest()}.kept"
    return json.loads(file_cache.kept(file, lambda: _drawn_now(asked)))


def _drawn_now(asked: str) -> bytes:
    """What the node process draws of charts, both as JSON."""
    done = subprocess.run([node(), str(SCRIPT)], input=asked, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise PluginError(f"A figure could not be drawn:\n{done.stderr.strip()}")
    return done.stdout.encode()


def on_page_markdown(markdown, page, config, files):
    """Put a place for each figure, and its words, so that their numbers and citations are found like the page's."""

    def expand(call, written: str) -> str:
        if isinstance(call, ValueError) or call.name not in NAMES:
            return written
        name, found = _wanted(call)
        lab = lab_pictures.address(*call.args, **call.kwargs) if call.name == "lab_picture" else ""
        link = get_relative_url(lab, page.url) if lab else ""
        return f"\n\n{words(name, found, link)}\n\n"

    return macros.replace(markdown, expand)


def words(name: str, found: Figure, link: str = "") -> str:
    """The figure in HTML but for its picture and its table; macros stay as they are."""
    more = f' <a href="{link}">Open the lab</a>' if link else ""
    said = " · ".join(plain(source) for source in found.sources)
    stop = "" if found.title.endswith(("?", "!")) else "."
    return (
        f'<figure class="s10-figure" data-figure="{name}"><div class="s10-figure-place" data-name="{name}"></div>'
        f"<figcaption><strong>{plain(found.title)}{stop}</strong> {plain(found.caption)}{more} "
        f'<span class="s10-figure__source">How to get it again: {said}</span></figcaption></figure>'
    )


def plain(said: str) -> str:
    """Text as HTML, without touching the macros in it."""
    parts = MACRO.split(said)
    return "".join(part if i % 2 else escape(part, quote=False) for i, part in enumerate(parts))


def on_page_content(html, page, config, files):
    """Draw each figure in its place, with its table behind it."""
    if not PLACE.search(html):
        return html
    style = STYLE.format(get_relative_url("assets/labs/figures.css", page.url), version())
    html = PLACE.sub(lambda place: picture(place[1], BUILD["figures"][place[1]]), html)
    return html.replace('<figure class="s10-figure"', f'{style}<figure class="s10-figure"', 1)


def version() -> str:
    """Changes when the figures' style does."""
    files = (CHARTS / "figures.css", CHARTS / "charts" / "charts.css")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def picture(name: str, found: Figure) -> str:
    """Both drawings of a figure, of which a screen shows one; its legend and its table."""
    if isinstance(found.drawing, Chart):
        [wide, narrow], legend = BUILD["drawn"][name]["svgs"], BUILD["drawn"][name]["legend"]
    else:
        wide, narrow = (svg(found, width) for width in (WIDE, NARROW))
        legend = "".join(swatch(kind, said) for kind, said in found.legend)
    key = f'<div class="lab-legend">{legend}</div>' if legend else ""
    both = f'<div class="s10-figure__wide">{wide}</div><div class="s10-figure__narrow">{narrow}</div>'
    return key + both + table(found)


def swatch(kind: str, said: str) -> str:
    """One entry of a diagram's legend."""
    box = f'<rect class="fig-{kind}" x="2" y="1" width="18" height="8"/>'
    return f'<span class="lab-key"><svg viewBox="0 0 22 10" aria-hidden="true">{box}</svg>{escape(said)}</span>'


def svg(found: Figure, width: int) -> str:
    """A diagram at one width."""
    assert not isinstance(found.drawing, Chart)
    inside, height = found.drawing.draw(width)
    label = escape(f"{found.title}: {found.summary}")
    return f'<svg class="lab-svg" role="img" aria-label="{label}" viewBox="0 0 {width} {height:.0f}">{inside}</svg>'


def table(found: Figure) -> str:
    """The numbers of a figure, folded."""
    numbers = found.numbers()
    head = "".join(f'<th scope="col">{escape(str(name), quote=False)}</th>' for name in numbers.head)
    rows = "".join(f"<tr>{''.join(f'<td>{cell(value)}</td>' for value in row)}</tr>" for row in numbers.rows)
    long = " s10-figure__numbers--long" if len(numbers.rows) > MOST_PRINTED else ""
    title = escape(found.title)
    axis = found.drawing.values_axis() if isinstance(found.drawing, Chart) and found.table is None else ""
    caption = f"<caption>Values: {escape(axis, quote=False)}</caption>" if axis else ""
    shown = f'<table class="s10-figure__table">{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        f'<details class="s10-figure__numbers{long}" data-search-exclude><summary>Numbers</summary>'
        f'<div tabindex="0" role="region" aria-label="Numbers of: {title}">{shown}</div></details>'
    )


def cell(value: float | int | str | None) -> str:
    """One number of a table: six significant digits, whole numbers in full."""
    if value is None:
        return "not measured"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "\u2212")
    return escape(str(value), quote=False)


__all__ = ["Table", "cell", "drawn", "on_files", "on_page_content", "on_page_markdown", "picture", "words"]
