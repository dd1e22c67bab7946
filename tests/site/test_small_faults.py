"""Small things that a hand meets: nothing lies over words, nothing is cut, on any screen."""

from __future__ import annotations

import pytest

from tests.site.lab_pages import BOOT, LAB_PAGES, READY

ARTICLE = "articles/10-fine-tuning/lora-and-qlora/"
# Listings of which a line that can be seen runs under the button that copies it.
COVERED = """() => [...document.querySelectorAll('pre:has(.md-code__button)')].filter((pre) => {
  const [code, button] = [pre.querySelector('code'), pre.querySelector('.md-code__nav').getBoundingClientRect()];
  const seen = code.getBoundingClientRect();
  const words = document.createRange();
  words.selectNodeContents(code);
  return [...words.getClientRects()].some((line) => line.width > 0
    && Math.min(line.right, seen.right) > button.left && line.left < button.right
    && line.bottom > button.top + 1 && line.top < button.bottom - 1);
}).map((pre) => pre.textContent.trim().slice(0, 60))"""
# Links of a sidebar that its title lies over, once it has been scrolled.
UNDER = """(sidebar) => {
  const wrap = sidebar.querySelector('.md-sidebar__scrollwrap');
  wrap.scrollTop = 60;
  const named = '.md-nav__title, .md-nav--lifted > .md-nav__list > .md-nav__item--active > .md-nav__link';
  const titles = [...sidebar.querySelectorAll(named)].map((title) => title.getBoundingClientRect());
  return [...sidebar.querySelectorAll('a.md-nav__link')].filter((link) => {
    const box = link.getBoundingClientRect();
    const over = (title) => title.height && box.bottom > title.top + 2 && box.top < title.bottom - 2;
    return box.height && titles.some(over);
  }).map((link) => link.textContent.trim());
}"""
CUT = """() => [...document.querySelectorAll('lab-view [data-part=status]')].filter((line) => {
  line.textContent = 'A sentence that takes more than one line of a telephone, as what a lab says of itself may do.';
  return line.scrollHeight > line.clientHeight + 1;
}).length"""
# Rows of tiles whose titles do not stand on one line, by what they say.
STEPS = """() => { const rows = {};
  for (const tile of document.querySelectorAll('.s10-tile:has(.s10-picture)'))
    (rows[Math.round(tile.getBoundingClientRect().top)] ??= []).push(tile.querySelector('.s10-tile__title'));
  return Object.values(rows).filter((row) => new Set(row.map((title) =>
    Math.round(title.getBoundingClientRect().top))).size > 1).map((row) => row.map((title) => title.textContent)); }"""
ROWS = """(parts) => new Set([...document.querySelectorAll(parts)].map((it) => it.getBoundingClientRect().top)).size"""
OVERLAP = """() => { const [form, skip] = ['.lab-answer', '[data-action=skip]'].map((part) =>
    document.querySelector(`.lab-chip ${part}`).getBoundingClientRect());
  return Math.min(form.right, skip.right) > Math.max(form.left, skip.left) + 1
    && Math.min(form.bottom, skip.bottom) > Math.max(form.top, skip.top) + 1; }"""
# How far the first row lies below the edge of its sidebar's window, and how far that edge fades.
EDGE = """(sidebar) => { const wrap = sidebar.querySelector('.md-sidebar__scrollwrap');
  wrap.scrollTop = 0;
  const fade = getComputedStyle(wrap).maskImage.match(/^[^(]+[(]rgba[(]0, 0, 0, 0[)], rgb[(]0, 0, 0[)] ([0-9.]+)px/);
  const rows = [...sidebar.querySelectorAll('.md-nav__link, .md-nav__title')];
  const words = document.createRange();
  words.selectNodeContents(rows.find((row) => row.getClientRects().length));
  return [words.getBoundingClientRect().top - wrap.getBoundingClientRect().top, Number(fade?.[1] ?? 0)]; }"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_button_that_copies_a_listing_lies_over_no_words(tour, width: int):
    page = tour(ARTICLE, viewport={"width": width, "height": 900})
    page.wait_for_selector(".md-code__button", state="attached")
    assert page.locator("pre:has(.md-code__button)").count() > 5
    assert page.evaluate(COVERED) == []


def test_no_item_slides_under_its_sidebars_title(tour):
    page = tour(ARTICLE, viewport={"width": 1280, "height": 420})
    sidebars = page.locator(".md-sidebar:visible").all()
    assert len(sidebars) == 2
    assert [sidebar.evaluate(UNDER) for sidebar in sidebars] == [[], []]


@pytest.mark.few(3)
@pytest.mark.parametrize("slug", LAB_PAGES)
def test_what_a_lab_says_is_not_cut_to_one_line_on_a_telephone(tour, slug: str):
    page = tour(LAB_PAGES[slug], viewport={"width": 390, "height": 844})
    assert page.evaluate(CUT) == 0


@pytest.mark.parametrize(("page", "width"), [("labs/", 820), ("labs/", 1920), ("", 1440)])
def test_the_tiles_of_a_row_stand_level(tour, page: str, width: int):
    page = tour(page, viewport={"width": width, "height": 900})
    assert page.locator(".s10-tile .s10-picture").count() > 5
    assert page.evaluate(STEPS) == []


@pytest.mark.parametrize("width", [820, 1440, 1920])
def test_the_glossarys_letters_stand_in_one_row(tour, width: int):
    page = tour("reference/glossary/", viewport={"width": width, "height": 900})
    assert page.evaluate(ROWS, ".s10-letters a") == 1


@pytest.mark.few(2)
@pytest.mark.parametrize("width", [390, 470, 490, 540, 700, 820])
def test_skip_lies_over_no_answer(tour, width: int):
    for address in (LAB_PAGES["lora"], LAB_PAGES["decide"]):
        page = tour(address, viewport={"width": width, "height": 900})
        assert page.evaluate(OVERLAP) is False, address


def test_the_first_row_of_a_sidebar_fades_where_it_is_scrolled_and_is_whole_where_it_is_not(tour):
    page = tour(ARTICLE, viewport={"width": 1280, "height": 420})
    for sidebar in page.locator(".md-sidebar:visible").all():
        below, fade = sidebar.evaluate(EDGE)
        assert 10 < fade <= below + 1


def test_the_list_of_pages_is_asked_for_where_it_lies(visit, site_url):
    """Material looks for one beside each page in another language, and took a page's Markdown and the feed for such."""
    page = visit("labs/lora/", labs=False)
    page.evaluate("document.querySelector('.md-header a.md-logo, .md-header__button.md-logo').click()")
    page.wait_for_selector("[data-page='']", state="attached")
    page.go_back()
    page.wait_for_selector("[data-page='labs/lora/']", state="attached")
    page.wait_for_timeout(500)
    asked = {address for address in page.requested if "sitemap" in address}
    assert asked == {f"{site_url}sitemap.xml"}


def test_a_screen_that_is_turned_draws_its_charts_for_its_new_size(visit):
    """Before, they kept the size of the screen on which the last result came, until the next one."""
    page = visit("labs/lora/", viewport={"width": 390, "height": 844})
    page.wait_for_function(READY, timeout=BOOT)
    box = "document.querySelector('[data-chart=spectrum] svg.lab-svg').getAttribute('viewBox')"
    narrow = page.evaluate(box)
    page.wait_for_timeout(500)  # the tables behind the first result have come, so nothing else draws the charts anew
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_function(f"{box} !== {narrow!r}", timeout=10_000)
    wide = page.evaluate(box)
    page.reload()
    page.wait_for_function(READY, timeout=BOOT)
    assert page.evaluate(box) == wide
