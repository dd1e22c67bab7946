"""Hook: what comes before and after a page, which lab goes with it, and the ladder as data for the reader's record.

Next means next: a group of the registry says which one follows its last page, and where none does the way ends.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from mkdocs.structure.files import File, InclusionLevel

sys.path.insert(0, str(Path(__file__).parent))

import registry  # noqa: E402
from outcomes import right_answers  # noqa: E402
from registry import Entry, Group  # noqa: E402

LADDER = "ladder"


@dataclass(frozen=True)
class Step:
    """A page's place on the way. ``rung``, ``rungs`` and ``part`` count from 1.

    ``rung`` is 0 off the ladder, ``part`` is 0 on a page that is no part of a rung.
    """

    before: Entry | None = None
    after: Entry | None = None
    practise: Entry | None = None
    read: Entry | None = None
    rung: int = 0
    rungs: int = 0
    part: int = 0


def steps(groups: tuple[Group, ...]) -> dict[str, Step]:
    """The step of each written page, by its file."""
    by_key = {group.key: [entry for entry in group.pages if entry.ready] for group in groups}
    known = {entry.slug: entry for entry in registry.entries(groups) if entry.ready}
    reads = {entry.practise: entry for entry in reversed(registry.entries(groups)) if entry.practise and entry.ready}
    found: dict[str, Step] = {}
    for group in groups:
        pages = by_key[group.key]
        first = next((by_key[one.key][-1] for one in groups if one.then == group.key and by_key[one.key]), None)
        last = (by_key.get(group.then or "") or [None])[0]
        rungs = [entry for entry in group.rungs if entry.ready] if group.key == LADDER else []
        for nth, entry in enumerate(pages):
            home = entry.part_of or entry.slug
            parts = [one.slug for one in pages if entry.part_of and one.part_of == entry.part_of]
            found[entry.src_uri] = Step(
                before=pages[nth - 1] if nth else first,
                after=pages[nth + 1] if nth + 1 < len(pages) else last,
                practise=known.get(entry.practise or ""),
                read=reads.get(entry.slug),
                rung=next((place for place, rung in enumerate(rungs, 1) if rung.slug == home), 0),
                rungs=len(rungs),
                part=parts.index(entry.slug) + 1 if parts else 0,
            )
    return found


def record(groups: tuple[Group, ...], docs: Path) -> list[dict]:
    """Each rung as the reader's record knows it: its address, its title, and the right answers of its self-checks."""
    [ladder] = [group for group in groups if group.key == LADDER] or [None]
    return [
        {
            "address": rung.address,
            "title": rung.title,
            "answers": {
                f"quiz:{rung.address}{f'#{nth}' if nth else ''}": right
                for nth, right in enumerate(right_answers((docs / rung.src_uri).read_text(encoding="utf-8")))
            },
        }
        for rung in (ladder.rungs if ladder else ())
        if rung.ready
    ]


def on_files(files, config):
    """The ladder as a module that the pages' script imports, and this build's steps."""
    groups = config.extra["groups"]
    config.extra["steps"] = steps(groups)
    text = f"export default {json.dumps(record(groups, Path(config.docs_dir)), ensure_ascii=False)};\n"
    files.append(File.generated(config, "assets/ladder.js", content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_context(context, page, config, nav):
    """The page's own step, and the pages beside it for the head."""
    step = config.extra["steps"].get(page.file.src_uri, Step())
    context["step"] = step
    by_file = {one.file.src_uri: one for one in nav.pages}
    page.previous_page = by_file.get(step.before.src_uri) if step.before else None
    page.next_page = by_file.get(step.after.src_uri) if step.after else None
    return context
