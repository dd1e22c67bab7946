"""No page's HTML is heavy, neither as it stands nor as it travels."""

from __future__ import annotations

import gzip

MOST_BYTES, MOST_COMPRESSED = 300_000, 60_000


def test_every_page_of_the_site_is_light(site_dir):
    pages = sorted(site_dir.rglob("*.html"))
    assert len(pages) > 50
    heavy = []
    for page in pages:
        html = page.read_bytes()
        compressed = len(gzip.compress(html, mtime=0))
        if len(html) > MOST_BYTES or compressed > MOST_COMPRESSED:
            heavy.append((str(page.relative_to(site_dir)), len(html), compressed))
    assert heavy == []
