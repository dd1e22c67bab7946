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
NEXT = "a[rel=next].s10-way__link"


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


def test_the_ladder_is_walked_by_keyboard(visit) -> None:
    """From the first rung to the end by Tab and Enter; the keys begin at the page's end, where Next stands."""
    groups = {group.key: [one for one in group.pages if one.ready] for group in registry.load(ROOT / "docs")}
    way = [entry.address for entry in (*groups["ladder"], *groups["prove"])]
    page = visit(way[0], labs=False)
    know_links(page)
    for address in way[1:]:
        for _ in range(200):
            page.keyboard.press("Shift+Tab")
            if page.evaluate(f"document.activeElement.matches('{NEXT}')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[data-page='{address}']", state="attached")
    assert page.locator(NEXT).count() == 0
    assert page.complaints == []
