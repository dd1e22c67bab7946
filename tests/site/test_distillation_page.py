"""The Distillation Lab in the page: by keyboard, equal to a plain recomputation, live training, challenges."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from labs_py import api
from tests.site.lab_pages import BOOT, READY, SHOWN

pytestmark = pytest.mark.drawn(4)

PAGE = "labs/distillation/"


def _value(page, name):
    return float(page.get_attribute(f"[data-output={name}]", "data-value"))


def _open(lab_page, query=""):
    return lab_page(PAGE + query)


def test_the_temperature_moves_by_keyboard_and_equals_native(lab_page):
    page = _open(lab_page)
    page.focus("input[type=range][name=temperature]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{READY} && {SHOWN}.temperature === 2.25", timeout=BOOT)
    expected = api.last_frame("distillation", {"temperature": 2.25})["scalars"]
    for name in ("kl", "cross_entropy", "teacher_entropy", "student_entropy", "gradient_norm"):
        assert _value(page, name) == pytest.approx(expected[name]["value"], rel=1e-9), name
    assert not page.complaints


def test_unseen_parameters_equal_a_plain_recomputation(lab_page, root: Path):
    page = _open(lab_page, "?teacher=smollm2&prompt=9&temperature=1.75&alpha=0.4&start=unigram&divergence=reverse")
    page.wait_for_function(f"{READY} && {SHOWN}.prompt === 9", timeout=BOOT)
    table = json.loads((root / "docs/data/labs/files/smollm2_next_token_logits.json").read_text())
    top = table["prompts"][8]["top"]
    teacher, student = np.array(top["logits"][:64]), -np.log(np.array(top["ids"][:64]) + 1.0)
    p, q, hard = (np.exp(z - np.logaddexp.reduce(z)) for z in (teacher / 1.75, student / 1.75, student))
    reverse = (q * np.log(q / p)).sum()
    assert _value(page, "kl") == pytest.approx((p * np.log(p / q)).sum(), rel=1e-9)
    assert _value(page, "divergence_now") == pytest.approx(reverse, rel=1e-9)
    assert _value(page, "loss_now") == pytest.approx(0.4 * 1.75**2 * reverse - 0.6 * math.log(hard[0]), rel=1e-9)


def test_training_falls_and_the_lab_answers_after_stop(lab_page):
    page = _open(lab_page, "?steps=400")
    before = _value(page, "loss_now")
    page.click("[data-action=run]")
    page.wait_for_function(
        f"Number(document.querySelector('[data-output=loss_now]').dataset.value) < {before / 2}", timeout=BOOT
    )
    page.locator("[data-chart=curve] svg[role=img] .lab-line").first.wait_for(timeout=BOOT)
    stop = page.locator("[data-action=stop]")
    stop.evaluate("button => button.click()")  # the run may be over by now: a disabled button then ignores it
    page.wait_for_function(READY, timeout=BOOT)
    assert not page.complaints


def test_the_held_out_difference_is_shown_after_a_run(lab_page):
    page = _open(lab_page)
    page.click("[data-action=run]")
    page.wait_for_function(
        f"{READY} && document.querySelector('[data-output=heldout_kl_soft]')?.dataset.value > 0", timeout=BOOT
    )
    assert _value(page, "heldout_kl_soft") < _value(page, "heldout_kl_hard_best") < _value(page, "heldout_kl_hard")


def test_a_prompt_that_a_teacher_lacks_is_a_sentence(lab_page):
    page = _open(lab_page, "?prompt=11")
    page.locator("lab-view").filter(has_text="first five prompts only").wait_for(timeout=BOOT)


def test_a_wrong_answer_names_the_mistake_and_a_right_one_is_kept(lab_page):
    page = _open(lab_page)
    item = page.locator("[data-challenge=t-squared]")
    t = float(item.locator("[data-part=prompt]").inner_text().split("T = ")[1].split(" ")[0])
    for answer, result, said in ((t, "wrong", "chain rule"), (t * t, "right", "Yes")):
        item.locator("[data-answer]").fill(f"{answer:.5f}")
        item.get_by_role("button", name="Check").click()
        page.wait_for_selector(f"[data-challenge=t-squared][data-result={result}]", timeout=BOOT)
        item.get_by_role("status").filter(has_text=said).wait_for(timeout=BOOT)


def test_the_prose_and_the_first_frame_stand_without_scripts(visit):
    page = visit(PAGE, java_script_enabled=False)
    text = page.inner_text("article")
    assert "Polo Club of Data Science" in text and "What soft labels carry" in text
    assert _value(page, "kl") == pytest.approx(api.last_frame("distillation")["scalars"]["kl"]["value"], rel=1e-9)
    assert page.locator("[data-chart=words] svg[role=img]").count() == 1
