"""Compare the figures of two built sites: ``compare_figures.py OLD NEW`` lists, page by page, those that came or went.

A change that renames code must not change what was measured. Figures are the numbers in a page's visible text and in
the tables behind its charts, with their signs; scripts, styles and listings of code are left out. Exit 1 where any
page's figures differ, so that each difference can be given its reason.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

HIDDEN = ("script", "style", "pre", "code", "svg", "template")  # charts are compared by the tables behind them
NUMBER = re.compile(r"(?<![\w.])[+\u2212-]?\d[\d,.\u202f\u00a0]*\d(?:e[+-]?\d+)?%?|(?<![\w.])[+\u2212-]?\d%?")


class Text(HTMLParser):
    """The visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.parts = 0, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count how deep the parser stands inside what is left out."""
        self.hidden += tag in HIDDEN

    def handle_endtag(self, tag: str) -> None:
        """The counterpart of ``handle_starttag``."""
        self.hidden -= tag in HIDDEN and self.hidden > 0

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if not self.hidden:
            self.parts.append(data)


def figures(html: str) -> Counter[str]:
    """How often each number stands on a page."""
    reader = Text()
    reader.feed(html)
    return Counter(match.group().rstrip(".,") for match in NUMBER.finditer(" ".join(reader.parts)))


def differences(old: Path, new: Path) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """Page -> the figures that only the old site has, and those that only the new one has."""
    pages = {str(file.relative_to(site)) for site in (old, new) for file in site.rglob("*.html")}
    found = {}
    for page in sorted(pages):
        before, after = (figures((site / page).read_text(encoding="utf-8")) if (site / page).exists() else Counter()
                         for site in (old, new))  # fmt: skip
        if before != after:
            found[page] = (before - after, after - before)
    return found


def main(arguments: list[str]) -> int:
    """Print the differences; 1 where there are any."""
    old, new = map(Path, arguments)
    found = differences(old, new)
    for page, (gone, come) in found.items():
        print(f"{page}: gone {dict(gone)}, come {dict(come)}")
    print(f"{len(list(new.rglob('*.html')))} pages, {len(found)} with other figures")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
