"""The changelog as a feed: whole addresses, one entry a heading."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import feed  # noqa: E402

ATOM = "{http://www.w3.org/2005/Atom}"


def made(html: str) -> ElementTree.Element:
    """The feed of some changelog, parsed."""
    return ElementTree.fromstring(feed.atom(html, "https://a.org/x/log/", "https://a.org/x/feed.xml", "T & T", "A"))


def test_links_become_whole_addresses_and_the_newest_date_stands_above() -> None:
    found = made(
        '<h2 id="one">2026-12-01: new<a class="headerlink" href="#one">¶</a></h2><p><a href="../runs/">r</a></p>'
        '<h2 id="two">2026-11-30: old <em>one</em></h2><p>x</p>'
    )
    assert found.findtext(f"{ATOM}updated") == "2026-12-01T12:00:00Z"
    first, second = found.findall(f"{ATOM}entry")
    assert (first.findtext(f"{ATOM}title"), second.findtext(f"{ATOM}title")) == ("new", "old one")
    assert first.findtext(f"{ATOM}content") == '<p><a href="https://a.org/x/runs/">r</a></p>'
    assert second.findtext(f"{ATOM}id") == "https://a.org/x/log/#two"


@given(st.text(alphabet="ab<>&\"'/=#¶ ", max_size=40))
def test_whatever_an_entry_says_the_feed_is_xml(body: str) -> None:
    found = made(f'<h2 id="a">2026-01-02: t</h2>{body}')
    assert len(found.findall(f"{ATOM}entry")) == 1
