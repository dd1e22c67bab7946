"""The LoRA Lab in the page: reached and moved by keyboard alone, equal to LAPACK, its challenges and training."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labs_py import api
from labs_py.labs.lora import decomposition
from tests.site.lab_pages import BOOT, READY, SHOWN

pytestmark = pytest.mark.drawn(3)


def _tab_to(page, condition, limit=250):
    """Press Tab until ``condition``, a JavaScript expression on the focused ``element``, holds."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate(f"(element => Boolean({condition}))(document.activeElement)"):
            return
    raise AssertionError(f"no {limit} Tabs lead to: {condition}")


def _value(page, name):
    return float(page.get_attribute(f"[data-output={name}]", "data-value"))


def test_from_the_landing_page_to_a_moved_rank_by_keyboard_alone(visit):
    page = visit("")
    _tab_to(page, "element.tagName === 'A' && element.href.endsWith('/labs/lora/') && element.offsetParent")
    page.keyboard.press("Enter")
    page.wait_for_selector("lab-view[data-params]", timeout=BOOT)
    page.wait_for_url("**/labs/lora/")
    _tab_to(page, "element.name === 'rank' && element.type === 'range'")
    page.keyboard.press("ArrowRight")
    # The slider may come before the first decomposition: frames on the way have the rank, but not yet the values.
    page.wait_for_function(f"{READY} && {SHOWN}.rank === 9", timeout=BOOT)
    expected = api.last_frame("lora", {"rank": 9})["scalars"]["relative_error"]["value"]
    assert abs(_value(page, "relative_error") - expected) < 1e-9
    assert not page.complaints


@pytest.mark.parametrize(
    "params",
    [
        {"source": "planted", "planted_rank": 5, "noise": 0, "size": 51, "seed": 90210, "rank": 5},
        {"source": "planted", "planted_rank": 11, "noise": 0.45, "size": 70, "seed": 7, "rank": 70},
        {"source": "power_law", "decay": 0.65, "size": 64, "seed": 123, "rank": 17},
        {"source": "noise", "size": 128, "seed": 2**31 - 1, "rank": 40},
    ],
    ids=lambda p: f"{p['source']}-{p['size']}-{p['rank']}",
)
def test_the_page_says_what_lapack_says(lab_page, params):
    page = lab_page("labs/lora/?" + "&".join(f"{name}={value}" for name, value in params.items()))
    page.wait_for_function(f"{READY} && {SHOWN}.seed === {params['seed']}", timeout=BOOT)
    shown = json.loads(page.get_attribute("lab-view", "data-params"))
    update = decomposition.make_update(shown)
    values, norm, rank = np.linalg.svd(update, compute_uv=False), np.linalg.norm(update), params["rank"]
    bound = np.sqrt(np.sum(values[rank:] ** 2)) / norm
    expected = {
        "relative_error": bound,
        "eckart_young_bound": bound,
        "energy_kept": np.sum(values[:rank] ** 2) / norm**2,
        "stable_rank": norm**2 / values[0] ** 2,
        "trainable_parameters": 2 * params["size"] * rank,
    }
    for name, value in expected.items():
        assert abs(_value(page, name) - value) <= 1e-9 * max(abs(value), values[0]), name


def test_training_reaches_the_floor_and_the_bad_preset_diverges_in_words(lab_page):
    page = lab_page("labs/lora/")
    page.click("[data-action=run]")
    page.wait_for_function(
        "document.querySelector('[data-output=train_steps_done]')?.dataset.value === '300'", timeout=BOOT
    )
    assert _value(page, "train_error") < 1.01 * _value(page, "eckart_young_bound")
    assert page.locator("[data-chart=training] svg path").count() > 1
    page.get_by_role("button", name="A diverging learning rate").click()
    page.wait_for_function(f"{READY} && {SHOWN}.learning_rate === 1", timeout=BOOT)
    page.click("[data-action=run]")
    page.get_by_role("status").filter(has_text="Diverged at step").first.wait_for(timeout=BOOT)


def test_a_wrong_answer_names_the_mistake_and_a_right_one_is_kept(lab_page):
    page = lab_page("labs/lora/")
    item = page.locator("[data-challenge=energy-to-error]")
    kept = int(item.locator("[data-part=prompt]").inner_text().split("keeps ")[1].split("%")[0])
    for answer, result, words in ((1 - kept / 100, "wrong", "square root"), ((1 - kept / 100) ** 0.5, "right", "√")):
        item.locator("[data-answer]").fill(f"{answer:.3f}")
        item.get_by_role("button", name="Check").click()
        page.wait_for_selector(f"[data-challenge=energy-to-error][data-result={result}]", timeout=BOOT)
        item.get_by_role("status").filter(has_text=words).wait_for(timeout=BOOT)


def test_the_prose_and_the_first_frame_stand_without_scripts(visit):
    page = visit("labs/lora/", java_script_enabled=False)
    text = page.inner_text("article")
    frame = api.last_frame("lora")["scalars"]
    assert "No other matrix of rank" in text and "What LoRA does not do" in text
    assert abs(_value(page, "relative_error") - frame["relative_error"]["value"]) < 1e-9
    assert page.locator("[data-chart=spectrum] svg[role=img]").count() == 1
