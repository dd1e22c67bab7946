"""Every section marked in the code for a listing stands on a page: a marker that no page shows is clutter."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARKER = re.compile(r"^ *# --8<-- \[(start|end):([\w-]+)\]$", re.MULTILINE)
LISTING = re.compile(r'--8<-- "([^":]+\.py):([\w-]+)"')


def marked(package: str) -> dict[tuple[str, str], list[str]]:
    """(file, section) -> the kinds of its markers, in the file's order."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in sorted((ROOT / package).rglob("*.py")):
        for kind, section in MARKER.findall(file.read_text(encoding="utf-8")):
            found.setdefault((file.relative_to(ROOT).as_posix(), section), []).append(kind)
    return found


def test_every_marked_section_stands_on_a_page() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    shown = {listing for page in pages for listing in LISTING.findall(page.read_text(encoding="utf-8"))}
    sections = {**marked("labs_py"), **marked("training")}
    assert len(sections) >= 60  # 84 on the day this was written: the search still finds them
    unused = sorted(f"{file}:{section}" for file, section in set(sections) - shown)
    assert not unused, f"no page shows {', '.join(unused)}: show the section, or remove its two markers"


def test_every_section_has_a_start_and_an_end() -> None:
    sections = {**marked("labs_py"), **marked("training")}
    broken = sorted(f"{file}:{section}" for (file, section), kinds in sections.items() if kinds != ["start", "end"])
    assert not broken, f"one start and one end each: {', '.join(broken)}"
