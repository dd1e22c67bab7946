"""Listings fit their column: no line of a listed file or section is over 88 letters.

Code outside listings may be as wide as ruff allows. A listed section that ruff would join again stands between
``# fmt: off`` and ``# fmt: on``, outside the section's markers, so that no reader sees them.
"""

from __future__ import annotations

import re

from tests.checkout import ROOT

WIDEST = 88
LISTING = re.compile(r'^ *--8<-- "([^":]+)(?::([\w-]+))?"', re.MULTILINE)
EXCEPTIONS = {  # file or page: why its lines cannot be broken
    "docs/data/examples/six_rows.jsonl": "a row of JSONL is one line",
    "docs/data/snippets/before-the-first-command.md": "prose, with commands in it",
}


def too_wide(lines: list[str]) -> list[str]:
    """Lines over the limit, counted without the indentation that all of them share."""
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[shared:] for line in lines if len(line) - shared > WIDEST]


def section(file: str, name: str) -> list[str]:
    """The lines of a file, or of one section of it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return (re.split(rf".*--8<-- \[(?:start|end):{name}\]\n", text)[1] if name else text).splitlines()


def test_no_line_of_a_listed_file_is_wider_than_its_column() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    listed = {found for page in pages for found in LISTING.findall(page.read_text(encoding="utf-8"))}
    assert len(listed) > 100
    wide = [f"{file}:{name}: {line}" for file, name in sorted(listed) if file not in EXCEPTIONS and "." in file
            for line in too_wide(section(file, name))]  # fmt: skip
    assert not wide, f"{len(wide)} lines over {WIDEST}:\n" + "\n".join(wide)


def test_a_line_counts_without_the_indentation_that_it_shares_with_its_section() -> None:
    assert too_wide(["    " + "x" * WIDEST, "        y"]) == []
    assert too_wide(["x" * (WIDEST + 1)]) == ["x" * (WIDEST + 1)]
