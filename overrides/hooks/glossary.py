"""Hook: the first use of a glossary word on a page carries its definition (hover, focus, touch).

The glossary itself gets letters, a filter and, by ``docs/reference/taught.yml``, links to where a word is taught.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

import yaml
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))

import registry  # noqa: E402

TERM = re.compile(r"^(?P<names>[^\n:#>-][^\n]*)\n+:   (?P<text>(?:[^\n]+\n?(?:    [^\n]+\n?)*))", re.MULTILINE)
# Text inside these is left alone: code, links, headings, formulas, lists of answers, the parts of a lab.
SKIP = re.compile(
    r"(<(?P<tag>a|code|pre|h[1-6]|button|summary|lab-view|quiz-set|script|style|figure|table|small|cite)\b"
    r".*?</(?P=tag)>|<(?P<maths>span|div) class=\"arithmatex\">.*?</(?P=maths)>|<[^>]+>|S10\w+X)",
    re.DOTALL,
)
ENTRY = re.compile(r"<dt>(?P<names>.*?)</dt>\s*<dd>(?P<text>.*?)</dd>", re.DOTALL)
WHERE = "reference/glossary"
TITLES: dict[str, str] = {}
TAUGHT = "reference/taught.yml"
BUILD = {"terms": {}, "taught": {}}


def parse(markdown: str) -> dict[str, tuple[str, str]]:
    """Each name of a definition list -> (its anchor's name, its definition in plain words).

    Names of one entry are written with commas: ``KL divergence, KL``.
    """
    terms = {}
    body = markdown.split("\n---\n", 1)[-1]
    for match in TERM.finditer(body):
        names = [name.strip() for name in re.sub(r"\{[^}]*\}", "", match["names"]).split(",")]
        text = " ".join(re.sub(r"[*`]|\[(.*?)\]\(.*?\)", r"\1", match["text"]).split())
        for name in names:
            terms[name] = (anchor(names[0]), text)
    return terms


def anchor(name: str) -> str:
    """``KL divergence`` -> ``term-kl-divergence``."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def on_config(config):
    """Read the glossary once per build."""
    file = Path(config.docs_dir) / f"{WHERE}.md"
    BUILD["terms"] = parse(file.read_text(encoding="utf-8")) if file.is_file() else {}
    TITLES.clear()
    TITLES.update({entry.slug: entry.title for entry in registry.entries(config.extra["groups"]) if entry.ready})
    taught = Path(config.docs_dir) / TAUGHT
    noted = (yaml.safe_load(taught.read_text(encoding="utf-8")) if taught.is_file() else None) or {}
    BUILD["taught"] = {anchor(name): slugs for name, slugs in noted.items()}
    known = {target for target, _ in BUILD["terms"].values()}
    if lost := [name for name in noted if anchor(name) not in known]:
        raise PluginError(f"{TAUGHT}: no such word in the glossary: {', '.join(lost)}")


def mark(html: str, terms: dict[str, tuple[str, str]], to_glossary: str) -> str:
    """Wrap the first use of each entry, also in lower case and as a plural, outside of code, links, headings, labs."""
    if not terms:
        return html
    terms = {**{name[0].lower() + name[1:]: entry for name, entry in terms.items()}, **terms}
    names = sorted(terms, key=len, reverse=True)
    word = re.compile(r"(?<![\w-])(" + "|".join(re.escape(name) for name in names) + r")(s?)(?![\w-])")
    seen: set[str] = set()

    def card(match: re.Match) -> str:
        target, text = terms[match[1]]
        if target in seen:
            return match[0]
        seen.add(target)
        return (
            f'<span class="s10-ref"><a class="s10-term" href="{to_glossary}#{target}" '
            f'aria-describedby="{target}">{match[0]}</a><span class="s10-card s10-card--term" role="tooltip" '
            f'id="{target}" data-search-exclude>{escape(text)}</span></span>'
        )

    pieces, position = [], 0
    for skip in SKIP.finditer(html):
        pieces += [word.sub(card, html[position : skip.start()]), skip[0]]
        position = skip.end()
    return "".join(pieces) + word.sub(card, html[position:])


def glossary_page(html: str, taught: Callable[[str], str]) -> str:
    """The glossary's list with an anchor and the places of teaching at each word, under letters and a filter.

    Args:
        html: the page's content.
        taught: anchor of a word -> HTML that ends its definition.
    """
    letters: dict[str, str] = {}

    def entry(found: re.Match) -> str:
        target = anchor(found["names"].split(",")[0])
        letters.setdefault(target.removeprefix("term-")[0].upper(), target)
        return f'<dt id="{target}">{found["names"]}</dt>\n<dd>{found["text"]}{taught(target)}</dd>'

    listed = ENTRY.sub(entry, html)
    links = "".join(f'<a href="#{target}">{letter}</a>' for letter, target in sorted(letters.items()))
    head = (
        f'<nav class="s10-letters" aria-label="Letters">{links}</nav>'
        '<p class="s10-filter"><label for="glossary-filter">Find a word</label>'
        '<input type="search" id="glossary-filter" data-glossary-filter autocomplete="off">'
        "<output data-glossary-count></output></p>"
    )
    return listed.replace("<dl>", f"{head}<dl data-glossary>", 1)


def taught_at(target: str, page: Page, files: Files) -> str:
    """Links to the pages that teach a word; those that are not written yet are left out.

    Raises:
        PluginError: a page that does not exist.
    """
    links = []
    for slug in BUILD["taught"].get(target, []):
        file = files.get_file_from_path(f"{slug}.md")
        if file is None:
            raise PluginError(f"{TAUGHT}: there is no page {slug!r}")
        title = TITLES.get(slug)
        if title:
            links.append(f'<a href="{file.url_relative_to(page.file)}">{escape(title)}</a>')
    return f'<span class="s10-taught" data-search-exclude>Taught in {" and ".join(links)}</span>' if links else ""


def on_page_content(html, page, config, files):
    """Mark the terms of every page; on the glossary itself give each entry its anchor."""
    if page.file.src_uri == f"{WHERE}.md":
        return glossary_page(html, lambda target: taught_at(target, page, files))
    glossary = files.get_file_from_path(f"{WHERE}.md")
    return mark(html, BUILD["terms"], glossary.url_relative_to(page.file)) if glossary else html
