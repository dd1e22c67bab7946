"""Write a page of figures to look at, without a site: ``figures.py [NAME ...] --out FILE``; all when none is named."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "hooks")]

import figures  # noqa: E402
import lab_pictures  # noqa: E402

from overrides.figures.kit.figure import FIGURES, Chart, UnknownFigure, get, load  # noqa: E402

CITE = re.compile(r"\{\{\s*cite\((.*?)\)\s*\}\}")


def sheet() -> str:
    """The style of the site, as far as figures need it."""
    files = ("overrides/assets/stage10.css", "overrides/assets/components.css", "overrides/labs/charts/charts.css",
             "overrides/labs/figures.css")  # fmt: skip
    return "\n".join(re.sub(r"@import [^;]*;", "", (ROOT / file).read_text(encoding="utf-8")) for file in files)


def page(names: list[str]) -> str:
    """The figures in light and, below, in dark."""
    found = {name: lab_pictures.picture(name[4:]) if name.startswith("lab:") else get(name) for name in names}
    figures.BUILD["drawn"] = figures.drawn(
        [
            one.drawing.drawn(name, one.title, one.summary)
            for name, one in found.items()
            if isinstance(one.drawing, Chart)
        ]
    )
    shown = ""
    for name, one in found.items():
        words = CITE.sub(lambda call: f"[{call[1]}]", figures.words(name, one))
        shown += figures.PLACE.sub(lambda place, name=name, one=one: figures.picture(name, one), words)
    schemes = "".join(
        f'<div data-md-color-scheme="{scheme}" data-md-color-primary data-md-color-accent class="md-typeset" '
        f'style="background:var(--s10-paper);color:var(--s10-ink);padding:16px">{shown}</div>'
        for scheme in ("default", "slate")
    )
    start = '<!doctype html><html lang="en" style="font-size:20px"><meta charset="utf-8"><title>Figures</title>'
    view = '<meta name="viewport" content="width=device-width">'
    font = (
        '<style>body{margin:0;--md-text-font-family:"Liberation Sans",Arial,sans-serif;--md-code-font-family:monospace}'
    )
    return f"{start}{view}{font}{sheet()}</style><body>{schemes}</body></html>"


def main() -> int:
    """Write the page; 2 when a figure is unknown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="figures; lab:SLUG is the picture of a lab")
    parser.add_argument("--out", type=Path, default=Path("figures.html"), help="file to write (default: figures.html)")
    arguments = parser.parse_args()
    load()
    try:
        arguments.out.write_text(page(arguments.names or sorted(FIGURES)), encoding="utf-8")
    except UnknownFigure as problem:
        print(problem, file=sys.stderr)
        return 2
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
