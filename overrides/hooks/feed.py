"""An Atom feed of the changelog: one entry for each dated heading."""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urljoin

ENTRY = re.compile(
    r'<h2 id="(?P<anchor>[^"]+)">(?P<date>\d{4}-\d{2}-\d{2}): (?P<title>.*?)(?:<a class="headerlink".*?</a>)?</h2>'
    r"(?P<body>.*?)(?=<h2 |\Z)",
    re.DOTALL,
)
LINK = re.compile(r'(href|src)="([^"]*)"')
TAG = re.compile(r"<[^>]+>")
NOON = "T12:00:00Z"


def atom(html: str, page: str, feed: str, title: str, author: str) -> str:
    """The feed.

    Args:
        html: the changelog's content.
        page: its whole address; links in the entries become whole addresses too.
        feed: the feed's own address.
        title: the feed's title.
        author: who signs.
    """
    entries = []
    for found in ENTRY.finditer(html):
        body = LINK.sub(lambda link: f'{link[1]}="{urljoin(page, link[2])}"', found["body"]).strip()
        address = escape(f"{page}#{found['anchor']}")
        heading = escape(unescape(TAG.sub("", found["title"])))
        entries.append(
            f'<entry><title>{heading}</title><id>{address}</id><link href="{address}"/>'
            f'<updated>{found["date"]}{NOON}</updated><content type="html">{escape(body)}</content></entry>'
        )
    newest = max((found["date"] for found in ENTRY.finditer(html)), default="1970-01-01")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(title)}</title><id>{escape(page)}</id><updated>{newest}{NOON}</updated>"
        f'<link rel="self" href="{escape(feed)}"/><link href="{escape(page)}"/>'
        f"<author><name>{escape(author)}</name></author>\n" + "\n".join(entries) + "\n</feed>\n"
    )
