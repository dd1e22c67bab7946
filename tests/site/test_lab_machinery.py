"""The labs' machinery in a real Chromium, on the built site under a sub-path, with the LoRA Lab as the guinea pig."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time

import pytest

from labs_py import api
from tests.site.lab_pages import (
    BOOT,
    PREFIX,
    READY,
    ROOT,
    SITE,
    faults,
    open_lab,
    serve_site,
    shown_params,
    status_of,
    value_of,
    wait_for_params,
)

pytestmark = [pytest.mark.browser, pytest.mark.drawn(13)]


@pytest.fixture(scope="module")
def address(site_dir):
    with serve_site(site_dir) as found:
        yield found


@pytest.fixture(scope="module")
def shared(browser, address):
    """One booted page for the tests that leave it as they found it."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"], viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.own_errors = []
    page.foreign = []
    page.on("pageerror", lambda error: page.own_errors.append(str(error)))
    page.on("request", lambda request: request.url.startswith(address) or page.foreign.append(request.url))
    open_lab(page, address)
    yield page
    assert page.own_errors == []
    assert [url for url in page.foreign if not url.startswith(("data:", "blob:"))] == []
    context.close()


@pytest.fixture
def lab(shared, address):
    """The shared page, back at the defaults."""
    if "/labs/lora/" not in shared.url:
        open_lab(shared, address)
    shared.locator("[data-action=reset]").click()
    wait_for_params(shared, **{"rank": 8, "size": 64})
    return shared


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def set_range(page, name, value):
    """Drag a native range to a value, as far as the page can tell."""
    page.locator(f"[name={name}]").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_a_dragged_slider_gives_what_python_gives(lab):
    set_range(lab, "rank", 12)
    wait_for_params(lab, rank=12)
    expected = api.last_frame("lora", {"rank": 12})["scalars"]
    for name in ("relative_error", "energy_kept", "trainable_parameters", "stable_rank"):
        assert math.isclose(value_of(lab, name), expected[name]["value"], rel_tol=1e-7), name


def test_a_real_mouse_moves_the_slider(lab):
    box = lab.locator("[name=rank]").bounding_box()
    lab.locator("[name=rank]").scroll_into_view_if_needed()
    box = lab.locator("[name=rank]").bounding_box()
    lab.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    lab.mouse.down()
    lab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, steps=8)
    lab.mouse.up()
    lab.wait_for_function("JSON.parse(document.querySelector('lab-view').dataset.params).rank > 30", timeout=BOOT)


def test_the_keyboard_moves_the_slider_and_the_address_follows(lab):
    slider = lab.get_by_role("slider", name=api.spec("lora").param("rank").label, exact=True)
    slider.focus()
    lab.keyboard.press("ArrowRight")
    wait_for_params(lab, rank=9)
    assert slider.get_attribute("aria-valuetext") == "9"
    lab.wait_for_url("**/?rank=9")
    lab.keyboard.press("Home")
    wait_for_params(lab, rank=1)
    assert lab.locator("[data-exact=rank]").input_value() == "1"


def test_charts_tables_and_summaries_follow(lab):
    chart = lab.locator("[data-chart=spectrum]")
    before = chart.locator(".lab-svg").get_attribute("aria-label")
    set_range(lab, "rank", 3)
    wait_for_params(lab, rank=3)
    assert chart.locator(".lab-svg").get_attribute("role") == "img"
    assert chart.locator(".lab-svg").get_attribute("aria-label") != before
    assert chart.locator("rect.dropped").count() == 61
    chart.locator("summary").click()
    values = chart.locator("tbody td:nth-child(2)").all_inner_texts()
    singular = api.last_frame("lora", {"rank": 3})["arrays"]["singular_values"]["data"]
    assert [float(text) for text in values[:3]] == pytest.approx(list(singular[:3]), rel=1e-5)
    assert lab.locator("[data-chart=update] image").get_attribute("href").startswith("data:image/png")
    assert lab.locator("[data-chart=update] svg rect").count() < 5
    chart.locator("summary").click()


def test_a_link_opens_its_settings_and_a_copied_link_is_that_link(lab, page, address):
    set_range(lab, "rank", 5)
    lab.locator("[name=source]").select_option(index=1)
    wait_for_params(lab, rank=5)
    lab.locator("[data-action=copy-link]").click()
    link = lab.evaluate("navigator.clipboard.readText()")
    assert "copied" in status_of(lab) and "rank=5" in link
    page.goto(link)
    page.wait_for_function(READY, timeout=BOOT)
    there, here = shown_params(page), shown_params(lab)
    assert there == here
    assert value_of(page, "relative_error") == value_of(lab, "relative_error")


def test_a_link_in_the_prose_moves_the_lab(lab):
    lab.evaluate(
        "document.querySelector('article')"
        ".insertAdjacentHTML('beforeend', '<p><a id=prose href=\"?rank=4\">four</a></p>')"
    )
    lab.locator("#prose").click()
    wait_for_params(lab, rank=4)
    lab.wait_for_url("**/?rank=4")
    lab.locator("#prose").evaluate("link => link.remove()")


def test_the_worker_outlives_instant_navigation(lab, address):
    lab.evaluate("window.thisVisit = true")
    spawned = lab.evaluate("stage10Labs.spawned")
    lab.locator("a[href*='labs/quantization/']").first.evaluate("link => link.click()")
    lab.wait_for_url("**/labs/quantization/")
    lab.wait_for_selector("lab-view[slug=quantization][data-state=ready]", timeout=BOOT)
    lab.go_back()
    lab.wait_for_selector("lab-view[slug=lora][data-state=ready]", timeout=BOOT)
    assert lab.evaluate("window.thisVisit") is True, "the page was loaded anew"
    assert lab.evaluate("stage10Labs.spawned") == spawned
    set_range(lab, "rank", 6)
    wait_for_params(lab, rank=6)
    lab.wait_for_url("**/?rank=6")


def start_long_run(page):
    """Train on a matrix so large that the run takes seconds."""
    page.evaluate("document.querySelector('lab-view').setParams({size: 128, rank: 64, steps: 1000})")
    wait_for_params(page, size=128, rank=64)
    page.locator("[data-action=run]").click()


STOP = """() => new Promise((resolve) => {
  let frames = 0;
  document.addEventListener('lab-frame', () => { frames += 1; });
  document.querySelector('[data-action=stop]').click();
  const look = () => stage10Labs.busy ? setTimeout(look, 1) : resolve(frames);
  look();
})"""


def test_a_run_shows_progress_and_stops_at_once(lab):
    """A thousand steps give many frames; after the click comes one more at most, from the same worker."""
    spawned = lab.evaluate("stage10Labs.spawned")
    start_long_run(lab)
    lab.wait_for_selector("[data-part=meter]:not([hidden])", timeout=BOOT)
    assert lab.locator("lab-view").get_attribute("data-state") == "running"
    assert lab.evaluate(STOP) <= 1 and lab.evaluate("stage10Labs.spawned") == spawned
    assert lab.locator("lab-view").get_attribute("data-state") == "ready"
    frames = lab.evaluate(
        "() => new Promise(done => { let n = 0; document.addEventListener('lab-frame', () => n++);"
        " setTimeout(() => done(n), 300); })"
    )
    assert frames == 0, "a stopped run went on"


def test_newer_settings_drop_a_run_and_its_replies(lab):
    start_long_run(lab)
    lab.wait_for_function("document.querySelector('lab-view').dataset.state === 'running'", timeout=BOOT)
    lab.evaluate(
        "window.seen = []; document.addEventListener('lab-frame',"
        " e => window.seen.push(e.detail.params.rank + ':' + e.detail.params.train))"
    )
    set_range(lab, "rank", 11)
    wait_for_params(lab, rank=11)
    time.sleep(0.3)
    seen = lab.evaluate("window.seen")
    assert seen and seen[-1] == "11:false"
    after = seen.index("11:false")
    assert set(seen[after:]) == {"11:false"}, seen


def test_an_exported_script_gives_the_same_numbers(lab, tmp_path):
    set_range(lab, "rank", 7)
    wait_for_params(lab, rank=7)
    with lab.expect_download() as download:
        lab.locator("[data-action=export]").click()
    script = tmp_path / download.value.suggested_filename
    download.value.save_as(script)
    done = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the page showed" not in done.stdout
    printed = dict(line.split()[:2] for line in done.stdout.splitlines())
    assert float(printed["relative_error"]) == pytest.approx(value_of(lab, "relative_error"), rel=1e-6)


def test_a_matrix_is_a_download_made_in_the_browser(lab, tmp_path):
    lab.locator("[data-chart=update] summary").click()
    with lab.expect_download() as download:
        lab.locator("[data-chart=update] [data-action=download]").click()
    download.value.save_as(tmp_path / "matrix.csv")
    rows = (tmp_path / "matrix.csv").read_text().splitlines()
    assert len(rows) == 64 and all(len(row.split(",")) == 64 for row in rows)


def test_presets_move_the_lab_and_are_marked(lab):
    preset = next(p for p in api.spec("lora").presets if not p.params.get("train") and p.params.get("source"))
    lab.locator(f"[data-preset={preset.name}]").click()
    wait_for_params(lab, **{k: v for k, v in preset.params.items() if k != "train"})
    assert lab.locator(f"[data-preset={preset.name}]").get_attribute("aria-pressed") == "true"


def test_a_prediction_is_locked_before_the_answer_shows(lab):
    prediction = next(p for p in api.spec("lora").predictions if not p.choices and not p.params.get("train"))
    item = lab.locator(f"[data-prediction={prediction.name}]")
    assert not item.locator("details").is_visible()
    item.locator("button").click()
    assert "Type a number" in item.locator("[data-part=reply]").inner_text()
    item.locator("[data-answer]").fill("1e9")
    item.locator("[data-answer]").press("Enter")
    lab.wait_for_function(
        "name => document.querySelector(`[data-prediction=${name}]`).dataset.result === 'wrong'", arg=prediction.name
    )
    assert item.locator("[data-answer]").is_disabled()
    assert prediction.why[:30] in item.locator("[data-part=reply]").inner_text()
    assert "0 of 1" in lab.locator("[data-part=calibration]").inner_text()


def test_a_challenge_is_drawn_checked_and_kept(lab):
    name = "smallest-rank"
    item = lab.locator(f"[data-challenge={name}]")
    item.locator("[data-action=new-task]").click()
    lab.wait_for_function(
        "name => JSON.parse(localStorage['stage10:lab:lora'] || '{}').challenges?.[name]?.seed > 1", arg=name
    )
    lab.wait_for_function(READY)
    seed = lab.evaluate("name => JSON.parse(localStorage['stage10:lab:lora']).challenges[name].seed", name)
    task = api.draw("lora", name, seed)
    assert item.locator("[data-part=prompt]").inner_text() == task.prompt
    right = next(r for r in range(1, 65) if api.check("lora", name, seed, {**task.params, "rank": r}).result == "right")
    item.get_by_role("button", name="Check").click()
    lab.wait_for_function(
        "name => document.querySelector(`[data-challenge=${name}]`).dataset.result !== 'untried'", arg=name
    )
    set_range(lab, "rank", right)
    wait_for_params(lab, rank=right)
    item.get_by_role("button", name="Check").click()
    lab.wait_for_selector(f"[data-challenge={name}][data-result=right]")
    assert item.locator("[role=status]").inner_text()
    assert "1 of" in lab.locator("[data-part=progress]").inner_text()


def test_progress_leaves_and_comes_back_as_a_file(lab, page, address, tmp_path):
    with lab.expect_download() as download:
        lab.locator("[data-action=save-progress]").click()
    kept = tmp_path / "progress.json"
    download.value.save_as(kept)
    entries = json.loads(kept.read_text())["entries"]
    assert "stage10:lab:lora" in entries
    open_lab(page, address, wait=False)
    page.locator("[data-action=load-progress]").set_input_files(kept)
    page.wait_for_function("document.querySelector('[data-part=progress-reply]').textContent.startsWith('Loaded')")
    assert page.locator("[data-part=progress]").inner_text() == lab.locator("[data-part=progress]").inner_text()
    rubbish = tmp_path / "rubbish.json"
    rubbish.write_text("<html>")
    page.locator("[data-action=load-progress]").set_input_files(rubbish)
    page.wait_for_function("document.querySelector('[data-part=progress-reply]').textContent.includes('not JSON')")


EDITED = "labs_py.core.lora:relative_error"


def open_editor(page, name):
    box = page.locator(f'[data-code="{name}"]')
    if not box.evaluate("box => box.open"):
        box.locator("summary").click()
    box.locator("textarea").wait_for(timeout=BOOT)
    return box


def run_edit(page, box, text):
    box.locator("textarea").fill(text)
    box.locator("textarea").press("Control+Enter")


def test_edited_code_is_used_marked_and_put_back(lab):
    before = value_of(lab, "relative_error")
    box = open_editor(lab, EDITED)
    head = re.match(r"def relative_error\(.*?\).*?:\n", api.source(EDITED), re.DOTALL)[0]
    run_edit(lab, box, f"{head}    import statistics\n    return 42.0\n")
    lab.wait_for_function("document.querySelector('[data-output=relative_error]').dataset.value === '42'", timeout=BOOT)
    assert box.locator("[data-part=yours]").is_visible()
    box.locator("textarea").press("Escape")
    assert lab.evaluate("document.activeElement.dataset.action") == "run-code", "Escape must leave the editor"
    box.locator("[data-action=reset-code]").click()
    lab.wait_for_function(
        "value => Number(document.querySelector('[data-output=relative_error]').dataset.value) === value", arg=before
    )
    assert not box.locator("[data-part=yours]").is_visible()


def test_a_syntax_error_is_a_sentence_with_its_line(lab):
    box = open_editor(lab, EDITED)
    run_edit(lab, box, "def relative_error(x):\n    return (\n")
    lab.wait_for_function(
        "document.querySelector('.lab-code[open] [data-part=reply]').textContent.includes('cannot be read: line')",
        timeout=BOOT,
    )
    set_range(lab, "rank", 10)
    wait_for_params(lab, rank=10)
    box.locator("[data-action=reset-code]").click()


def test_an_error_in_edited_code_keeps_the_last_good_frame(lab):
    before = value_of(lab, "relative_error")
    box = open_editor(lab, EDITED)
    run_edit(lab, box, "def relative_error(*anything):\n    return 1 / 0\n")
    lab.wait_for_selector("lab-view[data-state=error]", timeout=BOOT)
    assert "ZeroDivisionError in line 2" in status_of(lab)
    assert value_of(lab, "relative_error") == before
    box.locator("[data-action=reset-code]").click()
    lab.wait_for_function(READY)


def test_an_endless_loop_is_ended_and_the_edit_is_kept(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("window.stage10LabSettings = {...window.stage10LabSettings, editedSilence: 1500}")
    open_lab(page, address)
    box = open_editor(page, EDITED)
    endless = "def relative_error(*anything):\n    while True:\n        pass\n"
    run_edit(page, box, endless)
    page.wait_for_function("stage10Labs.spawned === 2", timeout=BOOT)
    assert "gave no sign" in status_of(page)
    assert box.locator("textarea").input_value() == endless
    assert not box.locator("[data-part=yours]").is_visible()
    set_range(page, "rank", 9)
    page.wait_for_function(READY, timeout=BOOT)
    wait_for_params(page, rank=9)
    assert value_of(page, "relative_error") == pytest.approx(
        api.last_frame("lora", {"rank": 9})["scalars"]["relative_error"]["value"], rel=1e-7
    )
    context.close()


def test_saved_edits_of_an_older_lesson_say_so(page, address):
    open_lab(page, address, wait=False)
    page.evaluate(
        "name => localStorage.setItem('stage10:code:lora', JSON.stringify({[name]: {version: '0', text: 'mine'}}))",
        EDITED,
    )
    page.reload()
    box = open_editor(page, EDITED)
    assert box.locator("textarea").input_value() == "mine"
    assert "has changed" in box.locator("[data-part=reply]").inner_text()
    page.keyboard.press("Tab")


@pytest.mark.parametrize("query", ["?rank=-3&seed=abc&size=99999&x=<script>alert(1)</script>", "?rank=" + "9" * 3000])
def test_a_hostile_link_is_repaired_in_words(page, address, query):
    alerts = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    open_lab(page, address, query)
    params = shown_params(page)
    assert 1 <= params["rank"] <= params["size"] <= 256
    text = status_of(page)
    assert ("below the smallest" in text and "not a setting" in text) or "longer than" in text
    assert alerts == [] and page.locator("lab-view script").count() == 0


def test_without_scripts_everything_reads(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}labs/lora/")
    spec = api.spec("lora")
    expected = api.last_frame("lora")["scalars"]
    for output in spec.outputs:
        shown = page.locator(f"[data-output={output.name}]").get_attribute("data-value")
        value = expected.get(output.name, {"value": math.nan})["value"]
        assert shown == "nan" if math.isnan(value) else float(shown) == value, output.name
    for chart in spec.charts:
        assert page.locator(f"[data-chart={chart.name}] table").count() == 1
    text = page.locator("lab-view").text_content()
    for challenge in spec.challenges:
        assert api.draw("lora", challenge.name, 1).prompt in text
    for preset in spec.presets:
        assert preset.reason in text
    assert "needs JavaScript" in text
    context.close()


def test_after_its_start_a_lab_needs_no_network(browser, address):
    context = browser.new_context()
    page = context.new_page()
    open_lab(page, address)
    context.set_offline(True)
    set_range(page, "rank", 20)
    wait_for_params(page, rank=20)
    page.locator("[data-challenge=smallest-rank] [data-action=new-task]").click()
    page.wait_for_function(
        "JSON.parse(localStorage['stage10:lab:lora'] || '{}').challenges?.['smallest-rank']?.seed > 1"
    )
    context.close()


def test_a_missing_part_is_a_sentence_and_a_retry(page, address):
    with faults(pyodide__asm__wasm="missing"):
        open_lab(page, address, wait=False)
        page.wait_for_selector("lab-view[data-state=error]", timeout=BOOT)
        assert "could not be fetched" in status_of(page)
        assert value_of(page, "relative_error") > 0, "the first frame must stand"
    page.locator("[data-action=retry]").click()
    page.wait_for_function(READY, timeout=BOOT)


def test_the_next_labs_part_is_fetched_on_its_page_and_missed_in_a_sentence(page, address):
    packs = []
    page.on(
        "request", lambda request: ".pack" in request.url and packs.append(request.url.split("/")[-1].split("?")[0])
    )
    open_lab(page, address)
    assert sorted(packs) == ["lab-lora.pack", "labs.pack", "numpy.pack", "python_stdlib.pack"]
    with faults(**{"lab-quantization__pack": "missing"}):
        page.locator("a[href*='labs/quantization/']").first.evaluate("link => link.click()")
        page.wait_for_selector("lab-view[slug=quantization][data-state=error]", timeout=BOOT)
        assert 'The part "lab-quantization.pack"' in status_of(page)
    page.locator("[data-action=retry]").click()
    page.wait_for_selector("lab-view[slug=quantization][data-state=ready]", timeout=BOOT)
    assert page.evaluate("stage10Labs.spawned") == 1, "the worker lives on"
    assert packs.count("lab-lora.pack") == 1 and packs.count("lab-quantization.pack") == 2


def test_a_wrong_mime_type_is_survived(page, address):
    with faults(pyodide__asm__wasm="application/octet-stream"):
        open_lab(page, address)
    set_range(page, "rank", 6)
    wait_for_params(page, rank=6)


def test_storage_switched_off_is_said_and_survived(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
        " {get() { throw new DOMException('off', 'SecurityError'); }});"
    )
    open_lab(page, address)
    assert "keeps no data" in status_of(page)
    set_range(page, "rank", 6)
    wait_for_params(page, rank=6)
    item = page.locator("[data-challenge=smallest-rank]")
    item.get_by_role("button", name="Check").click()
    page.wait_for_function("document.querySelector('[data-challenge=smallest-rank]').dataset.result !== 'untried'")
    context.close()


def test_opened_as_a_file_the_first_frame_stands(page):
    page.goto((SITE / "labs" / "lora" / "index.html").as_uri())
    assert value_of(page, "relative_error") == api.last_frame("lora")["scalars"]["relative_error"]["value"]
    assert "make site" in page.locator("[data-part=file-note]").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_and_targets_are_large_enough(browser, address, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    open_lab(page, address, wait=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll('lab-view :is(button, input, select, summary)')]
          .filter(e => e.checkVisibility() && !e.closest('.lab-file'))
          .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
    )
    assert small == []
    context.close()


def test_print_shows_the_lab_without_its_buttons(page, address):
    open_lab(page, address, wait=False)
    page.emulate_media(media="print")
    assert not page.locator("[data-action=reset]").is_visible()
    assert page.locator("[data-chart=spectrum] .lab-svg").is_visible()
    assert page.locator("[data-output=relative_error]").is_visible()


def test_waking_does_not_change_the_look(browser, address, lab_page):
    """The painted page and the woken one have the same size, charts and text, save what only scripts can do."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    painted = context.new_page()
    painted.goto(f"{address}labs/lora/")
    parts = "[data-chart=spectrum] [data-part=plot]"
    before = painted.locator(parts).inner_html(), painted.locator(parts).bounding_box()["width"]
    context.close()
    woken = lab_page("labs/lora/")
    after = woken.locator(parts).inner_html(), woken.locator(parts).bounding_box()["width"]
    assert before == after


def test_the_sub_path_is_what_was_served(address):
    assert address.endswith(f"{PREFIX}/")
