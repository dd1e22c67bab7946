"""The front page and the way through the ladder: what to press, what comes next, what has been done."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import registry  # noqa: E402

pytestmark = pytest.mark.drawn(3)

LADDER = next(group for group in registry.load(ROOT / "docs") if group.key == "ladder")
FIRST, *_, LAST = [entry for entry in LADDER.pages if entry.ready]
SIZES = [(1440, 900), (390, 844)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_first_screen_says_what_it_is_and_what_to_press(visit, width: int, height: int) -> None:
    page = visit("", labs=False, viewport={"width": width, "height": height}, reduced_motion="reduce")
    for seen in (
        "h1",
        "rank-cut svg",
        "rank-cut input",
        ".s10-press >> nth=0",
        ".s10-press >> nth=1",
        ".s10-who li >> nth=2",
    ):
        box = page.locator(seen).bounding_box()
        assert box and box["y"] + box["height"] <= height, seen
    assert "prove that it got better" in page.inner_text("h1")
    assert page.locator(".s10-page-card").count() == 0


@pytest.mark.parametrize("width", [1440, 1280])
def test_the_spectrum_is_as_high_as_what_stands_beside_it(visit, width: int) -> None:
    page = visit("", labs=False, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    cut, beside = (page.locator(part).bounding_box() for part in ("rank-cut", ".s10-front__do"))
    assert cut["y"] + cut["height"] == pytest.approx(beside["y"] + beside["height"], abs=2)


def test_what_is_said_of_the_bars_holds_in_both_schemes(visit) -> None:
    """A bar that is dark on paper is bright at night: words for a shade are wrong in one of them."""
    page = visit("", labs=False)
    assert not re.search(r"\b(dark|light|bright|pale|black|white)", page.inner_text("rank-cut"))


def test_the_spectrum_follows_the_keys_and_agrees_with_the_lab(visit) -> None:
    page = visit("", labs=False, reduced_motion="reduce")
    slider = page.locator("rank-cut input")
    page.wait_for_selector("rank-cut[data-rank]")
    slider.focus()
    before = page.inner_text("[data-part=kept]")
    page.keyboard.press("ArrowRight")
    assert page.locator("rank-cut rect.kept").count() == int(slider.input_value()) == 9
    assert page.inner_text("[data-part=kept]") != before
    page.keyboard.press("End")
    assert page.inner_text("[data-part=kept]") == "100%"


def test_it_moves_once_by_itself_and_rests_where_it_was_painted(visit) -> None:
    page = visit("")
    page.wait_for_function("document.querySelector('rank-cut').dataset.rank === '3'")
    page.wait_for_function("document.querySelector('rank-cut').dataset.rank === '8'")


def test_next_leads_through_the_ladder_to_the_exercise_and_the_checklist(visit, site_url) -> None:
    page = visit(FIRST.address, labs=False)
    seen = [page.url]
    for _ in range(len(LADDER.pages) + 1):
        link = page.locator("a[rel=next].s10-way__link")
        left = link.evaluate("link => link.href")
        link.click()
        # the address changes before the page does
        page.wait_for_function("left => document.querySelector('a[rel=next].s10-way__link')?.href !== left", arg=left)
        seen.append(page.url.split("#")[0])
    addresses = [entry.address for entry in LADDER.pages if entry.ready]
    assert [url.removeprefix(site_url) for url in seen] == [*addresses, "exercise/", "checklist/"]
    assert page.locator("a[rel=next].s10-way__link").count() == 0
    assert page.locator("h2:has-text('You have finished')").count() == 1


def test_the_record_ticks_a_rung_and_says_where_to_go_on(visit) -> None:
    page = visit(FIRST.address, labs=False)
    options = page.locator(".s10-question >> nth=0").locator(".s10-option >> nth=0").locator("summary")
    options.click()
    page.goto(page.url.replace(FIRST.address, ""))
    page.wait_for_selector("[data-part=continue]:not([hidden])")
    assert FIRST.title in page.inner_text("[data-part=continue]") and "question 2" in page.inner_text(
        "[data-part=continue]"
    )
    assert page.inner_text(".s10-done") == "0 of 7"


def test_serving_does_not_lead_into_the_notation(visit, site_url) -> None:
    page = visit("articles/13-serving/", labs=False)
    assert "notation" not in (page.locator("a[rel=next].s10-way__link").get_attribute("href") or "")
