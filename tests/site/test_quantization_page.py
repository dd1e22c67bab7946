"""The Quantization Lab in the page: by keyboard, equal to a plain recomputation, hostile pastes, challenges."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labs_py import api
from tests.site.lab_pages import BOOT, READY, SHOWN

pytestmark = pytest.mark.drawn(3)

PAGE = "labs/quantization/"


def _value(page, name):
    return float(page.get_attribute(f"[data-output={name}]", "data-value"))


def _open(lab_page, query=""):
    return lab_page(PAGE + query)


def test_the_bits_slider_moves_by_keyboard_and_equals_native(lab_page):
    page = _open(lab_page)
    page.focus("input[type=range][name=bits]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{READY} && {SHOWN}.bits === 5", timeout=BOOT)
    expected = api.last_frame("quantization", {"bits": 5})["scalars"]
    for name in ("rmse", "snr_db", "max_error", "output_error", "bits_per_weight", "bytes_7b"):
        assert _value(page, name) == pytest.approx(expected[name]["value"], rel=1e-9), name
    assert not page.complaints


def test_unseen_parameters_equal_a_plain_recomputation(lab_page):
    page = _open(lab_page, "?weights=gaussian&seed=4711&bits=3&scheme=affine&granularity=row&repair_rank=5")
    page.wait_for_function(f"{READY} && {SHOWN}.seed === 4711", timeout=BOOT)
    matrix = np.random.default_rng(4711).normal(0, 0.02, (384, 384))
    low = matrix.min(axis=1, keepdims=True)
    step = (matrix.max(axis=1, keepdims=True) - low) / 7
    lost = matrix - (np.round((matrix - low) / step) * step + low)
    values = np.linalg.svd(lost, compute_uv=False)
    largest = np.abs(matrix).max()
    assert abs(_value(page, "rmse_quantised") - np.sqrt((lost**2).mean())) <= 1e-9 * largest
    assert abs(_value(page, "rmse") - np.linalg.norm(values[5:]) / 384) <= 1e-9 * largest
    assert abs(_value(page, "bits_per_weight") - (3 + 64 / 384)) <= 1e-9


def test_a_hostile_paste_is_a_sentence_and_the_lab_lives_on(lab_page):
    page = _open(lab_page)
    page.select_option("select[name=weights]", "pasted")
    area = page.locator("textarea[name=pasted]")
    for text, words in (("1 2 three 4 5 6 7 8 9", "is not a number"), ("1 2 3 nan 5 6 7 8", "not a finite number")):
        area.fill(text)
        area.blur()
        page.locator("lab-view").filter(has_text=words).wait_for(timeout=BOOT)
    page.evaluate(
        "() => { const area = document.querySelector('textarea[name=pasted]'); area.value = '1 '.repeat(5e6);"
        " for (const kind of ['input', 'change']) area.dispatchEvent(new Event(kind, {bubbles: true})); }"
    )
    page.locator("lab-view").filter(has_text="characters").wait_for(timeout=BOOT)
    page.select_option("select[name=weights]", "minilm-calm")
    page.wait_for_function(f"{READY} && {SHOWN}.weights === 'minilm-calm'", timeout=BOOT)
    assert _value(page, "largest_weight") == pytest.approx(0.386, abs=0.001)


def test_the_live_fit_falls_to_the_floor(lab_page):
    page = _open(lab_page)
    page.click("[data-action=run]")
    page.locator("[data-chart=fit] svg[role=img]").wait_for(timeout=BOOT)
    page.wait_for_function(
        f"{READY} && document.querySelector('[data-chart=fit] svg[role=img] .lab-line')", timeout=BOOT
    )
    assert page.locator("[data-chart=spectrum] svg[role=img] .lab-line").count() == 1


def test_a_wrong_answer_names_the_mistake_and_a_right_one_is_kept(lab_page):
    page = _open(lab_page)
    item = page.locator("[data-challenge=true-bits]")
    words = item.locator("[data-part=prompt]").inner_text()
    bits = int(words.split("stored in ")[1].split("-bit")[0])
    group = int(words.split("groups of ")[1].split(",")[0])
    scale = int(words.split("with a ")[1].split("-bit")[0])
    truth = bits + scale / group * (2 if "smallest" in words else 1)
    for answer, result, said in ((bits, "wrong", "codes only"), (truth, "right", "Yes")):
        item.locator("[data-answer]").fill(f"{answer:.5f}")
        item.get_by_role("button", name="Check").click()
        page.wait_for_selector(f"[data-challenge=true-bits][data-result={result}]", timeout=BOOT)
        item.get_by_role("status").filter(has_text=said).wait_for(timeout=BOOT)


def test_the_prose_and_the_first_frame_stand_without_scripts(visit):
    page = visit(PAGE, java_script_enabled=False)
    frame = api.last_frame("quantization")["scalars"]
    assert "Why is 4-bit free here?" in page.inner_text("article")
    assert _value(page, "rmse") == pytest.approx(frame["rmse"]["value"], rel=1e-9)
    assert page.locator("[data-chart=histogram] svg[role=img]").count() == 1
    assert json.loads(page.get_attribute("lab-view", "data-params"))["bits"] == 4


def test_the_outlier_is_left_out_by_a_press_on_it_and_comes_back_by_undo(lab_page):
    """By mouse, by keyboard, and back."""
    page = _open(lab_page, "?granularity=tensor")
    page.wait_for_function(f"{READY} && {SHOWN}.granularity === 'tensor'", timeout=BOOT)
    first = _value(page, "largest_weight")
    point = page.locator("[data-chart=histogram] .lab-point")
    mark = page.locator("[data-chart=histogram] .lab-dots path").bounding_box()
    at = point.bounding_box()
    assert abs(at["x"] + at["width"] / 2 - mark["x"] - mark["width"] / 2) < 3 and at["width"] >= 24
    point.click()
    page.wait_for_function(f"{READY} && {SHOWN}.left_out === 1", timeout=BOOT)
    second = _value(page, "largest_weight")
    point.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{READY} && {SHOWN}.left_out === 2", timeout=BOOT)
    assert first > second > _value(page, "largest_weight")
    for left in (1, 0):
        page.click("[data-action=undo]")
        page.wait_for_function(f"{READY} && {SHOWN}.left_out === {left}", timeout=BOOT)
    assert _value(page, "largest_weight") == first and not page.complaints
