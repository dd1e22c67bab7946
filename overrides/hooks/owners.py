"""Hook: the owner of each number: ``measured``, ``computed``, ``cite``; an unknown one fails the build.

A macro becomes a token that survives Markdown, and the token becomes HTML once the page is rendered.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(Path(__file__).parent)) if path not in sys.path]

import macros  # noqa: E402
import method_table  # noqa: E402
import number_cards  # noqa: E402
import question_strips  # noqa: E402
from page_numbers import PageNumbers  # noqa: E402
from run_records import UnknownNumber  # noqa: E402

log = logging.getLogger("mkdocs.hooks.owners")
TOKEN = re.compile(r"(?P<before>\(?)S10X(?P<index>\d+)X(?P<after>[.,;:)?]*)")
SOURCES_TOKEN = "<p>S10SOURCESX</p>"
BUILD = {"sources": {}, "runs": ROOT, "pages": {}}


def on_config(config):
    """Read the sources once per build and forget the last build's pages."""
    docs = Path(config["docs_dir"])
    sources = docs / "reference" / "sources.yml"
    BUILD["sources"] = (yaml.safe_load(sources.read_text()) or {}) if sources.is_file() else {}
    for source in BUILD["sources"].values():
        source.setdefault("url", f"https://arxiv.org/abs/{source.get('arxiv')}")
    config.extra["sources"] = BUILD["sources"]
    BUILD["runs"], BUILD["pages"] = docs / "data" / "runs", {}


def on_page_markdown(markdown, page, config, files):
    """Replace each macro by a token; report what cannot be resolved with file, line and key."""
    numbers = BUILD["pages"][page.file.src_uri] = PageNumbers(BUILD["runs"], BUILD["sources"])
    source = page.file.content_string
    offset = source.count("\n", 0, max(source.find(markdown), 0))
    try:
        markdown = method_table.expand(markdown, Path(config["docs_dir"]), BUILD["runs"])
        markdown = question_strips.expand(markdown, BUILD["runs"])
    except UnknownNumber as problem:
        log.warning("%s: %s", page.file.src_uri, problem)

    def expand(call, written: str) -> str:
        try:
            if isinstance(call, ValueError):
                raise UnknownNumber(str(call))
            if call.name not in ("measured", "computed", "cite"):
                raise UnknownNumber(f"unknown macro '{call.name}'")
            numbers.html.append(getattr(numbers, call.name)(*call.args, **call.kwargs))
        except (UnknownNumber, TypeError) as problem:
            line = offset + getattr(call, "line", 0)
            log.warning("%s:%d: %s  [%s]", page.file.src_uri, line, problem, written)
            numbers.html.append(f'<mark class="s10-missing">{written}</mark>')
        return f"S10X{len(numbers.html) - 1}X"

    text = macros.replace(markdown, expand)
    for heading in re.findall(r"^#.*S10X\d+X.*$", text, re.MULTILINE):
        log.warning("%s: a macro in a heading: %s", page.file.src_uri, heading)
    if numbers.cited and not re.search(r"^## Sources\s*$", text, re.MULTILINE):
        text += "\n\n## Sources\n"
    return re.sub(r"^## Sources\s*$", "## Sources\n\nS10SOURCESX\n", text, count=1, flags=re.MULTILINE)


def on_page_content(html, page, config, files):
    """Turn tokens into HTML; fill the Sources list and the ledger of numbers."""
    numbers = BUILD["pages"][page.file.src_uri]

    def place(token: re.Match) -> str:
        owned = numbers.html[int(token["index"])]
        said = f"{token['before']}{owned}{token['after']}"
        # To a browser a number is a button, behind which a line may end even where a comma follows.
        needs = (token["before"] or token["after"]) and owned.endswith("</span>") and 'data-owner="cite"' not in owned
        return f'<span class="s10-whole">{said}</span>' if needs else said

    html = TOKEN.sub(place, html)
    cited = [(key, BUILD["sources"][key], uses) for key, uses in numbers.cited.items()]
    html = html.replace(SOURCES_TOKEN, number_cards.source_list(cited) if cited else "")
    return html + (number_cards.ledger(numbers.ledger) if numbers.ledger else "")
