"""Back returns to the place that was left, within 20 px, on the longest pages; the ladder can be walked by keyboard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.site.lab_pages import know_links
from tests.site.test_jumps import DEBOUNCE, follow

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import registry  # noqa: E402

NEAR = 20
LONGEST = (
    "articles/10-fine-tuning/supervised-fine-tuning/", "articles/10-fine-tuning/lora-and-qlora/",
    "reference/contributing/", "reference/methods/", "ship/17-distillation/",
)  # fmt: skip
SAME_FOR_A_WHILE = """() => { const high = document.documentElement.scrollHeight;
    const laid = !document.querySelector('.s10-laid-out') && document.readyState === 'complete';
    window.same = laid && high === window.high ? (window.same ?? 0) + 1 : 0; window.high = high;
    return window.same > 30; }"""
MARK = """() => { const it = document.elementFromPoint(innerWidth / 2, innerHeight / 3).closest('article > *');
    return it ? [[...it.parentElement.children].indexOf(it), it.getBoundingClientRect().top] : null; }"""
AGAIN = "nth => document.querySelector('article').children[nth].getBoundingClientRect().top"
NEXT, OPENED = "a[rel=next].s10-way__link", "article details[open]"


@pytest.mark.few(2)
@pytest.mark.parametrize("address", LONGEST)
def test_back_returns_within_20_pixels(visit, site_url, address: str, effort) -> None:
    page = visit(address, labs=False)
    know_links(page)
    for share in effort.some((0.2, 0.5, 0.85), 1):
        page.wait_for_function(SAME_FOR_A_WHILE)
        page.evaluate("share => scrollTo(0, Math.round(share * document.documentElement.scrollHeight))", share)
        page.wait_for_timeout(DEBOUNCE)
        left, mark = page.evaluate("scrollY"), page.evaluate(MARK)
        follow(page, f"{site_url}checklist/")
        page.wait_for_selector("[data-page='checklist/']", state="attached")
        page.go_back()
        page.wait_for_selector(f"[data-page='{address}']", state="attached")
        page.wait_for_function(SAME_FOR_A_WHILE)
        assert abs(page.evaluate("scrollY") - left) <= NEAR, share
        if mark:
            assert abs(page.evaluate(AGAIN, mark[0]) - mark[1]) <= NEAR, share


def to_next(page, hand: str) -> None:
    """Come to the link Next as a hand does; the keys begin where they are, or at the page's end, where it stands."""
    page.wait_for_function(SAME_FOR_A_WHILE)
    if hand == "mouse":
        page.locator(NEXT).hover()
        return
    key = "Shift+Tab" if page.evaluate("document.activeElement === document.body") else "Tab"
    for _ in range(200):
        if page.evaluate(f"document.activeElement.matches('{NEXT}')"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"200 times {key} do not reach Next")


def press_next(page, hand: str, address: str) -> None:
    """Follow the link and wait for the page that it leads to."""
    if hand == "mouse":
        page.locator(NEXT).click()
    else:
        page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-page='{address}']", state="attached")


def answer_all(page, hand: str) -> None:
    """Give the right answer to each question of the page's self-check."""
    for right in page.locator(".s10-question [data-right=true] summary").all():
        if hand == "mouse":
            right.click()
        else:
            right.focus()
            page.keyboard.press("Enter")


@pytest.mark.sampled
@pytest.mark.parametrize("hand", ["mouse", "keys"])
def test_the_ladder_by_next_alone_with_back_at_each_page_ticks_and_where_to_go_on(visit, hand: str, effort) -> None:
    """Each self-check is answered on the way, each page left by Next, come back to, and left again."""
    groups = {group.key: [one for one in group.pages if one.ready] for group in registry.load(ROOT / "docs")}
    ladder, prove = groups["ladder"], groups["prove"]
    way = [*ladder, *prove][: effort.count(4, 1000)]
    rungs = [one.slug for one in ladder if not one.part_of]
    page = visit(way[0].address, labs=False)
    know_links(page)
    for this, following in zip(way, way[1:], strict=False):
        answer_all(page, hand)
        to_next(page, hand)
        page.wait_for_timeout(DEBOUNCE)
        left, opened = page.evaluate("scrollY"), page.locator(OPENED).count()
        press_next(page, hand, following.address)
        page.go_back()
        page.wait_for_selector(f"[data-page='{this.address}']", state="attached")
        page.wait_for_function(SAME_FOR_A_WHILE)
        assert page.locator(OPENED).count() == opened, this.address
        assert abs(page.evaluate("scrollY") - left) <= NEAR, this.address
        to_next(page, hand)
        press_next(page, hand, following.address)
        passed = [one.slug for one in way[: way.index(following)] if one.slug in rungs]
        assert page.inner_text(".s10-done") == f"{len(passed)} of {len(rungs)}", following.address
    if following is prove[-1]:
        assert page.locator(NEXT).count() == 0
    page.locator(".md-logo >> visible=true").first.click()
    page.wait_for_selector("[data-part=continue]:not([hidden])")
    ticked = page.locator("[data-rung][data-state=passed]").count()
    assert ticked == len(passed)
    goes_on = "the exercise" if passed == rungs else way[len(way) - 1].title
    assert goes_on in page.inner_text("[data-part=continue]")
    assert page.complaints == []
