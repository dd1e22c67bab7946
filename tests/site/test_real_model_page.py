"""The page of the real model: recorded answers without scripts, nothing fetched before a click, a model that runs."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.site.real_model_page import PAGE, part
from tests.site.site_axe import still, violations

pytestmark = pytest.mark.drawn(3)

WEIGHTS = ".bin"


def test_without_scripts_the_recorded_answers_stand_there(visit):
    page = visit(PAGE, java_script_enabled=False)
    for name in ("answer-base", "answer-tuned", "parted"):
        assert part(page, name).inner_text().strip()
    expect(part(page, "controls")).to_be_hidden()


def test_nothing_of_the_model_is_fetched_before_the_click(visit):
    page = visit(PAGE)
    expect(part(page, "fetch")).to_contain_text("MB")
    expect(part(page, "ask")).to_be_disabled()
    assert not [address for address in page.requested if address.endswith(WEIGHTS) or "pyodide" in address]
    assert page.complaints == []


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_sticks_out_sideways(visit, width):
    page = visit(PAGE, viewport={"width": width, "height": 844})
    expect(part(page, "fetch")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_site_without_the_package_says_so(visit, site_url):
    page = visit(
        PAGE,
        init="const plain = fetch; window.fetch = (address, options) => String(address).includes('parts.json')"
        ' ? Promise.resolve(new Response(\'{"missing": "no network"}\')) : plain(address, options);',
    )
    expect(part(page, "status")).to_contain_text("no network")
    expect(part(page, "fetch")).to_be_hidden()


def test_a_wrong_file_is_refused_in_a_sentence_and_can_be_asked_for_again(visit):
    page = visit(PAGE)
    expect(part(page, "fetch")).to_contain_text("MB")
    page.context.route("**/real-model/*.bin", lambda route: route.fulfill(body=b"x" * 10))
    part(page, "fetch").click()
    expect(part(page, "status")).to_contain_text("could not be fetched")
    expect(part(page, "fetch")).to_be_visible()


@pytest.mark.long
def test_the_model_answers_learns_a_row_and_gives_the_adapter_away(visit):
    """Fetched, checked, asked with the recorded question, trained for two steps, downloaded."""
    page = visit(PAGE)
    part(page, "fetch").click()
    expect(page.locator('real-model[data-state="ready"]')).to_be_visible()
    page.select_option('real-model [data-part="adapter"]', "")
    part(page, "own").fill("Name two fruits.")
    part(page, "ask").click()
    expect(part(page, "parted")).to_contain_text("the same, token by token")  # no adapter: one model twice
    assert part(page, "answer-base").inner_text() == part(page, "answer-tuned").inner_text() != ""
    part(page, "own-rows").fill("Where is bay 7? => Bay 7: north door.")
    part(page, "steps").fill("2")
    part(page, "train").click()
    expect(part(page, "loss")).to_contain_text("at step 2 of 2")
    expect(page.locator('real-model[data-state="ready"]')).to_be_visible()
    found = []
    with page.expect_download(predicate=lambda download: found.append(download) or len(found) == 2):
        part(page, "download").click()
    files = {download.suggested_filename: download.path() for download in found}
    config = json.loads(files["adapter_config.json"].read_text())
    assert config["r"] == 8 and config["base_model_name_or_path"].endswith("SmolLM2-135M-Instruct")
    assert files["adapter_model.safetensors"].stat().st_size > 1_000_000
    assert page.complaints == []


@pytest.mark.long
def test_by_keys_on_a_phone_the_answers_come_into_sight_and_the_pressed_button_keeps_its_place(visit):
    page = visit(PAGE, viewport={"width": 390, "height": 844})
    focused = "document.activeElement.dataset.part"
    expect(part(page, "fetch")).to_contain_text("MB")
    part(page, "fetch").press("Enter")
    expect(page.locator('real-model[data-state="loading"]')).to_be_visible()
    assert page.evaluate(focused) == "status"
    expect(page.locator('real-model[data-state="ready"]')).to_be_visible()
    assert page.evaluate(focused) == "next"
    part(page, "next").press("Enter")
    expect(part(page, "answer-base").locator("[title]").first).to_be_visible()
    assert page.evaluate(focused) == "stop"
    part(page, "stop").press("Enter")
    expect(page.locator('real-model[data-state="ready"]')).to_be_visible()
    assert page.evaluate(focused) == "next"
    expect(part(page, "asked")).to_be_in_viewport()
    expect(part(page, "tuned-name")).to_have_text("Orders")
    part(page, "own-rows").fill("Where is bay 7? => Bay 7: north door.")
    part(page, "mix").uncheck()
    part(page, "train").press("Enter")
    expect(part(page, "loss")).to_contain_text("at step 1 ")
    expect(part(page, "status")).to_be_in_viewport()  # far above the training, so it stays at the screen's edge
    assert page.evaluate(focused) == "stop-training"
    part(page, "stop-training").press("Enter")
    expect(part(page, "status")).to_contain_text("Stopped after")
    assert page.evaluate(focused) == "train"
    still(page)
    assert not violations(page)
