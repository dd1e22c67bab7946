"""What a shared address shows: tags, cards and icons of every built page, one address for twins, and the feed."""

from __future__ import annotations

import re
import struct
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import registry  # noqa: E402

WRITTEN = [entry for entry in registry.entries(registry.load(ROOT / "docs")) if entry.ready]
ADDRESSES = ["", *(entry.address for entry in WRITTEN), "reference/notice/"]
NEEDED = (
    "description", "og:type", "og:site_name", "og:title", "og:description", "og:url", "og:image", "og:image:width",
    "og:image:height", "og:image:alt", "twitter:card", "twitter:title", "twitter:description", "twitter:image",
)  # fmt: skip
ATOM = "{http://www.w3.org/2005/Atom}"


class Head(HTMLParser):
    """The metas and links of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.metas: dict[str, list[str]] = {}
        self.links: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what stands in the head."""
        given = dict(attrs)
        name = given.get("name") or given.get("property")
        if tag == "meta" and name:
            self.metas.setdefault(name, []).append(given.get("content") or "")
        if tag == "link":
            self.links.append(given)


def head(site: Path, address: str) -> Head:
    """Of the page at an address."""
    return Head((site / address / "index.html").read_text(encoding="utf-8"))


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address or "front")
def test_each_page_says_what_it_is_and_has_a_card(site_dir: Path, address: str) -> None:
    found = head(site_dir, address)
    for name in NEEDED:
        assert len(found.metas.get(name, [])) == 1 and found.metas[name][0].strip(), name
    for name in ("og:url", "og:image", "twitter:image"):
        assert re.match(r"https?://[^/]+/", found.metas[name][0]), name
    base = found.metas["og:image"][0].partition("assets/cards/")[0]
    card = (site_dir / found.metas["og:image"][0].removeprefix(base)).read_bytes()
    assert size_of(card) == (1200, 630) and len(card) < 150_000
    assert found.metas["twitter:card"] == ["summary_large_image"]
    assert len(found.metas["theme-color"]) == 2 and len(set(found.metas["theme-color"])) == 2
    icons = [link for link in found.links if link.get("rel") in ("icon", "apple-touch-icon")]
    assert len(icons) == 3
    for link in icons:
        assert (site_dir / address / str(link["href"])).resolve().is_file()


def test_no_two_pages_share_a_description_or_a_card_but_for_twins(site_dir: Path) -> None:
    said: dict[str, set[str]] = {}
    for address in ADDRESSES:
        found = head(site_dir, address)
        said.setdefault(found.metas["description"][0], set()).add(found.metas["og:url"][0])
    assert [urls for urls in said.values() if len(urls) > 1] == []


def test_twins_have_one_address(site_dir: Path) -> None:
    twins = [("" if entry.also == "index" else f"{entry.also}/", entry.address) for entry in WRITTEN if entry.also]
    assert ("", "articles/10-fine-tuning/") in twins
    for one, other in twins:
        urls = {head(site_dir, address).metas["og:url"][0] for address in (one, other)}
        assert len(urls) == 1 and urlsplit(urls.pop()).path.endswith(f"/{one}")


def test_the_icons_have_their_sizes(site_dir: Path) -> None:
    assert size_of((site_dir / "assets" / "apple-touch-icon.png").read_bytes()) == (180, 180)
    assert size_of((site_dir / "assets" / "favicon.png").read_bytes()) == (48, 48)


def test_the_feed_has_each_entry_of_the_changelog_with_its_place(site_dir: Path) -> None:
    feed = ElementTree.fromstring((site_dir / "feed.xml").read_text(encoding="utf-8"))
    entries = feed.findall(f"{ATOM}entry")
    written = re.findall(r"^## (\d{4}-\d{2}-\d{2}): (.+)$", (ROOT / "docs/reference/changelog.md").read_text(), re.M)
    assert [entry.findtext(f"{ATOM}updated", "")[:10] for entry in entries] == [date for date, _ in written]
    assert feed.findtext(f"{ATOM}updated", "")[:10] == max(date for date, _ in written)
    page = (site_dir / "reference" / "changelog" / "index.html").read_text(encoding="utf-8")
    ids = [entry.findtext(f"{ATOM}id", "") for entry in entries]
    assert len(set(ids)) == len(ids)
    for address in ids:
        assert f'id="{address.partition("#")[2]}"' in page
    for entry in entries:
        for link in re.findall(r'href="([^"]*)"', entry.findtext(f"{ATOM}content", "")):
            assert urljoin("https://example.org/", link) == link, link
    assert any(link.get("type") == "application/atom+xml" for link in head(site_dir, "").links)


def test_the_browsers_bars_follow_the_scheme_that_the_reader_chose(visit) -> None:
    page = visit("", labs=False, color_scheme="light")
    colour = "document.querySelector('meta[name=theme-color]').content"
    light = page.evaluate(colour)
    page.locator("label.md-header__button[for=__palette_1]").click()
    page.locator("label.md-header__button[for=__palette_2]").click()
    page.wait_for_function(f"document.body.dataset.mdColorScheme === 'slate' && {colour} !== '{light}'")
