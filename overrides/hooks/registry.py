"""The registry of pages (``docs/reference/pages.yml``) with what the files themselves say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from mkdocs.utils.meta import get_data


@dataclass(frozen=True)
class Entry:
    """One page: its fixed address, and what is known of it before it is built."""

    slug: str
    title: str
    about: str
    group: str
    ready: bool
    short: str | None = None
    also: str | None = None
    practise: str | None = None
    picture: str | None = None
    part_of: str | None = None
    meta: dict = field(default_factory=dict)

    @property
    def src_uri(self) -> str:
        """Path of the Markdown file under docs/."""
        return f"{self.slug}.md"

    @property
    def address(self) -> str:
        """Path of the page under the site's root: ``labs/lora/``."""
        return f"{self.slug.removesuffix('index').rstrip('/')}/"


@dataclass(frozen=True)
class Group:
    """A titled run of pages, in learning order."""

    key: str
    title: str
    pages: tuple[Entry, ...]
    tab: str | None = None
    then: str | None = None

    @property
    def rungs(self) -> tuple[Entry, ...]:
        """The pages that count; a part belongs to the rung before it."""
        return tuple(entry for entry in self.pages if not entry.part_of)


def _entry(docs: Path, group: str, raw: dict) -> Entry:
    file = docs / f"{raw['slug']}.md"
    meta = get_data(file.read_text(encoding="utf-8"))[1] if file.is_file() else {}
    ready = file.is_file() and meta.get("status", "ready") != "coming"
    optional = {key: raw.get(key) for key in ("short", "also", "practise", "picture", "part_of")}
    return Entry(raw["slug"], raw["title"], raw["about"], group, ready, **optional, meta=meta)


def load(docs: Path) -> tuple[Group, ...]:
    """Read the registry; a page is ready when its file is there and does not call itself coming."""
    raw_groups = yaml.safe_load((docs / "reference" / "pages.yml").read_text(encoding="utf-8"))
    return tuple(
        Group(
            raw["group"],
            raw["title"],
            tuple(_entry(docs, raw["group"], page) for page in raw["pages"]),
            raw.get("tab"),
            raw.get("then"),
        )
        for raw in raw_groups
    )


def entries(groups: tuple[Group, ...]) -> list[Entry]:
    """All pages in order."""
    return [entry for group in groups for entry in group.pages]


def navigation(groups: tuple[Group, ...]) -> list[dict]:
    """MkDocs' nav: tabs, in them a section for each group with the pages that are written.

    A lone page stands by itself, and so do the pages of a group that has its tab's name.
    """
    nav: list[dict] = []
    tabs: dict[str, list[dict]] = {}
    for group in groups:
        written = [{entry.title: entry.src_uri} for entry in group.pages if entry.ready]
        items = written if len(written) <= 1 or group.title == group.tab else [{group.title: written}]
        if group.tab and items and group.tab not in tabs:
            nav.append({group.tab: tabs.setdefault(group.tab, [])})
        (tabs[group.tab] if group.tab and items else nav).extend(items)
    return nav
