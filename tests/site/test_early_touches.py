"""What a reader touches while scripts or Python are still on their way is taken up, or is visibly out of use till then.

The scripts are held back by the test and then let go, so that nothing here hangs on how fast the machine is.
"""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from site_axe import still

from labs_py import api
from tests.effort import EFFORT
from tests.site.lab_pages import BOOT, LAB_PAGES, READY, SAVE_DATA, SHOWN, forget, status_of

pytestmark = pytest.mark.drawn(7)

LABS = sorted(LAB_PAGES)
SOME_LABS = EFFORT.some(LABS, 3)  # what all labs share is tried in some; make test-long tries it in all
STARTED_LABS = EFFORT.some(LABS, 2)  # and what waits for Python to start
AWAKE = "lab-view.is-awake"
# Python starts when the test says so, after the touch; on a page at rest the browser would say it.
IDLE_BY_HAND = "window.requestIdleCallback = (start) => { window.idle = start; }"
MAIN = "**/assets/labs/main.js*"
# What may be in use before the lab's script has come; each of these is touched below.
TAKEN_UP = ("summary", "[data-answer]", ".pick textarea", "[tabindex='0']")
CONTROLS = """(taken) => [...document.querySelectorAll(
    'lab-view :is(button, input, select, textarea, summary, [tabindex])')]
  .filter((control) => !control.closest('[hidden]')).map((control) => ({
  html: control.outerHTML.slice(0, 120),
  taken: taken.some((kind) => control.matches(kind)),
  disabled: control.matches(':disabled'),
  // A browser greys fields out of use by itself; our buttons, and the label around a hidden field, need a rule.
  dimmed: getComputedStyle(control.closest('.lab-button') ?? control).opacity < 1 || !control.closest('.lab-button'),
}))"""
# These wait for something to do: a run, a frame, a pick, an adapter, something to bring back.
WAITING = "[data-action=stop], [data-action=undo], [data-action=download], [data-part=own-view] button"


@contextmanager
def held(home, site_url, *patterns: str, init: str = SAVE_DATA):
    """A page, a function that lets its held requests go, and how many there are."""
    page = home.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.add_init_script(init)
    waiting = []
    for pattern in patterns:
        page.route(pattern, lambda route: waiting.append(route))
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))

    def release() -> None:
        assert waiting, f"nothing asked for {patterns}"
        while waiting:
            waiting.pop().continue_()

    try:
        yield page, release
        assert page.complaints == []
    finally:
        forget(home, site_url)


def open_asleep(page, address: str) -> None:
    """A lab page whose script has not come: all of the painted lab stands."""
    page.goto(address, wait_until="commit")
    page.wait_for_selector("lab-view .lab-progress", state="attached")
    assert page.locator(AWAKE).count() == 0


def test_each_lab_has_its_page():
    assert LABS == sorted(api.list_labs())


@pytest.mark.few(5)
@pytest.mark.parametrize("slug", LABS)
def test_before_its_script_a_control_is_taken_up_later_or_visibly_out_of_use(home, site_url, slug):
    with held(home, site_url, MAIN) as (page, release):
        open_asleep(page, site_url + LAB_PAGES[slug])
        controls = page.evaluate(CONTROLS, list(TAKEN_UP))
        assert len(controls) > 20
        dead = [c["html"] for c in controls if not c["taken"] and not (c["disabled"] and c["dimmed"])]
        assert dead == []
        release()
        page.wait_for_selector(AWAKE)
        page.wait_for_function(f"document.querySelectorAll('lab-view :disabled:not({WAITING})').length === 0")


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_what_was_opened_and_typed_before_the_script_is_there_after_it(home, site_url, slug):
    with held(home, site_url, MAIN) as (page, release):
        open_asleep(page, site_url + LAB_PAGES[slug])
        closed = page.locator("lab-view details:not([open]) > summary:visible")
        while closed.count():
            closed.first.click()
        opened = page.locator("lab-view details[open]").count()
        page.locator(".lab-code pre").first.focus()
        typed = []
        for field in page.locator("lab-view [data-answer]").all():
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(index=1)
            else:
                field.fill("7")
            typed.append(field.input_value())
        if page.locator(".pick textarea").count():
            page.locator(".pick textarea").fill('[[3, "A"]]')
        page.locator(".lab-code pre").first.focus()
        release()
        page.wait_for_selector(AWAKE)
        assert page.locator("lab-view details[open]").count() == opened
        editors = page.locator(".lab-code").count()
        assert editors == len(api.spec(slug).code)
        assert page.locator(".lab-code textarea:visible").count() == editors
        assert page.locator(".lab-code [data-action=run-code]:visible").count() == editors
        assert page.evaluate("document.activeElement.matches('.lab-code textarea')")
        assert [field.input_value() for field in page.locator("lab-view [data-answer]").all()] == typed
        if page.locator(".pick textarea").count():
            page.wait_for_selector(".pick [data-action=use-picks]:enabled")
            assert page.locator(".pick textarea").input_value() == '[[3, "A"]]'


def test_waking_moves_nothing_under_the_pointer(home, site_url):
    """A part that moves away between press and release makes a click that nothing hears."""
    with held(home, site_url, MAIN) as (page, release):
        open_asleep(page, site_url + LAB_PAGES["lora"])
        still(page)
        tops = "[...document.querySelectorAll('lab-view :is(h2, h3, summary, li)')].map(e => e.offsetTop)"
        before = page.evaluate(tops)
        release()
        page.wait_for_selector(AWAKE)
        still(page)
        status = page.locator("[data-part=status]").bounding_box()["height"]
        assert status < 60 and len(before) > 40
        after = page.evaluate(tops)
        moved = {late - early for early, late in zip(before, after, strict=True)}
        assert max(map(abs, moved)) < 30, moved  # the status line, which tells of data saving here, may wrap once


@pytest.mark.sampled
@pytest.mark.parametrize("slug", STARTED_LABS)
def test_a_setting_and_a_run_asked_for_before_python_has_started_are_not_lost(home, site_url, slug):
    with held(home, site_url, init=IDLE_BY_HAND) as (page, _):
        page.goto(site_url + LAB_PAGES[slug])
        page.wait_for_selector(AWAKE)
        slider = page.locator("lab-view fieldset input[type=range]").first
        slider.focus()
        page.keyboard.press("ArrowRight")
        name = slider.get_attribute("name") or slider.get_attribute("data-thumb")
        moved = float(page.locator(f"lab-view [name={name}]").input_value())
        runs = page.locator("[data-action=run]").count() > 0
        if runs:
            page.locator("[data-action=run]").click()
        page.evaluate("window.idle?.()")  # what the browser would do now
        page.wait_for_function(f"{SHOWN}.train === true || {READY}", timeout=BOOT)
        shown = page.evaluate(SHOWN)
        assert shown[name] == pytest.approx(moved) and shown[name] != api.spec(slug).param(name).default
        assert shown.get("train", False) is runs


def test_a_prediction_locked_before_python_has_started_is_answered(home, site_url):
    prediction = next(p for p in api.spec("lora").predictions if not p.choices and not p.params.get("train"))
    with held(home, site_url, init=IDLE_BY_HAND) as (page, _):
        page.goto(site_url + LAB_PAGES["lora"])
        page.wait_for_selector(AWAKE)
        item = page.locator(f"[data-prediction={prediction.name}]")
        item.locator("[data-answer]").fill("1e9")
        item.locator("[data-answer]").press("Enter")
        page.evaluate("window.idle?.()")
        page.wait_for_selector(f"[data-prediction={prediction.name}][data-result=wrong]", timeout=BOOT)


def test_a_prediction_overtaken_before_python_has_started_can_be_locked_again(home, site_url):
    name = api.spec("lora").predictions[0].name
    with held(home, site_url, "**/assets/labs/worker-*.js", init=IDLE_BY_HAND) as (page, release):
        page.goto(site_url + LAB_PAGES["lora"])
        page.wait_for_selector(AWAKE)
        item = page.locator(f"[data-prediction={name}]")
        field = item.locator("[data-answer]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(index=1)
        else:
            field.fill("0.5")
        item.locator("form button").click()
        assert field.is_disabled()
        page.locator("[data-action=reset]").click()
        item.get_by_role("status").filter(has_text="lock it in again").wait_for()
        assert field.is_enabled()
        release()
        page.wait_for_function(READY, timeout=BOOT)


def test_the_task_of_an_earlier_visit_is_not_answered_in_place_of_another(home, site_url):
    kept = json.dumps({"challenges": {"energy-to-error": {"seed": 77}}, "predictions": {}})
    init = f"localStorage.setItem('stage10:lab:lora', {kept!r});" + IDLE_BY_HAND
    with held(home, site_url, MAIN, "**/assets/labs/worker-*.js", init=init) as (page, release):
        open_asleep(page, site_url + LAB_PAGES["lora"])
        item = page.locator("[data-challenge=energy-to-error]")
        item.locator("[data-answer]").fill("0.5")
        release()
        page.wait_for_selector(AWAKE)
        assert "as soon as Python runs" in item.locator("[data-part=prompt]").inner_text()
        assert item.get_by_role("button", name="Check").is_disabled()
        page.wait_for_function("stage10Labs.spawned === 1")
        page.wait_for_timeout(0)
        release()
        item.get_by_role("button", name="Check").and_(page.locator(":enabled")).wait_for(timeout=BOOT)
        assert item.locator("[data-part=prompt]").inner_text() == api.draw("lora", "energy-to-error", 77).prompt
        assert "before yours came" in item.get_by_role("status").inner_text()


def late_view(home, site_url, slug: str, query: str, view: str):
    """A lab whose own view comes after its first frame from Python."""
    return held(home, site_url, f"**/assets/labs/{view}-*.js", init=""), f"{site_url}{LAB_PAGES[slug]}{query}"


def test_a_view_that_comes_after_the_first_frame_shows_that_frame(home, site_url):
    plan = json.loads(api.last_frame("decide", {"goal": "preference", "base": "half"})["texts"]["plan"])
    opened, address = late_view(home, site_url, "decide", "?goal=preference&base=half", "decide")
    with opened as (page, release):
        page.goto(address, wait_until="commit")
        page.wait_for_function(READY, timeout=BOOT)
        assert page.inner_text("[data-part=plan] h3") != plan["title"]
        release()
        page.locator("[data-part=plan] h3", has_text=plan["title"]).wait_for()
    opened, address = late_view(home, site_url, "mask", "?rule=all", "mask")
    with opened as (page, release):
        page.goto(address, wait_until="commit")
        page.wait_for_function(READY, timeout=BOOT)
        assert page.locator("[data-part=tokens] .tok.is-learnt").count() == 13
        release()
        page.wait_for_function("document.querySelectorAll('[data-part=tokens] .tok.is-learnt').length === 55")


def test_a_pick_waits_for_the_view_that_hears_it_and_pasted_picks_outlast_frames(home, site_url):
    opened, address = late_view(home, site_url, "rlhf", "?annotator=hurried", "rlhf")
    with opened as (page, release):
        page.goto(address, wait_until="commit")
        page.locator("summary", has_text="Keep or bring").click()
        page.locator(".pick textarea").fill('[[3, "A"], [7, "B"]]')
        page.wait_for_function(READY, timeout=BOOT)
        assert page.locator(".pick button:enabled").count() == 0
        release()
        page.wait_for_selector(".pick [data-action=use-picks]:enabled")
        page.locator("[data-action=run]").click()
        page.wait_for_function(f"{SHOWN}.train === true && {READY}", timeout=BOOT)
        assert page.locator(".pick textarea").input_value() == '[[3, "A"], [7, "B"]]'
        page.locator(".pick [data-action=use-picks]").click()
        page.locator(".pick [data-part=count]", has_text="Pick 3 of 55").wait_for(timeout=BOOT)
        page.locator("[data-pick=A]").click()
        page.wait_for_function("JSON.parse(document.querySelector('.pick textarea').value).length === 3", timeout=BOOT)


def test_an_answer_opened_before_the_script_is_the_first_answer(home, site_url):
    with held(home, site_url, "**/assets/stage10.js*") as (page, release):
        page.goto(site_url + LAB_PAGES["lora"], wait_until="commit")
        page.locator("[data-question='0'] [data-right=true] summary").click()
        page.locator("[data-question='1'] [data-right=true] summary").click()
        page.locator("[data-question='1'] [data-right=false] summary").first.click()
        release()
        page.wait_for_selector(".s10-quiz__tally >> text=1 of 2 right at the first try")
        assert page.locator("[data-question='0'] .s10-option[open] .s10-option__first").count() == 1


def test_a_card_open_before_the_script_is_brought_into_the_window(home, site_url):
    with held(home, site_url, "**/assets/stage10.js*") as (page, release):
        page.goto(site_url, wait_until="commit")
        number = page.locator("[data-owner=computed]").first
        number.focus()
        card = page.locator(f"#{number.get_attribute('aria-describedby')}")
        assert card.evaluate("card => card.style.position") == ""
        release()
        page.wait_for_function("card => card.style.position === 'fixed'", arg=card.element_handle())
        assert card.is_visible()


def test_words_typed_into_the_search_before_the_script_are_looked_for(home, site_url):
    with held(home, site_url, "**/assets/javascripts/bundle.*.js") as (page, release):
        page.goto(site_url, wait_until="commit")
        page.wait_for_selector(".md-footer, article .s10-sources", state="attached")
        page.evaluate("document.querySelector('label[for=__search]').click()")
        page.locator(".md-search__input").focus()
        page.keyboard.type("Bradley-Terry")
        release()
        page.wait_for_selector(".md-search-result__item >> text=Glossary")


def test_where_data_is_saved_the_first_touch_starts_python(home, site_url):
    with held(home, site_url) as (page, _):
        page.goto(site_url + LAB_PAGES["lora"])
        page.wait_for_selector(AWAKE)
        assert "starts only when you move a control" in status_of(page)
        page.locator("[data-action=reset]").click()
        page.wait_for_function(READY, timeout=BOOT)
