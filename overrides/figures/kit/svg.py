"""Pieces of SVG with the site's colours, and text that is measured before it is set."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

NARROW_LETTERS, WIDE_LETTERS = "fijlrt.,:;'|!()[] I", "mwMW@%&—–"
SIZE, SMALL = 13, 12
BOLD = 14.3  # bold letters of size 13 are a tenth wider


def width_of(text: str, size: float = SIZE) -> float:
    """About how wide a text is; never much too small, for boxes are made to fit."""
    letters = sum(0.36 if c in NARROW_LETTERS else 0.92 if c in WIDE_LETTERS else 0.66 if c.isupper() else 0.57
                  for c in text)  # fmt: skip
    return letters * size


def wrap(text: str, width: float, size: float = SIZE, measure: Callable[[str, float], float] = width_of) -> list[str]:
    """Lines of whole words that fit a width, as ``measure`` finds it; a word that is wider stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and measure(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def num(value: float) -> str:
    """One decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, said: str, anchor: str = "start", style: str = "") -> str:
    """One line of text; style: strong, muted, on (over a filled box) or small."""
    kind = f' class="fig-{style}"' if style else ""
    where = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{num(x)}" y="{num(y)}"{where}{kind}>{escape(said, quote=False)}</text>'


def lines(x: float, y: float, said: list[str], anchor: str = "start", style: str = "", step: float = 16) -> str:
    """Lines of text below each other."""
    return "".join(text(x, y + i * step, line, anchor, style) for i, line in enumerate(said))


def rect(x: float, y: float, width: float, height: float, style: str = "box", radius: float = 3) -> str:
    """A box; style: box, soft, full, hollow, c1 to c6 (filled with a series' colour), h1 to h6 (hatched)."""
    return (
        f'<rect class="fig-{style}" x="{num(x)}" y="{num(y)}" width="{num(max(width, 0.5))}" '
        f'height="{num(max(height, 0.5))}" rx="{num(radius)}"/>'
    )


def path(d: str, style: str = "line") -> str:
    """A path that is not filled."""
    return f'<path class="fig-{style}" d="{d}"/>'


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A level or upright arrow, its head drawn with it, so that no id is needed."""
    if y == to_y:
        back = -5 if to_x > x else 5
        head = f"m{back} -4l{-back} 4l{back} 4"
    else:
        back = -5 if to_y > y else 5
        head = f"m-4 {back}l4 {-back}l4 {back}"
    return path(f"M{num(x)} {num(y)}L{num(to_x)} {num(to_y)}{head}")


def elbow(x: float, y: float, to_x: float, to_y: float) -> str:
    """An arrow that goes down first and then aside."""
    back = -5 if to_x > x else 5
    return path(f"M{num(x)} {num(y)}V{num(to_y)}H{num(to_x)}m{back} -4l{-back} 4l{back} 4")
