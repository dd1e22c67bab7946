"""Hook: navigation from the registry, a page for what is coming, short addresses, the stage's two doors."""

from __future__ import annotations

import posixpath
import re
import sys
from html import escape
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.structure.files import File, InclusionLevel

sys.path.insert(0, str(Path(__file__).parent))

import registry  # noqa: E402

# Links in the text, and the pages that front matter names as prerequisites.
RELATIVE_LINK = re.compile(r"(?:(?<=\]\()(?![a-z]+:|[/#?])|(?<=url: \"))([^)#\s\"]+)")
COMING = """---
title: "{title}"
description: "{about}"
status: coming
robots: noindex
search: {{exclude: true}}
hide: [toc]
---
# {title}

This page is coming. {about}

What is written so far stands on the [stage's page]({stage}).
"""
REDIRECT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url={target}"><link rel="canonical" href="{target}"></head>
<body><p>This page is at <a href="{target}">{title}</a>.</p></body></html>
"""


def on_config(config):
    """Read the registry once per build; the navigation follows from it."""
    config.extra["groups"] = groups = registry.load(Path(config.docs_dir))
    config.nav = registry.navigation(groups)
    if "127.0.0.1" in (config.site_url or ""):
        config.extra["no_canonical"] = True


def on_files(files, config):
    """Generate the pages that are coming, and the front page, which shows the stage's page again."""
    first = config.extra["groups"][0].pages[0].src_uri
    for entry in registry.entries(config.extra["groups"]):
        if not entry.ready:
            if stale := files.get_file_from_path(entry.src_uri):
                files.remove(stale)
            stage = posixpath.relpath(first, posixpath.dirname(entry.slug) or ".")
            text = COMING.format(title=entry.title, about=entry.about, stage=stage)
            files.append(File.generated(config, entry.src_uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
        elif entry.also:
            text = moved(files.get_file_from_path(entry.src_uri).content_string, entry.slug, entry.also)
            files.append(File.generated(config, f"{entry.also}.md", content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def moved(markdown: str, slug: str, to: str) -> str:
    """The Markdown of one page as it must read at another place: its relative links point to the same files."""
    here, there = posixpath.dirname(slug), posixpath.dirname(to) or "."
    return RELATIVE_LINK.sub(
        lambda link: posixpath.relpath(posixpath.normpath(posixpath.join(here, link[1])), there), markdown
    )


def on_page_markdown(markdown, page, config, files):
    """Of two pages that show the same the shorter address is the one to share, and search lists it once."""
    for entry in registry.entries(config.extra["groups"]):
        if not entry.also or page.file.src_uri not in (f"{entry.also}.md", entry.src_uri):
            continue
        page.canonical_url = urljoin(config.site_url, "" if entry.also == "index" else f"{entry.also}/")
        if page.file.src_uri != entry.src_uri:
            page.meta["search"] = {"exclude": True}


def on_post_build(config):
    """Write the short addresses as pages that lead on by a relative address."""
    for entry in registry.entries(config.extra["groups"]):
        if entry.short:
            folder = Path(config.site_dir) / entry.short
            folder.mkdir(parents=True, exist_ok=True)
            target = posixpath.relpath(entry.address, entry.short) + "/"
            (folder / "index.html").write_text(REDIRECT.format(title=escape(entry.title), target=target))
