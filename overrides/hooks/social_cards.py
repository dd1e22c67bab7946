"""The picture that stands for a page where its address is shared: 1200 by 630, its title and a figure or the mark.

Drawn as SVG in the light colours of ``stage10.css`` and in the headings' font, then turned into PNG by resvg, which
knows no CSS variables: ``colours`` puts their values in. What is drawn once is kept by its content.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import resvg_py
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.append(str(ROOT / "overrides" / "build"))  # last: both folders have a figures.py

import file_cache  # noqa: E402

from overrides.figures.kit.svg import wrap  # noqa: E402

ASSETS = ROOT / "overrides" / "assets"
WIDTH, HEIGHT = 1200, 630
MARGIN = 64
PANEL = (576, 60, 564, 510)  # x, y, width, height of the box with the figure
TITLE_SIZES = (66, 58, 50, 44)
MOST_LINES = 5
WEIGHT = 500
FAMILY = "Stage Card"
VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
VARIABLE = re.compile(r"(--[\w-]+): (#[0-9a-f]{6});")
SVG = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)
WORDS_ON_HOVER = re.compile(r"<title>.*?</title>", re.DOTALL)


@dataclass(frozen=True)
class Card:
    """What a card shows: the words over the title, the title, and drawings of one figure of which the larger fits."""

    kicker: str
    title: str
    site: str
    figures: tuple[str, ...] = ()
    caption: str = ""


@lru_cache(maxsize=1)
def colours() -> dict[str, str]:
    """The light scheme's variables, by name, from the style sheet."""
    sheet = (ASSETS / "stage10.css").read_text(encoding="utf-8")
    light = sheet[sheet.index('[data-md-color-scheme="default"]') : sheet.index("slate")]
    return dict(VARIABLE.findall(light))


def paper() -> dict[str, str]:
    """The page's ground in both schemes, for the browser's own bars."""
    text = (ASSETS / "stage10.css").read_text(encoding="utf-8")
    light, dark = re.findall(r"--s10-paper: (#[0-9a-f]{6});", text)[:2]
    return {"light": light, "dark": dark}


@lru_cache(maxsize=1)
def font() -> Path:
    """The headings' font at one weight, as a file that resvg reads."""
    source = ASSETS / "display.woff2"
    name = hashlib.sha256(source.read_bytes() + str(WEIGHT).encode()).hexdigest()[:16]
    file = file_cache.cache_folder() / "cards" / f"{name}.ttf"
    file_cache.kept(
        file, lambda: _one_weight(TTFont(source, recalcTimestamp=False))
    )  # the digest behind the font is in no reader's way
    return file


def _one_weight(variable: TTFont) -> bytes:
    """A variable font at ``WEIGHT`` and under our name, as a file's content."""
    static, content = instancer.instantiateVariableFont(variable, {"wght": WEIGHT}), BytesIO()
    for record in static["name"].names:
        if record.nameID in (1, 16):
            record.string = FAMILY
    static.flavor = None
    static.save(content)
    return content.getvalue()


@lru_cache(maxsize=1)
def _advances() -> tuple[dict[int, str], dict[str, tuple[int, int]], int]:
    shape = TTFont(font())
    glyphs: Any = shape.getGlyphSet()
    return dict(shape.getBestCmap() or {}), dict(shape["hmtx"].metrics), int(glyphs.font["head"].unitsPerEm)


def width_of(text: str, size: float) -> float:
    """How wide a line is, in pixels."""
    names, metrics, unit = _advances()
    return sum(metrics[names.get(ord(letter), ".notdef")][0] for letter in text) * size / unit


def lines_of(text: str, size: float, width: float) -> list[str]:
    """The text in lines that are at most so wide in the headings' font; a word that is wider stands alone."""
    return wrap(text, width, size, width_of)


def sheet() -> str:
    """The style of charts and diagrams (charts.css, figures.css) as resvg understands it: without variables."""
    c = colours()
    series = "".join(
        f".c{i} .lab-line, path.c{i}.lab-line {{ stroke: {c[f'--lab-{i}']}; fill: none; stroke-width: 2.4; }}"
        f".c{i} .lab-mark, .c{i} .lab-band, .c{i} .lab-hatch-ground, .c{i}.lab-dots path, .c{i}.lab-bars rect,"
        f" .c{i} .lab-dots path, .c{i} .lab-bars rect, .fig-c{i} {{ fill: {c[f'--lab-{i}']}; }}"
        f".c{i} .lab-hatch, .c{i}.lab-levels path, .c{i} .lab-levels path {{ stroke: {c[f'--lab-{i}']}; fill: none; }}"
        for i in range(1, 7)
    )
    return f"""
      text {{ font-family: "{FAMILY}", "DejaVu Sans", sans-serif; font-size: 13px; fill: {c["--s10-ink"]}; }}
      .lab-ticks text, .lab-marker text, .lab-axis-title text, .lab-words text, .fig-small {{ font-size: 12px; }}
      .lab-ticks text, .fig-small, .fig-code-off {{ fill: {c["--s10-muted"]}; }}
      .fig-code, .fig-code-off {{ font-size: 12px; font-family: "DejaVu Sans Mono", monospace; }}
      .fig-on {{ fill: {c["--s10-paper"]}; }} .fig-sign {{ font-size: 18px; }}
      .lab-grid path, .lab-frame {{ stroke: {c["--s10-line"]}; fill: none; }}
      .lab-axis {{ stroke: {c["--s10-muted"]}; fill: none; }}
      .lab-marker path {{ stroke: {c["--s10-ink"]}; stroke-dasharray: 2 3; fill: none; }}
      .lab-band {{ opacity: 0.18; }} .lab-hatch-ground {{ opacity: 0.14; }} .lab-hatch {{ stroke-width: 1.6; }}
      .dashed {{ stroke-dasharray: 6 4; }} .lab-whisker {{ stroke: {c["--s10-ink"]}; stroke-width: 1.2; fill: none; }}
      .lab-mark, .lab-dots path {{ stroke: {c["--s10-surface"]}; stroke-width: 1; }}
      .fig-box {{ fill: {c["--s10-surface"]}; stroke: {c["--s10-line"]}; }}
      .fig-soft {{ fill: {c["--s10-soft"]}; stroke: {c["--s10-accent"]}; stroke-width: 0.8; }}
      .fig-hollow {{ fill: none; stroke: {c["--s10-line"]}; }} .fig-full {{ fill: {c["--s10-accent"]}; }}
      .fig-line {{ fill: none; stroke: {c["--s10-muted"]}; stroke-width: 1.3; }}
      .fig-under {{ fill: none; stroke: {c["--s10-accent"]}; stroke-width: 2; }}
      {series}
      .card-title {{ fill: {c["--s10-ink"]}; }} .card-kicker {{ font-size: 27px; fill: {c["--s10-accent"]}; }}
      .card-site {{ font-size: 27px; fill: {c["--s10-muted"]}; }} .card-caption {{ font-size: 22px; }}
    """


def mark(x: float, y: float, size: float) -> str:
    """The site's mark."""
    path = re.search(r'd="([^"]+)"', (ASSETS / "mark.svg").read_text(encoding="utf-8"))
    assert path
    return (
        f'<path transform="translate({x} {y}) scale({size / 32})" d="{path[1]}" fill="none" stroke-width="3.2"'
        f' stroke-linecap="round" stroke-linejoin="round" stroke="{colours()["--s10-accent"]}"/>'
    )


def _texts(lines: list[str], kind: str, x: float, y: float, step: float, size: float = 0) -> str:
    style = f' style="font-size: {size}px"' if size else ""
    return "".join(
        f'<text class="{kind}" x="{x}" y="{y + i * step:.1f}"{style}>{escape(line)}</text>'
        for i, line in enumerate(lines)
    )


def _figure(card: Card) -> str:
    """The panel with the drawing that becomes larger in it, and the figure's title above."""
    x, y, width, height = PANEL
    c, pad = colours(), 26
    caption = lines_of(card.caption, 22, width - 2 * pad)[:2]
    top = y + pad + len(caption) * 28
    room = (width - 2 * pad, y + height - pad - top)
    boxes = [(min(room[0] / float(found[1]), room[1] / float(found[2])), drawing)
             for drawing in card.figures if (found := VIEW.search(drawing))]  # fmt: skip
    _, drawing = max(boxes)
    [(wide, high)] = VIEW.findall(drawing)[:1]
    inside = SVG.search(WORDS_ON_HOVER.sub("", drawing))
    assert inside
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="{c["--s10-surface"]}"'
        f' stroke="{c["--s10-line"]}"/>{_texts(caption, "card-caption", x + pad, y + pad + 16, 28)}'
        f'<svg x="{x + pad}" y="{top}" width="{room[0]}" height="{room[1]}" viewBox="0 0 {wide} {high}">'
        f"{inside[1]}</svg>"
    )


def title_lines(title: str, width: float) -> tuple[int, list[str]]:
    """The largest size at which a title fits, with its lines; the smallest where none does."""
    for size in TITLE_SIZES:
        lines = lines_of(title, size, width)
        if len(lines) <= MOST_LINES and max(width_of(line, size) for line in lines) <= width:
            return size, lines
    return TITLE_SIZES[-1], lines_of(title, TITLE_SIZES[-1], width)


def drawn(card: Card) -> str:
    """The card as SVG."""
    width = (PANEL[0] if card.figures else WIDTH) - 2 * MARGIN + (20 if card.figures else -160)
    size, lines = title_lines(card.title, width)
    step = size * 1.08
    top = 215 + size
    side = _figure(card) if card.figures else mark(WIDTH - 370, 200, 300)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{colours()["--s10-paper"]}"/>'
        f"{mark(MARGIN, 66, 40)}{_texts([card.site], 'card-site', MARGIN + 54, 96, 0)}{side}"
        f"{_texts([card.kicker], 'card-kicker', MARGIN, 205, 0)}"
        f"{_texts(lines, 'card-title', MARGIN, top, step, size)}</svg>"
    )


def png(svg: str) -> bytes:
    """An SVG as PNG, from what was kept or drawn now."""
    total = hashlib.sha256((svg + sheet() + font().name).encode()).hexdigest()
    return file_cache.kept(
        file_cache.cache_folder() / "cards" / f"{total[:32]}.kept",
        lambda: resvg_py.svg_to_bytes(svg_string=svg, style_sheet=sheet(), font_files=[str(font())]),
    )


def icon(size: int, paper: bool) -> bytes:
    """The mark as a square PNG; on paper where the system would put black behind it."""
    pad = size * (0.14 if paper else 0.03)
    ground = f'<rect width="{size}" height="{size}" fill="{colours()["--s10-paper"]}"/>' if paper else ""
    return png(f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}">'
               f"{ground}{mark(pad, pad, size - 2 * pad)}</svg>")  # fmt: skip
