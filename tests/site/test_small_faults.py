"""Small things that a hand meets: nothing lies over words, nothing is cut, on any screen."""

from __future__ import annotations

import pytest

from tests.site.lab_pages import LAB_PAGES

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
    return box.height && titles.some((title) => title.height && box.bottom > title.top + 2 && box.top < title.bottom - 2);
  }).map((link) => link.textContent.trim());
}"""
CUT = """() => [...document.querySelectorAll('lab-view [data-part=status]')].filter((line) => {
  line.textContent = 'A sentence that takes more than one line of a telephone, as what a lab says of itself may do.';
  return line.scrollHeight > line.clientHeight + 1;
}).length"""


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
