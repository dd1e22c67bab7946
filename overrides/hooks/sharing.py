"""Hook: what a page shows where its address is shared: a card for each page, icons, and a feed of the changelog."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from mkdocs.plugins import event_priority

sys.path.insert(0, str(Path(__file__).parent))

import feed  # noqa: E402
import registry  # noqa: E402
import social_cards  # noqa: E402
from social_cards import Card  # noqa: E402

CHANGELOG, FEED = "reference/changelog", "feed.xml"
ICONS = {"favicon.png": (48, False), "apple-touch-icon.png": (180, True)}
FIGURE = re.compile(
    r'<figure class="s10-figure" data-figure="[^"]*">.*?<div class="s10-figure__wide">(<svg.*?</svg>)</div>'
    r'<div class="s10-figure__narrow">(<svg.*?</svg>)</div>.*?<figcaption><strong>(.*?)\.?</strong>',
    re.DOTALL,
)
LAB_CHART = r'data-chart="{}".*?(<svg[^>]*role="img"[^>]*>.*?</svg>)'
H1 = re.compile(r"<h1[^>]*>(.*?)(?:<a class=\"headerlink\"|</h1>)", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
BUILD: dict[str, Any] = {"cards": {}, "changelog": ""}


def on_pre_build(config):
    """Forget the last build's cards."""
    BUILD["cards"], BUILD["changelog"] = {}, ""


def name_of(url: str) -> str:
    """A card's file: ``labs/lora/`` -> ``assets/cards/labs-lora.png``."""
    return f"assets/cards/{url.strip('/.').replace('/', '-') or 'front'}.png"


@event_priority(-60)
def on_page_context(context, page, config, nav):
    """Whole addresses for the page's head; the feed takes the changelog's content."""
    known = {entry.src_uri: entry for entry in registry.entries(config.extra["groups"])}
    entry = known.get(page.file.src_uri)
    twin = next((one for one in known.values() if one.also and f"{one.also}.md" == page.file.src_uri), None)
    title = entry.title if entry else page.title
    context["share"] = {
        "title": config.site_name if twin or (entry and entry.also) else TAG.sub("", unescape(title or "")),
        "address": page.canonical_url,
        "card": urljoin(config.site_url or "", name_of(page.url)),
        "feed": urljoin(config.site_url or "", FEED),
        "paper": social_cards.paper(),
        "chart": entry.picture if entry else None,
    }
    if page.file.src_uri == f"{CHANGELOG}.md":
        BUILD["changelog"] = page.content
    return context


@event_priority(-60)  # after the labs are painted
def on_post_page(output, page, config):
    """Note what the page's card shows: its first figure, or a lab's chart, or the mark alone."""
    if page.meta.get("is_coming"):
        return output
    entry = next((one for one in registry.entries(config.extra["groups"]) if one.src_uri == page.file.src_uri), None)
    group = next((one for one in config.extra["groups"] if entry in one.pages), None) if entry else None
    chart = entry.picture if entry else None
    lab = re.search(LAB_CHART.format(chart), output, re.DOTALL) if chart and "<lab-view" in output else None
    figure = FIGURE.search(output)
    shown, caption = ((lab[1],), "") if lab else ((figure[1], figure[2]), figure[3]) if figure else ((), "")
    heading = H1.search(output)
    is_front = entry is None or bool(entry.also)
    title = TAG.sub("", heading[1]) if is_front and heading else entry.title if entry else page.title or ""
    BUILD["cards"][name_of(page.url)] = Card(
        "" if is_front or group is None else group.title,
        " ".join(unescape(title).split()),
        config.site_name,
        shown,
        " ".join(unescape(TAG.sub("", caption)).split()),
    )
    return output


def on_post_build(config):
    """Draw the cards and icons, and write the feed."""
    site = Path(config.site_dir)
    for name, card in BUILD["cards"].items():
        file = site / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(social_cards.png(social_cards.drawn(card)))
    for name, (size, paper) in ICONS.items():
        (site / "assets" / name).write_bytes(social_cards.icon(size, paper))
    if BUILD["changelog"]:
        page, own = (urljoin(config.site_url or "", path) for path in (f"{CHANGELOG}/", FEED))
        title = f"{config.site_name}: what changed"
        (site / FEED).write_text(feed.atom(BUILD["changelog"], page, own, title, config.site_name), encoding="utf-8")
