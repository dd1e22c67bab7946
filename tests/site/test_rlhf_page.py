"""The RLHF Lab in the page: picked by mouse and by keys, kept over a reload, unmoved by hostile input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from labs_py import api
from tests.site.lab_pages import BOOT, READY, SHOWN

pytestmark = pytest.mark.drawn(4)


@pytest.fixture
def lab(lab_page):
    page = lab_page("labs/rlhf/")
    page.locator(".pick").scroll_into_view_if_needed()
    page.wait_for_function(READY, timeout=BOOT)
    return page


def picked(page, number):
    """Wait until so many picks are in the frame that is shown and nothing runs; return them."""
    page.wait_for_function(f"{READY} && ({SHOWN}.picks || []).length === {number}", timeout=BOOT)
    return json.loads(page.get_attribute("lab-view", "data-params"))["picks"]


def text(page, part):
    return page.locator(f'.pick [data-part="{part}"]').inner_text()


def test_picks_by_mouse_are_fitted_as_scikit_learn_fits_them(lab):
    for number, side in enumerate(["A", "B", "B", "skip", "A"], start=1):
        lab.locator(f'[data-pick="{side}"]').click()
        picks = picked(lab, number)
    assert [side for _, side in picks] == ["A", "B", "B", "skip", "A"]
    assert text(lab, "count") == "Pick 6 of 55"
    rows = [index for index, side in picks if side != "skip"]
    features = api.last_frame("rlhf", {}, "float64")["arrays"]["features"]
    x = features["data"].reshape(features["shape"])[rows]
    y = np.array([side == "A" for _, side in picks if side != "skip"])
    p = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-12).fit(x, y).predict_proba(x)[:, 1]
    shown = float(lab.get_attribute("[data-output=log_likelihood]", "data-value"))
    # The live run ends after 300 steps of gradient descent, close to the optimum.
    assert abs(shown - np.sum(np.log(np.where(y, p, 1 - p)))) < 1e-3
    assert not lab.complaints


def test_picks_by_keys_alone_and_the_seal_opens(lab):
    lab.locator(".pick").focus()
    assert "sealed until" in text(lab, "reveal")
    for number, key in enumerate("ab1s23", start=1):
        lab.keyboard.press(key)
        picks = picked(lab, number)
    assert [side for _, side in picks] == ["A", "B", "A", "skip", "B", "skip"]
    assert "not a label" in text(lab, "reveal")
    lab.keyboard.press("a")
    picked(lab, 7)
    assert "The seal said" in text(lab, "reveal")
    assert "of 5" in text(lab, "score")
    assert lab.evaluate("document.activeElement.classList.contains('pick')")


def test_keys_in_the_text_field_are_not_picks(lab):
    lab.locator("summary", has_text="Keep or bring").click()
    lab.locator(".pick textarea").press("a")
    lab.locator(".pick").focus()
    lab.keyboard.press("b")
    assert [side for _, side in picked(lab, 1)] == ["B"], "a pick by the first key would have been the only one"


def test_a_reload_keeps_the_picks_and_undo_and_clear_take_them_back(lab):
    for number in (1, 2, 3):
        lab.locator('[data-pick="A"]').click()
        picks = picked(lab, number)
    lab.reload()
    lab.locator(".pick").scroll_into_view_if_needed()
    assert picked(lab, 3) == picks
    assert text(lab, "count") == "Pick 4 of 55"
    lab.locator('[data-action="undo-pick"]').click()
    assert picked(lab, 2) == picks[:2]
    lab.locator('[data-action="clear-picks"]').click()
    picked(lab, 0)
    assert text(lab, "count") == "Pick 1 of 55"


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("<img src=x onerror=alert(1)>", "not valid JSON"),
        ('[[0, "A"], [99, "B"], "<b>"]', "2 of 3 picks could not be read"),
        ("[" * 19_000, "nested too deeply"),
        ("9" * 3_000_000, "at most 20,000"),
    ],
)
def test_a_hostile_paste_is_a_sentence(lab, pasted, says):
    lab.locator("summary", has_text="Keep or bring").click()
    lab.evaluate("text => { document.querySelector('.pick textarea').value = text }", pasted)
    lab.locator('[data-action="use-picks"]').click()
    lab.wait_for_function("says => document.querySelector('lab-view').innerText.includes(says)", arg=says, timeout=BOOT)
    assert not lab.locator("lab-view img").count()
    lab.locator('[data-action="clear-picks"]').click(force=True)
    lab.locator('[data-action="reset"]').click()
    lab.wait_for_function(f"{READY} && {SHOWN}.annotator === 'you'", timeout=BOOT)
    assert not lab.complaints


def test_pasted_picks_are_used(lab):
    lab.locator("summary", has_text="Keep or bring").click()
    lab.locator(".pick textarea").fill('[[3, "A"], [7, "B"], [9, "skip"]]')
    lab.locator('[data-action="use-picks"]').click()
    lab.wait_for_function(f"{READY} && document.querySelector('[data-part=count]').innerText === 'Pick 4 of 55'")
    assert float(lab.get_attribute("[data-output=labels_used]", "data-value")) == 2


def test_live_training_falls_and_ends_at_the_optimum(lab):
    lab.select_option("[name=annotator]", "hurried")
    lab.wait_for_function(f"{READY} && {SHOWN}.annotator === 'hurried'")
    exact = float(lab.get_attribute("[data-output=log_likelihood]", "data-value"))
    lab.locator('[data-action="run"]').click()
    lab.wait_for_function(f"{READY} && {SHOWN}.train === true", timeout=BOOT)
    assert abs(float(lab.get_attribute("[data-output=log_likelihood]", "data-value")) - exact) < 1e-3
    assert "300 steps of gradient descent" in lab.locator('[data-chart="loss"]').text_content()


def test_the_page_teaches_without_scripts(visit):
    page = visit("labs/rlhf/", java_script_enabled=False)
    assert page.locator(".pick").is_visible()
    assert "parcel" in text(page, "prompt")
    assert page.locator('[data-chart="optimisation"] svg[role=img]').count() == 1
    assert page.locator('[data-pick="A"]').is_disabled()
