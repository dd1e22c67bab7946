"""KaTeX's fonts, cut to the characters that the site's formulas use: a page with formulas stays light."""

from __future__ import annotations

import io
import re
from functools import cache
from html import unescape
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NOT_SHOWN = re.compile(r'<span class="katex-mathml">.*?</math></span>|<[^>]+>', re.DOTALL)


def characters(html: list[str]) -> frozenset[str]:
    """What the formulas show; the reading for machines is not set in these fonts."""
    return frozenset("".join("".join(unescape(NOT_SHOWN.sub("", formula)).split()) for formula in html))


@cache
def cut(font: Path, wanted: frozenset[str]) -> bytes:
    """The woff2 file with the wanted characters only."""
    options = subset.Options(flavor="woff2", layout_features=["*"], hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(wanted)))
    face = TTFont(font)
    cutter.subset(face)
    face.flavor = "woff2"
    out = io.BytesIO()
    face.save(out)
    return out.getvalue()
