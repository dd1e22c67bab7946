"""A lab by keys, at twice the size, and what its selects, matrices and live region show."""

from __future__ import annotations

import pytest
from site_axe import still, violations

from tests.effort import EFFORT
from tests.site.lab_pages import BOOT, LAB_PAGES, READY

pytestmark = pytest.mark.drawn(4)

LABS = sorted(LAB_PAGES)
SOME_LABS = EFFORT.some(LABS, 4)

# Height of what stays at the top of the screen, whatever is scrolled: of the fixed and of the sticky that stick.
STAYS = """() => {
  const stays = (e) => {
    for (let node = e; node && node !== document.body; node = node.parentElement) {
      if (['fixed', 'sticky'].includes(getComputedStyle(node).position)) return true;
    }
    return false;
  };
  let rows = 0;
  for (let y = 1; y < innerHeight; y += 4) rows += stays(document.elementFromPoint(innerWidth / 2, y)) ? 4 : 0;
  return rows / innerHeight;
}"""
# Each option of a select: whether it is wider than the select, and what stands below the select once it is chosen.
ARROW = 12  # pixels by which the room beside a select's arrow is not known
OPTIONS = """() => [...document.querySelectorAll('lab-view [data-region=rail] select')].flatMap((select) => {
  const style = getComputedStyle(select);
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16; // the arrow
  return [...select.options].map((o) => [select.name, o.value, o.text, pen.measureText(o.text).width - room]);
})"""
BELOW = """([name, value]) => {
  const select = document.querySelector(`lab-view [data-region=rail] select[name="${name}"]`);
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  const style = getComputedStyle(select.closest('[data-param]'), '::after');
  return style.display === 'none' ? '' : style.content;
}"""


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_at_twice_the_size_what_stays_takes_at_most_a_quarter_of_the_height(visit, slug):
    page = visit(LAB_PAGES[slug], labs=False, viewport={"width": 720, "height": 450}, device_scale_factor=2)
    for place in (0, 300, 700, 1500):
        page.evaluate("(y) => scrollTo({ top: y, behavior: 'instant' })", place)
        still(page)
        assert page.evaluate(STAYS) <= 0.25, f"{slug} at {place}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_skip_links_lead_into_the_controls_the_drawer_and_the_lesson(visit, slug):
    page = visit(LAB_PAGES[slug], labs=False, viewport={"width": 1440, "height": 900})
    page.wait_for_selector("lab-view.is-awake")
    stops = 0
    while page.evaluate("document.activeElement.closest('.lab-skips') === null"):
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 12, "the skip links come too late"
    for nth, region in enumerate(("rail", "drawer", "lesson")):
        link = page.locator(".lab-skips a").nth(nth)
        link.focus()
        assert page.evaluate("document.activeElement.getBoundingClientRect().width > 40"), "it can be seen"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        if region == "lesson":
            lab, now = "document.querySelector('lab-view')", "document.activeElement"
            assert page.evaluate(f"{lab}.compareDocumentPosition({now}) === Node.DOCUMENT_POSITION_FOLLOWING")
        else:
            assert page.evaluate("document.activeElement.closest('[data-region]')?.dataset.region") == region, region


@pytest.mark.parametrize("slug", LABS)
def test_buttons_of_one_caption_have_names_of_their_own(tour, slug):
    page = tour(LAB_PAGES[slug])
    names = page.locator("lab-view form button:not([data-action])").evaluate_all("all => all.map((b) => b.textContent)")
    assert len(set(names)) == len(names)


def test_a_dragged_slider_is_announced_once_it_rests(visit):
    page = visit(LAB_PAGES["lora"])
    page.wait_for_function(READY, timeout=BOOT)
    page.evaluate("""() => {
      globalThis.said = [];
      new MutationObserver(() => said.push(document.querySelector('[data-part=status]').textContent)).observe(
        document.querySelector('[data-part=status]'), { childList: true, characterData: true, subtree: true });
    }""")
    slider = page.locator("input[type=range][name=rank]")
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 40, middle)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + 40 + 3 * step, middle)
        page.wait_for_timeout(15)
    during = page.evaluate("said.length")
    page.mouse.up()
    page.wait_for_function("said.length > 0", timeout=BOOT)
    assert during <= 1


def test_a_dragged_slider_draws_what_is_in_sight_and_the_rest_once_it_rests(visit):
    page = visit(LAB_PAGES["quantization"], viewport={"width": 1440, "height": 900})
    page.wait_for_function(READY, timeout=BOOT)
    page.wait_for_function("document.querySelector('lab-view').inSight?.has('histogram')", timeout=BOOT)
    page.evaluate("""() => {
      const lab = document.querySelector('lab-view');
      globalThis.isDrawn = (name) => lab.frame.texts[`summary:${name}`] ===
        lab.querySelector(`[data-chart=${name}] [data-part=summary]`).textContent;
      globalThis.drawn = [];
      lab.addEventListener('lab-frame', () => drawn.push([isDrawn('histogram'), isDrawn('sweep')]));
    }""")
    slider = page.locator("input[type=range][name=bits]")
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.4 * box["width"], middle)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + (0.4 + 0.02 * step) * box["width"], middle)
        page.wait_for_timeout(15)
    page.mouse.up()
    page.wait_for_function("drawn.length > 0 && isDrawn('sweep') && isDrawn('histogram')", timeout=BOOT)
    page.wait_for_function(READY, timeout=BOOT)
    seen, hidden = zip(*page.evaluate("drawn"), strict=True)
    assert all(seen) and not all(hidden)


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_selects_show_their_whole_text_and_repeat_below_what_they_cut(tour, slug):
    page = tour(LAB_PAGES[slug])
    for width, height in ((1440, 900), (1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        for name, value, text, over in page.evaluate(OPTIONS):
            below = page.evaluate(BELOW, [name, value])
            if over > 1:
                assert text in below, f"{slug} at {width}"
            elif over < -ARROW:
                assert text not in below, f"{slug} at {width}: it fits"


def test_the_three_matrices_stand_in_one_row_of_equal_size(tour):
    page = tour(LAB_PAGES["lora"])
    for width, height in ((1440, 900), (1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        boxes = [
            page.locator(f"[data-chart={name}] .lab-svg").bounding_box() for name in ("update", "product", "residual")
        ]
        assert len({round(b["y"]) for b in boxes}) == 1 and len({round(b["width"]) for b in boxes}) == 1


@pytest.mark.few(3)
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", LABS)
def test_axe_finds_nothing_in_a_lab_that_is_awake(tour, slug, scheme, width):
    page = tour(LAB_PAGES[slug], color_scheme=scheme, viewport={"width": width, "height": 900})
    page.wait_for_selector("lab-view.is-awake", state="attached")
    still(page)
    assert violations(page) == []
