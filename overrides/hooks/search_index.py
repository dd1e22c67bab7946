"""Hook: the index of the site's search, in place of Material's own, for the worker in ``overrides/search``.

An entry is a page's opening, a section, or a glossary term. Text that a page hides (cards of numbers, definitions on
hover) or that only a script shows is left out. ``docs/reference/search.yml`` and a page's front matter
(``search: {aliases: [...], boost: N, exclude: true}``) say under which other words a page is found.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority

sys.path.insert(0, str(Path(__file__).parent))

import glossary  # noqa: E402
import registry  # noqa: E402

EXCLUDED = "data-search-exclude"
LEFT_OUT = {"script", "style", "svg", "template", "nav", "button", "select", "textarea", "quiz-set", "lab-view"}
# The page's own frame: the description, which stands in the entry already, and facts that every page has.
FRAME = {"s10-lead", "s10-facts", "lab-skips", "lab-facts", "lab-aside", "s10-tile__foot"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
WITHIN_A_LINE = {"a", "abbr", "b", "cite", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
WORKER = re.compile(r"assets/javascripts/workers/search\.\w+\.min\.js")
WORDS_FILE = "reference/search.yml"
GLOSSARY_BOOST = 0.7  # a page that teaches a word comes before the sentence that defines it

Entry = dict[str, Any]
BUILD: dict[str, Any] = {"entries": [], "words": {}, "places": {}, "terms": {}}


@dataclass
class Section:
    """A heading with the text below it; the page's opening has no identifier."""

    identifier: str = ""
    title: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words in one line, each mark of punctuation close to its word."""
        return re.sub(r" ([,.;:!?)])", r"\1", " ".join("".join(self.parts).split()))


class Sections(HTMLParser):
    """Cuts a page's HTML at its headings and keeps the words that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.sections = [Section()]
        self._open: list[tuple[str, bool]] = []  # element, and whether its text counts
        self._heading: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is open; a heading begins a section."""
        if tag not in WITHIN_A_LINE:
            self._write(" ")
        if tag in VOID:
            return
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        left_out = tag in LEFT_OUT or EXCLUDED in given or "hidden" in given or classes & {*FRAME, "headerlink"}
        counts = self._counts() and not left_out
        self._open.append((tag, counts))
        if tag in HEADINGS and counts:
            self._heading = []
            if tag != "h1":
                self.sections.append(Section(given.get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and whatever within it was never closed."""
        if tag not in WITHIN_A_LINE:
            self._write(" ")
        if tag not in [name for name, _ in self._open]:
            return
        while self._open.pop()[0] != tag:
            pass
        if tag in HEADINGS and self._heading is not None:
            self.sections[-1].title = " ".join("".join(self._heading).split())
            self._heading = None

    def handle_data(self, data: str) -> None:
        """Words go to the heading or to the section's text."""
        if self._counts():
            self._write(data)

    def _counts(self) -> bool:
        return not self._open or self._open[-1][1]

    def _write(self, text: str) -> None:
        (self.sections[-1].parts if self._heading is None else self._heading).append(text)


def sections_of(html: str) -> list[Section]:
    """The sections of a page in order, the opening first."""
    reader = Sections()
    reader.feed(html)
    reader.close()
    return reader.sections


def read_words(docs: Path) -> dict[str, Any]:
    """``search.yml`` of the folder ``docs``; empty where there is none.

    Raises:
        PluginError: an entry that is not of the file's form.
    """
    file = docs / WORDS_FILE
    words = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None) or {}
    lists = [*words.get("synonyms", []), *words.get("places", {}).values(), words.get("instead", [])]
    for entry in lists:
        if not isinstance(entry, list) or not all(isinstance(word, str) for word in entry):
            raise PluginError(f"{WORDS_FILE}: expected a list of words (quote numbers, yes and no), found {entry!r}")
    return words


def entries_of(page_url: str, title: str, html: str, meta: dict, places: dict[str, list[str]]) -> list[Entry]:
    """The entries of one page.

    Args:
        page_url: the page's address under the site's root.
        title: the page's title.
        html: its content.
        meta: its front matter.
        places: address, with or without ``#anchor``, -> other words for it.

    Raises:
        PluginError: words for a section that the page does not have.
    """
    asked = meta.get("search") or {}
    boost = float(asked.get("boost", 1))
    made: list[Entry] = []
    for section in sections_of(html):
        location = f"{page_url}#{section.identifier}" if section.identifier else page_url
        if made and not section.identifier:
            made[0]["text"] += f" {section.title} {section.text}"
            continue
        entry: Entry = {"location": location, "title": section.title or title, "text": section.text}
        if not made:
            entry["title"] = title
            entry["text"] = f"{meta.get('description', '')} {section.text}".strip()
        aliases = [*(asked.get("aliases", []) if not made else []), *places.get(location, [])]
        made.append(entry | ({"aliases": aliases} if aliases else {}) | ({"boost": boost} if boost != 1 else {}))
    known = {entry["location"] for entry in made}
    if lost := [place for place in places if place.split("#")[0] == page_url and place not in known]:
        raise PluginError(f"{WORDS_FILE}: no section {', '.join(lost)}; has its heading another name now?")
    return made


def by_slugs(groups: tuple[registry.Group, ...]) -> dict[str, str]:
    """Each page's slug -> its address as MkDocs writes it; the site's root is empty."""
    return {entry.slug: entry.address.lstrip("/") for entry in registry.entries(groups)}


def addresses(words: dict[str, Any], groups: tuple[registry.Group, ...]) -> dict[str, list[str]]:
    """``places`` with addresses for slugs; what a lab's controls and charts are called leads to the lab.

    Raises:
        PluginError: a slug that the registry does not have.
    """
    by_slug = by_slugs(groups)
    found: dict[str, list[str]] = {}
    for place, aliases in words.get("places", {}).items():
        slug, mark, anchor = place.partition("#")
        if slug not in by_slug:
            raise PluginError(f"{WORDS_FILE}: no page {slug!r} in reference/pages.yml")
        found[by_slug[slug] + mark + anchor] = aliases
    return found


def controls_of(slug: str, docs: Path) -> str:
    """Names of a lab's controls and charts, which its page gets from a script and search must know."""
    file = docs / "data" / "labs" / f"{slug.removeprefix('labs/')}.json"
    if not slug.startswith("labs/") or not file.is_file():
        return ""
    spec = json.loads(file.read_text(encoding="utf-8"))["spec"]
    return ". ".join([*(param["label"] for param in spec["params"]), *(chart["title"] for chart in spec["charts"])])


def on_pre_build(config):
    """Forget the last build's entries and read the words anew."""
    for name, plugin in config.plugins.items():
        if name.rpartition("/")[2] == "search":  # Material's would read every page for an index that ours replaces
            plugin.search_index.add_entry_from_context = lambda page: None
    BUILD["entries"], BUILD["words"] = [], read_words(Path(config.docs_dir))
    BUILD["places"] = addresses(BUILD["words"], config.extra["groups"])
    terms = Path(config.docs_dir) / f"{glossary.WHERE}.md"
    BUILD["terms"] = glossary.parse(terms.read_text(encoding="utf-8")) if terms.is_file() else {}


@event_priority(-50)  # after all that still changes a page's content
def on_page_context(context, page, config, nav):
    """Take a page in, unless its front matter says no."""
    if (page.meta.get("search") or {}).get("exclude"):
        return
    slug = page.file.src_uri.removesuffix(".md")
    known = {entry.slug: entry.title for entry in registry.entries(config.extra["groups"])}
    title = known.get(slug) or page.meta.get("title") or page.title
    made = entries_of(page.url, title, page.content, page.meta, BUILD["places"])
    if controls := controls_of(slug, Path(config.docs_dir)):
        made[0]["text"] += f" {controls}."
    if slug == glossary.WHERE:
        made[0]["text"] = str(page.meta.get("description", ""))
        made += terms_of(page.url)
    BUILD["entries"] += made


def terms_of(page_url: str) -> list[Entry]:
    """An entry for each word of the glossary, at its own place."""
    entries: dict[str, Entry] = {}
    for name, (anchor, text) in BUILD["terms"].items():
        location = f"{page_url}#{anchor}"
        if location in entries:
            entries[location].setdefault("aliases", []).append(name)
        else:
            entries[location] = {"location": location, "title": name, "text": text, "boost": GLOSSARY_BOOST}
    return list(entries.values())


def on_post_page(output, page, config):
    """Name our worker where Material's page names its own."""
    return WORKER.sub("assets/search/worker.js", output)


@event_priority(-50)  # after Material's plugin, whose index this is in place of
def on_post_build(config):
    """Write the index and remove the worker that nothing asks for."""
    site = Path(config.site_dir)
    words = BUILD["words"]
    known = {entry["location"].split("#")[0]: entry["title"] for entry in reversed(BUILD["entries"])}
    by_slug = by_slugs(config.extra["groups"])
    instead = [by_slug[slug] for slug in words.get("instead", []) if by_slug.get(slug) in known]
    index = {
        # Material's page reads these: it marks a found word on the page that it opens
        "config": {"lang": ["en"], "separator": r"[\s\-._/]+", "pipeline": [], "fields": {},
                   "synonyms": words.get("synonyms", []), "instead": instead},
        "docs": BUILD["entries"],
    }  # fmt: skip
    target = site / "search" / "search_index.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    for left in ("workers", "lunr"):  # what Material's own search would load
        shutil.rmtree(site / "assets" / "javascripts" / left, ignore_errors=True)
