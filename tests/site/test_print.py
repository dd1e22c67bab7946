"""On paper: no list of numbers, a lab as one figure and its text, address and date, light colours."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.drawn(3)

ARTICLE = "articles/10-fine-tuning/lora-and-qlora/"
LABS = ("labs/lora/", "labs/rlhf/", "labs/distillation/", "labs/quantization/", "labs/decide/", "labs/estimate/",
        "labs/evidence/", "labs/mask/")  # fmt: skip
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def printed(page) -> None:
    """As the page is put on paper: the theme opens all that is folded."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def test_where_the_numbers_come_from_is_printed_only_if_the_reader_opened_it(tour) -> None:
    page = tour(ARTICLE)
    printed(page)
    assert not page.locator(".s10-ledger").is_visible()
    page = tour(ARTICLE)
    page.locator(".s10-ledger summary").click()
    printed(page)
    assert page.locator(".s10-ledger td").first.is_visible()


@pytest.mark.few(3)
@pytest.mark.parametrize("address", LABS)
def test_a_lab_is_one_figure_and_its_text(tour, address: str) -> None:
    page = tour(address)
    printed(page)
    seen = "els => els.filter(e => e.checkVisibility()).length"
    assert page.locator("lab-view figure.lab-figure").evaluate_all(seen) == 1
    assert page.locator("lab-view [data-region]:not([data-region=stage])").evaluate_all(seen) == 0
    assert page.locator("article h2").evaluate_all(seen) > 0


@pytest.mark.parametrize("address", [ARTICLE, "labs/lora/"])
def test_each_sheet_has_the_address_and_the_date(tour, address: str) -> None:
    page = tour(address)
    told = page.locator("style[media=print]").first.inner_text()
    assert re.search(rf'@bottom-left\{{content:"https?://[^"]*/{address}, as of \d{{4}}-\d{{2}}-\d{{2}}"', told)
    pages = len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4")))
    assert 1 < pages <= 32  # far fewer than with the list of numbers and all of a lab


def test_the_dark_scheme_prints_light(tour) -> None:
    page = tour(ARTICLE, color_scheme="dark")
    colours = """[...document.querySelectorAll('pre code span, .lab-svg text, h2')].filter(e => e.checkVisibility())
        .map(e => { const c = getComputedStyle(e); return e.matches('text') ? c.fill : c.color })
        .filter(c => Math.min(...c.match(/[\\d.]+/g).slice(0, 3).map(Number)) > 150)"""
    assert page.evaluate("document.body.dataset.mdColorScheme") == "slate"
    printed(page)
    assert page.evaluate(BACKGROUND) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    page.wait_for_function(f"{colours}.length === 0", timeout=10_000)


def test_without_scripts_the_colours_follow_the_system(browser, site_url) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
        page = context.new_page()
        page.goto(site_url + ARTICLE)
        seen[scheme] = page.evaluate(f"[{BACKGROUND}, getComputedStyle(document.querySelector('h2')).color]")
        context.close()
    assert seen == {
        "light": ["rgb(251, 250, 246)", "rgb(29, 36, 34)"],
        "dark": ["rgb(20, 25, 26)", "rgb(227, 230, 225)"],
    }
