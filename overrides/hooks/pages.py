"""Hook: navigation from the registry, a page for what is coming, short addresses, the stage's two doors."""

from __future__ import annotations

import posixpath
import re
import sys
from html import escape
from pathlib import Path

from mkdocs.structure.files import File, InclusionLevel

sys.path.insert(0, str(Path(__file__).parent))

import registry  # noqa: E402

RELATIVE_LINK = re.compile(r"(\]\(|src=\"|href=\")(?![a-z]+:|[/#])")
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

What is written so far stands on the [ladder]({home}index.md).
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
    """Generate the pages that are coming, and the stage's page from the front page that it equals."""
    for entry in registry.entries(config.extra["groups"]):
        depth = entry.slug.count("/") * "../"
        if not entry.ready:
            if stale := files.get_file_from_path(entry.src_uri):
                files.remove(stale)
            text = COMING.format(title=entry.title, about=entry.about, home=depth)
            files.append(File.generated(config, entry.src_uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
        elif entry.source != entry.slug:
            front = files.get_file_from_path(f"{entry.source}.md")
            front.inclusion = InclusionLevel.NOT_IN_NAV
            text = RELATIVE_LINK.sub(rf"\1{depth}", front.content_string)
            files.append(File.generated(config, entry.src_uri, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """A generated twin is edited where it is written."""
    for entry in registry.entries(config.extra["groups"]):
        if entry.src_uri == page.file.src_uri and entry.source != entry.slug and config.edit_uri:
            page.edit_url = posixpath.join(config.repo_url or "", config.edit_uri, f"{entry.source}.md")


def on_post_build(config):
    """Write the short addresses as pages that lead on by a relative address."""
    for entry in registry.entries(config.extra["groups"]):
        if entry.short:
            folder = Path(config.site_dir) / entry.short
            folder.mkdir(parents=True, exist_ok=True)
            target = posixpath.relpath(entry.address, entry.short) + "/"
            (folder / "index.html").write_text(REDIRECT.format(title=escape(entry.title), target=target))
