"""Hook: the first use of a glossary word on a page carries its definition (hover, focus, touch)."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

TERM = re.compile(r"^(?P<names>[^\n:#>-][^\n]*)\n+:   (?P<text>(?:[^\n]+\n?(?:    [^\n]+\n?)*))", re.MULTILINE)
# Text inside these is left alone: code, links, headings, formulas, lists of answers, the parts of a lab.
SKIP = re.compile(
    r"(<(?P<tag>a|code|pre|h[1-6]|button|summary|lab-view|quiz-set|script|style|figure|table|small|cite)\b"
    r".*?</(?P=tag)>|<(?P<maths>span|div) class=\"arithmatex\">.*?</(?P=maths)>|<[^>]+>|S10\w+X)",
    re.DOTALL,
)
WHERE = "reference/glossary"
BUILD = {"terms": {}}


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


def on_page_content(html, page, config, files):
    """Mark the terms of every page; on the glossary itself give each entry its anchor."""
    if page.file.src_uri == f"{WHERE}.md":
        return re.sub(
            r"<dt>(.*?)</dt>",
            lambda dt: f'<dt id="{anchor(dt[1].split(",")[0])}">{dt[1]}</dt>',
            html,
        )
    glossary = files.get_file_from_path(f"{WHERE}.md")
    return mark(html, BUILD["terms"], glossary.url_relative_to(page.file)) if glossary else html
