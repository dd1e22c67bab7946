"""Hook: each page as plain Markdown at its address plus ``.md``, the list ``llms.txt`` of them, and ``SKILL.md``."""

from __future__ import annotations

import posixpath
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from mkdocs.plugins import event_priority
from mkdocs.utils import get_relative_url

sys.path.insert(0, str(Path(__file__).parent))

import lab_words  # noqa: E402
import registry  # noqa: E402
import to_markdown  # noqa: E402

LIST = "llms.txt"
AS_IT_STANDS = "SKILL.md"  # instructions for a coding agent, no page
SKILL = "The exercise step by step with this project's commands, and where to stop."
FOOT = "\n---\n\nThis page with its figures and labs: <{address}>\n"
BUILD: dict[str, Any] = {"pages": {}}


def place_of(url: str) -> str:
    """Where a page's Markdown stands under the site's root: ``labs/lora/`` -> ``labs/lora.md``."""
    return f"{url.strip('/.') or 'index'}.md"


def on_pre_build(config):
    """Forget the last build's pages."""
    BUILD["pages"] = {}


@event_priority(-60)  # after all that still changes a page's content
def on_page_context(context, page, config, nav):
    """Convert the page, and give its template the address of the result."""
    if page.meta.get("is_coming"):
        return context
    own = place_of(page.url)

    def address(href: str) -> str:
        parts = urlsplit(href)
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return href
        target = posixpath.normpath(posixpath.join("/", page.url, parts.path)).strip("/")
        is_page = not posixpath.splitext(target)[1] and not parts.query
        path = place_of(target) if is_page else target + ("/" if parts.path.endswith("/") else "")
        rest = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        return posixpath.relpath(path, posixpath.dirname(own) or ".") + ("/" if path.endswith("/") else "") + rest

    docs = Path(config.docs_dir)
    text = to_markdown.convert(page.content, address, lambda slug: lab_words.in_html(slug, docs))
    BUILD["pages"][own] = text + FOOT.format(address=urljoin(config.site_url or "", page.url))
    context["as_markdown"] = get_relative_url(own, page.url)
    return context


def listed(groups: tuple[registry.Group, ...], name: str, description: str, base: str) -> str:
    """``llms.txt``: what the site is, and its written pages by group, each with its one sentence."""
    parts = [f"# {name}\n\n> {description}\n"]
    for group in groups:
        lines = [
            f"- [{entry.title}]({urljoin(base, place_of(entry.address))}): {entry.about}"
            for entry in group.pages
            if entry.ready
        ]
        if lines:
            parts.append(f"## {group.title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def on_post_build(config):
    """Write the files beside the pages. Links are whole addresses where the site's own is known."""
    site = Path(config.site_dir)
    for place, text in BUILD["pages"].items():
        file = site / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    base = "" if config.extra.get("no_canonical") else config.site_url or ""
    text = listed(config.extra["groups"], config.site_name, config.site_description, base)
    skill = Path(config.docs_dir) / AS_IT_STANDS
    if skill.is_file():
        shutil.copyfile(skill, site / AS_IT_STANDS)
        text += f"\n## For coding agents\n\n- [{AS_IT_STANDS}]({urljoin(base, AS_IT_STANDS)}): {SKILL}\n"
    (site / LIST).write_text(text, encoding="utf-8")
