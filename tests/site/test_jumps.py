"""A jump ends where it points: within a page, to another page on a slow line, and back and forward again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.site.lab_pages import know_links

pytestmark = pytest.mark.drawn(4)

STAGE = "articles/10-fine-tuning/"
KEEP = "document.querySelector('article').kept = true"
KEPT = "document.querySelector('article').kept === true"
TOP = "(id) => document.getElementById(id).getBoundingClientRect().top"
DEBOUNCE = 250  # milliseconds; the theme notes a scroll in the history 100 ms after the last one


def follow(page, href: str) -> None:
    """Click a link that is made for it, in the middle of the window, over any card that is open there."""
    page.evaluate(
        """href => { document.getElementById('jump')?.remove();
        document.querySelector('article').insertAdjacentHTML('beforeend', `<a id="jump" href="${href}">jump</a>`);
        const place = {position: 'fixed', top: '50%', left: '50%', zIndex: 99};
        Object.assign(document.getElementById('jump').style, place); }""",
        href,
    )
    page.locator("#jump").click()


def wait_at_top(page, anchor: str) -> None:
    """Until what the address points to stands at the top of the window, below the header, and stays there."""
    page.wait_for_function(
        """id => { const place = document.getElementById(id)?.getBoundingClientRect().top ?? -1;
        const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 1;
        window.still = place >= 0 && place < (end ? innerHeight : 200) ? (window.still ?? 0) + 1 : 0;
        return window.still > 5; }""",
        arg=anchor,
        timeout=20_000,
    )


@pytest.mark.parametrize("known", [True, False], ids=["theme", "browser"])
def test_a_jump_within_a_page_keeps_the_page_and_works_twice(visit, known: bool) -> None:
    page = visit("articles/10-fine-tuning/data-and-tooling/", labs=False)
    if known:
        know_links(page)
    page.evaluate(KEEP)
    cite = page.locator("[data-owner=cite]").first
    for _ in range(2):
        cite.click()
        page.wait_for_url("**#source-*")
        expect(page.locator(f"li{page.evaluate('location.hash')}")).to_be_in_viewport()
        assert page.evaluate(KEPT)
        page.evaluate("scrollTo(0, 0)")
    assert page.complaints == []


def test_a_jump_within_a_labs_page_keeps_its_settings_in_the_address(visit) -> None:
    page = visit("labs/lora/", labs=False)
    know_links(page)
    page.evaluate(KEEP)
    page.evaluate("history.replaceState(history.state, '', '?rank=4')")  # what the lab does when a slider moves
    page.locator(".lab-aside[data-opens=toc] summary").click()
    page.locator(".md-nav--secondary a:visible").last.click()
    page.wait_for_function("location.hash !== ''")
    assert page.evaluate("location.search") == "?rank=4"
    wait_at_top(page, page.evaluate("location.hash.slice(1)"))
    assert page.evaluate(KEPT)


def read_on_while_it_loads(visit, address: str):
    """The page of contributing, reached over a slow line by a reader who scrolls on meanwhile."""
    page = visit("", labs=False)
    know_links(page)
    waiting = []
    page.route("**/reference/contributing/", lambda route: waiting.append(route))
    follow(page, address)
    page.mouse.wheel(0, 700)
    page.wait_for_function("scrollY > 0")
    page.wait_for_timeout(DEBOUNCE)
    for route in waiting:
        route.continue_()
    page.wait_for_selector("#add-a-page")
    return page


def test_on_a_slow_line_a_jump_to_another_page_ends_at_its_place(visit, site_url) -> None:
    page = read_on_while_it_loads(visit, f"{site_url}reference/contributing/#add-a-page")
    wait_at_top(page, "add-a-page")


def test_on_a_slow_line_another_page_opens_at_its_top(visit, site_url) -> None:
    page = read_on_while_it_loads(visit, f"{site_url}reference/contributing/")
    page.wait_for_timeout(DEBOUNCE)
    assert page.evaluate("scrollY") == 0


def test_back_and_forward_within_a_page_return_to_the_places(visit, site_url) -> None:
    page = visit("", labs=False)
    know_links(page)
    follow(page, f"{site_url}reference/contributing/")  # from here on the theme restores places, not the browser
    page.wait_for_selector("#add-a-page")
    page.evaluate(KEEP)
    for anchor in ("add-a-page", "add-a-lab"):
        page.locator(f".md-nav--secondary a[href$='#{anchor}']").last.click()
        wait_at_top(page, anchor)
        page.wait_for_timeout(DEBOUNCE)
    page.go_back()
    wait_at_top(page, "add-a-page")
    page.go_forward()
    wait_at_top(page, "add-a-lab")
    assert page.evaluate(KEPT)


def test_back_to_a_long_page_returns_to_the_place_that_was_left(visit, site_url) -> None:
    page = visit("reference/contributing/", labs=False)
    know_links(page)
    for anchor in ("add-a-method", "add-a-lab", "add-a-page", "style"):  # listings get their true heights on the way
        page.evaluate("id => document.getElementById(id).scrollIntoView()", anchor)
        page.wait_for_timeout(100)
    page.evaluate("document.getElementById('add-a-page').scrollIntoView()")
    page.wait_for_timeout(DEBOUNCE)
    left = page.evaluate(TOP, "add-a-page")
    follow(page, f"{site_url}reference/notation/")
    page.wait_for_selector("h1:has-text('Notation')")
    page.go_back()
    page.wait_for_selector("#add-a-page")
    page.wait_for_timeout(DEBOUNCE)
    assert page.evaluate(TOP, "add-a-page") == pytest.approx(left, abs=40)


@pytest.mark.few(1)
@pytest.mark.parametrize("anchor", ["add-a-method", "add-a-page", "style"])
def test_a_page_opened_at_a_place_stays_there(visit, anchor: str) -> None:
    page = visit(f"reference/contributing/#{anchor}", labs=False)
    wait_at_top(page, anchor)
    page.wait_for_timeout(DEBOUNCE)
    wait_at_top(page, anchor)
