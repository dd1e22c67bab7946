"""A reader at an address that is none, and a reader who looks for a word in the glossary."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


def test_a_missing_page_offers_the_search_and_five_links(visit: Callable[..., Page], site_url: str) -> None:
    page = visit("no/such/page/")
    assert page.locator("main li a").count() == 5
    addresses = page.locator("main li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for address in addresses:
        answer = page.request.get(f"{site_url}{address.strip('/')}")
        assert answer.ok, address
    # The page's own addresses stand on site_url; here the site lies elsewhere, so the form is sent to where it lies.
    page.evaluate("root => document.querySelector('form').action = root", site_url)
    page.locator("input[name=q]").fill("learning rate")
    page.locator("form button").click()
    page.wait_for_url("**/?q=learning+rate")
    best = page.locator(".md-search-result [data-md-score]").first
    best.wait_for()
    assert "supervised-fine-tuning" in page.locator(".md-search-result a").first.get_attribute("href")


def test_the_glossarys_filter_and_letters_find_a_word(visit: Callable[..., Page]) -> None:
    page = visit("reference/glossary/")
    terms = page.locator("[data-glossary] dt")
    every = terms.count()
    page.locator("[data-glossary-filter]").fill("bradley")
    page.wait_for_function("() => document.querySelector('[data-glossary-count]').textContent.startsWith('1 of')")
    assert [term.inner_text() for term in terms.all() if term.is_visible()] == ["Bradley-Terry model"]
    page.locator("[data-glossary-filter]").fill("")
    page.wait_for_function("() => document.querySelector('[data-glossary-count]').textContent === ''")
    assert sum(term.is_visible() for term in terms.all()) == every
    page.locator(".s10-letters a", has_text="L").click()
    page.wait_for_url("**/#term-lora")
    assert page.locator("#term-lora").evaluate("term => term.getBoundingClientRect().top") < 300
    assert page.locator("#term-loss-mask + dd .s10-taught a").count() == 2


def test_the_glossary_reads_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit("reference/glossary/", java_script_enabled=False)
    assert not page.locator("[data-glossary-filter]").is_visible()
    assert page.locator(".s10-letters").is_visible() and page.locator("#term-lora").is_visible()
