"""The evidence tool in the page: by keyboard, pasted results equal scipy, hostile text, no scripts."""

from __future__ import annotations

import pytest
from scipy import stats

from tests.site.lab_pages import BOOT, READY, VALUE


@pytest.fixture
def lab(lab_page):
    page = lab_page("labs/evidence/")
    return page


def test_pasted_results_equal_scipy_and_hostile_text_is_a_sentence(lab):
    lab.fill("textarea[name=results]", "\n".join(["0 1"] * 21 + ["1 0"] * 8 + ["1 1"] * 30))
    lab.wait_for_function(f"({VALUE})('gained') === 21 && {READY}", timeout=BOOT)
    assert lab.evaluate(VALUE, "p_value") == pytest.approx(stats.binomtest(21, 29).pvalue)
    lab.fill("textarea[name=results]", "<img src=x onerror=alert(1)>\n1 1\n0 1")
    lab.wait_for_function(f"({VALUE})('items') === 2 && {READY}", timeout=BOOT)
    assert "Line 1" in lab.inner_text("lab-view") and not lab.complaints


def test_the_slider_moves_by_keyboard(lab):
    lab.focus("input[type=range][name=gain]")
    lab.keyboard.press("ArrowRight")
    lab.wait_for_function("JSON.parse(document.querySelector('lab-view').dataset.params).gain === 3.5", timeout=BOOT)
    assert lab.evaluate(VALUE, "needed_items") < 1362


def test_without_scripts_the_first_frame_stands(visit):
    page = visit("labs/evidence/", java_script_enabled=False)
    assert page.locator("[data-chart=power] .lab-svg").count() == 1
    assert page.get_attribute("[data-output=needed_items]", "data-value").startswith("1362")
