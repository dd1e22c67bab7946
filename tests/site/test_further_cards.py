"""A further number of a run, or mention of a source, gets its card when it is asked for, from the page's own lists."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page


def without_card(page: Page, kind: str) -> Locator:
    """The first of a kind that has no card in the page, marked, since it will have one."""
    page.locator(f"{kind}:not(:has(+ .s10-card))").first.evaluate("one => { one.dataset.tried = ''; }")
    return page.locator("[data-tried]")


@pytest.mark.parametrize("way", ["hover", "focus"])
def test_a_further_number_tells_of_its_run(tour, way: str):
    page = tour("reference/methods/")
    number = without_card(page, "[data-owner=measured][aria-describedby]")
    {"hover": number.hover, "focus": number.focus}[way]()
    card = number.locator("xpath=following-sibling::*[contains(@class, 's10-card')]")
    card.wait_for()
    said = card.inner_text()
    assert said.startswith(f"{number.inner_text()}, measured\nMeaning")
    order = ("Meaning", "Command\npython -m training", "Hardware", "Value")
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)
    assert page.complaints == []


def test_a_further_mention_of_a_source_tells_of_its_own_place(tour):
    page = tour("articles/10-fine-tuning/lora-and-qlora/")
    mention = without_card(page, "[data-owner=cite]")
    place = mention.get_attribute("aria-label").split(", ", 1)[1]
    mention.hover()
    card = mention.locator("xpath=following-sibling::*[contains(@class, 's10-card')]")
    card.wait_for()
    assert f"Place\n{place}\nBy\n" in card.inner_text()
    assert card.locator("a[href^=https]").count() == 1
    assert page.complaints == []
