"""Before Python is there a lab moves by recorded frames; on a first visit it plays; a run is replayed at a pace."""

from __future__ import annotations

import json

import pytest

from labs_py import api
from tests.site.lab_pages import BOOT, LAB_PAGES, READY

pytestmark = pytest.mark.drawn(3)

SWEPT = [slug for slug in LAB_PAGES if api.spec(slug).sweep]
NO_PYTHON = "**/pyodide.asm.wasm*"


@pytest.fixture
def moving(browser, site_url):
    """A page whose labs may play; Python never comes where ``without_python``."""
    opened = []

    def visit_moving(path: str, without_python: bool = True):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, service_workers="block")
        opened.append(context)
        page = context.new_page()
        page.add_init_script("globalThis.stage10LabSettings = {}")
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        if without_python:
            page.route(NO_PYTHON, lambda route: None)
        page.goto(site_url + path)
        return page

    yield visit_moving
    for context in opened:
        context.close()


@pytest.mark.parametrize("slug", SWEPT)
def test_what_is_recorded_is_what_the_lab_computes(site_dir, slug: str) -> None:
    sweep = json.loads((site_dir / "data" / "labs" / "recorded" / f"{slug}.json").read_text())["sweep"]
    spec = api.spec(slug)
    assert [frame["value"] for frame in sweep["frames"]] == list(spec.sweep.values)
    frame = sweep["frames"][len(sweep["frames"]) // 2]
    computed = api.last_frame(slug, {spec.sweep.param: frame["value"]})
    for name, value in frame["scalars"].items():
        if value is not None:
            assert value == pytest.approx(computed["scalars"][name]["value"], rel=1e-3)


def test_the_slider_moves_recorded_charts_before_python_is_there(moving) -> None:
    page = moving("labs/lora/?rank=8")
    page.wait_for_selector(".lab-grip", state="attached")
    page.wait_for_function("document.querySelector('input[type=range][name=rank]').disabled === false")
    page.wait_for_timeout(500)
    page.focus("input[type=range][name=rank]")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("JSON.parse(document.querySelector('lab-view').dataset.params).rank === 7")
    assert page.get_attribute("[data-chart=spectrum]", "data-recorded") == "now"
    assert page.locator("lab-view").get_attribute("data-state") == "booting"
    assert page.complaints == []


def test_the_lora_lab_sweeps_the_cut_once_a_visit(moving) -> None:
    page = moving("labs/lora/")
    page.wait_for_function("document.querySelector('lab-view').dataset.plays === 'sweep'")
    page.wait_for_function("!('plays' in document.querySelector('lab-view').dataset)")
    assert page.input_value("input[type=range][name=rank]") == "8"
    page.reload()
    page.wait_for_selector(".lab-grip", state="attached")
    page.wait_for_timeout(600)
    assert page.get_attribute("lab-view", "data-plays") is None
    assert page.complaints == []


def test_a_run_is_replayed_at_a_pace_and_can_be_gone_through_again(moving) -> None:
    page = moving("labs/lora/?rank=4", without_python=False)
    page.wait_for_function(READY, timeout=BOOT)
    started = page.evaluate("performance.now()")
    page.click("[data-action=run]")
    page.wait_for_selector("[data-part=player]:not([hidden]) button:has-text('Replay')", timeout=BOOT)
    assert page.evaluate("performance.now()") - started > 3000
    bar = page.locator("[data-part=player]")
    bar.locator("input[type=range]").fill("200")
    bar.locator("button:has-text('Play')").click()
    page.wait_for_selector("[data-part=player] button:has-text('Replay')", timeout=BOOT)
    page.wait_for_function(READY, timeout=3 * BOOT)  # on a busy machine the button is ready before the lab
    assert page.complaints == []


def test_the_cut_is_dragged_in_the_spectrum_itself(moving) -> None:
    page = moving("labs/lora/?rank=8", without_python=False)
    page.wait_for_function(READY, timeout=BOOT)
    grip = page.locator("[data-chart=spectrum] .lab-grip")
    box = grip.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.wait_for_function(
        f"JSON.parse(document.querySelector('lab-view').dataset.params).rank > 12 && {READY}", timeout=BOOT
    )
    dragged = int(page.input_value("input[type=range][name=rank]"))
    assert int(grip.get_attribute("aria-valuenow")) == dragged
    grip.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"JSON.parse(document.querySelector('lab-view').dataset.params).rank === {dragged - 1}")
    assert page.complaints == []
