"""Every page as a reader meets it: accessible, self-contained, reachable; on a phone, on paper, by keyboard."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import registry  # noqa: E402
from site_axe import still, violations  # noqa: E402

from tests.effort import EFFORT  # noqa: E402
from tests.site.lab_pages import know_links  # noqa: E402

pytestmark = pytest.mark.drawn(12)

ENTRIES = registry.entries(registry.load(ROOT / "docs"))
READY = [entry.address for entry in ENTRIES if entry.ready]
COMING = [entry.address for entry in ENTRIES if not entry.ready]
FRONT = ["", *READY]
LIGHT_AND_DARK = ["light", "dark"]
SEEN = [
    (address, scheme)
    for nth, address in enumerate([*FRONT, *COMING[:1], "404.html"])
    for which, scheme in enumerate(LIGHT_AND_DARK)
    if EFFORT.full or nth % 2 == which  # each page in one scheme, and each scheme on half of the pages
]


@pytest.mark.few(6)
@pytest.mark.parametrize(("address", "scheme"), SEEN)
def test_no_axe_violation_no_script_error_and_no_other_host(tour, site_url, address: str, scheme: str):
    page = tour(address, color_scheme=scheme, reduced_motion="reduce")
    still(page)
    assert violations(page) == []
    assert page.complaints == []
    host = urlsplit(site_url).netloc
    assert {urlsplit(url).netloc for url in page.requested if not url.startswith(("data:", "blob:"))} == {host}


def test_axe_would_find_a_violation(visit):
    page = visit("reference/notation/", labs=False)
    page.evaluate("document.querySelector('article').insertAdjacentHTML('beforeend', '<img src=\"x.png\">')")
    assert any(line.startswith("image-alt") for line in violations(page))


def fetched(address: str) -> str:
    """What the server answers; HTTPError when that is no page."""
    with urlopen(address) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_every_address_answers_and_so_does_its_short_form(site_url, entry):
    html = fetched(site_url + entry.address)
    assert len(re.findall(r"<h1\b", html)) == 1
    article = html.partition("<article")[2].partition("</article>")[0]
    assert ("This page is coming" in article) is not entry.ready
    if entry.short:
        short = f"{site_url}{entry.short}/"
        leads = re.search(r'<meta http-equiv="refresh" content="0; ?url=([^"]+)"', fetched(short))
        assert leads and urljoin(short, leads[1]) == site_url + entry.address


@pytest.mark.few(4)
@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.short], ids=lambda entry: entry.slug)
def test_a_short_form_leads_on_without_scripts(tour, site_url, entry):
    page = tour(entry.short + "/", java_script_enabled=False, wait_until="commit")
    page.wait_for_url(site_url + entry.address)
    assert page.locator("h1").count() == 1
    assert ("This page is coming" in page.inner_text("article")) is not entry.ready


@pytest.mark.few(10)
@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("address", FRONT)
def test_a_phone_does_not_scroll_sideways(tour, address: str, width: int):
    page = tour(address, viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    still(page)
    wide = page.evaluate("""() => [...document.querySelectorAll('article *')].filter(element => {
        const box = element.getBoundingClientRect();
        if (box.right <= innerWidth + 1 || getComputedStyle(element).position === 'fixed') return false;
        for (let up = element.parentElement; up; up = up.parentElement)
            if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
        return true;
    }).map(element => element.outerHTML.slice(0, 120))""")
    assert wide == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_formula_that_scrolls_on_a_phone_is_reached_by_keys(visit):
    page = visit("articles/10-fine-tuning/when-to-fine-tune/", labs=False, viewport={"width": 360, "height": 800})
    assert page.locator("div.s10-formula").count() == page.locator("div.s10-formula[tabindex='0']").count() > 0
    still(page)
    assert violations(page) == []


def test_the_front_page_has_everything_that_was_promised(visit):
    page = visit("", labs=False)
    text = page.inner_text("article")
    for said in ("A recorded run", "The ladder", "Am I ready?", "You are through when you can",
                 "Field reports", "The labs", "Build and ship", "See also"):  # fmt: skip
        assert said in text
    assert page.locator(".s10-rung").count() == 7
    coming = [entry.title for entry in ENTRIES if not entry.ready and entry.group != "stage"]
    linked = page.locator("article a").all_inner_texts()
    assert not set(coming) & set(linked)


def test_by_keyboard_alone_from_skip_link_to_content(visit):
    page = visit("reference/how-it-is-built/", labs=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("md-skip")
    assert page.locator(".md-skip").is_visible()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(outline) == "solid", page.evaluate("document.activeElement.outerHTML")


def test_instant_navigation_works_under_a_sub_path_and_back(visit, site_url):
    page = visit("", labs=False)
    page.evaluate("window.kept = true")
    know_links(page)
    page.click("article a:has-text('Notation')")
    page.wait_for_url(site_url + "reference/notation/")
    page.wait_for_selector("h1:has-text('Notation')")
    assert page.evaluate("window.kept") is True
    assert page.locator(".katex").first.is_visible()
    page.go_back()
    page.wait_for_selector("h1:has-text('Fine-tune a language model')")
    assert page.evaluate("window.kept") is True
    assert page.complaints == []


def test_the_logo_leads_home_without_loading_the_page_anew(visit, site_url):
    page = visit("reference/notation/", labs=False)
    page.evaluate("window.kept = true")
    know_links(page)
    page.click(".md-header .md-logo")
    page.wait_for_selector("h1:has-text('Fine-tune a language model')")
    assert page.url == site_url
    assert page.evaluate("window.kept") is True


def test_formulas_are_styled_after_instant_navigation_too(visit):
    page = visit("", labs=False)
    know_links(page)
    page.click("article a:has-text('Notation')")
    page.wait_for_selector(".katex-display")
    page.wait_for_function("getComputedStyle(document.querySelector('.katex')).fontFamily.includes('KaTeX')")


@pytest.mark.parametrize("key", ["hover", "focus", "touch"])
def test_a_number_tells_where_it_comes_from(visit, key: str):
    touch = {"has_touch": True, "viewport": {"width": 390, "height": 844}} if key == "touch" else {}
    page = visit("", labs=False, **touch)
    number = page.locator("[data-owner=computed]").first
    card = page.locator(f"#{number.get_attribute('aria-describedby')}")
    assert not card.is_visible()
    {"hover": number.hover, "focus": number.focus, "touch": number.tap}[key]()
    card.wait_for()
    assert "python -m labs_py.fact" in card.inner_text()
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    page.keyboard.press("Escape")
    assert not card.is_visible()


def test_a_citation_leads_to_its_source_and_back(visit):
    page = visit("articles/10-fine-tuning/data-and-tooling/", labs=False)
    page.locator("[data-owner=cite]").first.click()
    page.wait_for_url("**#source-*")
    entry = page.locator(f"li{page.evaluate('location.hash')}")
    expect(entry).to_be_in_viewport()  # not :target, which the theme's own navigation does not set when it is first
    assert entry.locator("a[href^='https://arxiv.org']").count() == 1
    entry.locator(".s10-sources__back").first.click()
    page.wait_for_url("**#ref-*")


def test_without_scripts_the_page_is_whole(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url)
    assert page.locator(".s10-rung").count() == 7
    assert page.locator("rank-cut rect").count() == 64  # the spectrum is drawn
    page.locator("[data-owner=computed]").first.focus()
    assert page.locator(".s10-card:visible").count() == 1
    page.locator(".s10-ledger summary").click()
    assert "full_tuning_bytes" in page.inner_text(".s10-ledger")
    context.close()


def test_paper_has_the_content_and_not_the_controls(visit):
    page = visit("", labs=False)
    page.emulate_media(media="print")
    assert not page.locator(".md-header").is_visible()
    assert not page.locator(".md-sidebar--primary").is_visible()
    assert page.locator(".s10-ladder").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".s10-ladder details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_the_reader_may_choose_the_colours(visit):
    page = visit("", labs=False, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(20, 25, 26)"
    page.locator("label[title*='switch to light']").first.click()
    page.wait_for_function(f"{background} === 'rgb(251, 250, 246)'")


def test_search_finds_a_page_but_none_that_is_coming(visit):
    page = visit("", labs=False)
    page.keyboard.press("/")
    page.keyboard.type("Bradley-Terry")
    page.wait_for_selector(".md-search-result__item >> text=Glossary")
    assert page.locator(".md-search-result__item >> text=This page is coming").count() == 0


def test_a_plain_page_is_light(visit, site_dir):
    page = visit("reference/decisions/", labs=False)
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".map(entry => [entry.name, entry.decodedBodySize])"
    )
    assert sum(size for _, size in sizes) < 700_000, sizes
    assert not [name for name, _ in sizes if "katex" in name or "pyodide" in name]


def test_a_self_check_remembers_the_first_answers(visit):
    page = visit("labs/lora/", labs=False)
    page.locator("[data-question='0'] [data-right=false] summary").first.press("Enter")
    page.wait_for_selector(".s10-quiz__tally >> text=0 of 1 right at the first try")
    page.locator("[data-question='0'] [data-right=true] summary").click()
    page.locator("[data-question='1'] [data-right=true] summary").click()
    page.wait_for_selector(".s10-quiz__tally >> text=1 of 2 right at the first try")
    page.reload()
    page.wait_for_selector(".s10-quiz__tally >> text=1 of 2 right at the first try")
    page.click("quiz-set >> text=Start again")
    assert page.evaluate("localStorage.getItem('stage10:quiz:labs/lora/')") is None


def test_a_self_check_works_with_storage_off(visit):
    off = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('off', 'SecurityError') }})"
    page = visit("articles/10-fine-tuning/when-to-fine-tune/", labs=False, init=off)
    page.locator("[data-question='0'] [data-right=true] summary").press("Enter")
    page.wait_for_selector(".s10-quiz__tally >> text=1 of 1 right at the first try")
    assert page.locator("[data-question='0'] details[open] .s10-option__why").inner_text().startswith("Right.")


def test_a_self_check_opens_by_keyboard_without_scripts(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}articles/10-fine-tuning/rlhf-dpo-grpo/")
    assert page.locator("details.s10-option").count() == 15
    why = page.locator("details.s10-option .s10-option__why").first
    assert not why.is_visible()
    page.locator("details.s10-option summary").first.press("Enter")
    assert why.is_visible()
    context.close()


def test_the_record_is_exported_imported_and_erased(visit, tmp_path):
    page = visit("checklist/", labs=False)
    page.evaluate("localStorage.setItem('stage10:quiz:x/', JSON.stringify({0: 1}))")
    with page.expect_download() as download:
        page.click("text=Export my record")
    file = tmp_path / "record.json"
    download.value.save_as(file)
    page.click("text=Erase my record")
    assert page.evaluate("localStorage.getItem('stage10:quiz:x/')") is None
    page.set_input_files("progress-panel input", file)
    page.wait_for_selector("progress-panel >> text=Imported")
    assert page.evaluate("localStorage.getItem('stage10:quiz:x/')") == '{"0":1}'
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    page.set_input_files("progress-panel input", bad)
    page.wait_for_selector("progress-panel >> text=not a record")


def test_with_storage_off_the_page_says_so_and_works(visit):
    off = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('off', 'SecurityError') }})"
    page = visit("checklist/", labs=False, init=off)
    assert "stores nothing" in page.inner_text("progress-panel")
    page.click("text=Erase my record")
    assert page.locator("h2:has-text('You have finished')").is_visible()
    page = visit("", labs=False, init=off)
    assert page.locator(".s10-rung").count() == 7
