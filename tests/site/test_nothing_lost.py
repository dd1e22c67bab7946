"""What a reader made outlasts every action, numbers are read as written, edited code is marked by what really runs."""

from __future__ import annotations

import json

import pytest

from tests.site.lab_pages import BOOT, READY, SHOWN, VALUE

pytestmark = pytest.mark.drawn(5)

OWN = "\n".join(["0 1"] * 21 + ["1 0"] * 8)
RESULTS = "textarea[name=results]"
CALM = "document.querySelector('lab-view').bridge.busy === false && " + READY


@pytest.fixture
def lab(visit):
    def open_lab(path: str = "labs/evidence/", **options):
        page = visit(path, **options)
        page.wait_for_function(READY, timeout=BOOT)
        return page

    return open_lab


def press(page, selector: str) -> None:
    """As a click, wherever the button stands: in a drawer, too."""
    page.locator(selector).first.evaluate("button => button.click()")
    page.wait_for_function(CALM, timeout=BOOT)


def write(page, selector: str, text: str) -> None:
    page.locator(selector).evaluate(
        "(field, text) => { field.value = text; field.dispatchEvent(new Event('change', {bubbles: true})); }", text
    )
    page.wait_for_function(CALM, timeout=BOOT)


def test_what_was_pasted_outlasts_presets_links_tasks_reset_and_a_prediction_and_can_be_brought_back(lab_page):
    page = lab_page("labs/evidence/")
    write(page, RESULTS, OWN)
    assert page.locator("[data-param=results][data-own]").count() == 1
    write(page, "[data-exact=gain]", "7.5")
    task = "[data-challenge=plan] [data-action=set-task]"
    for action in ("[data-preset=enough]", "article a[href*='disagreement=4']", task, "[data-action=reset]"):
        press(page, action)
        assert page.input_value(RESULTS) == OWN and page.evaluate(VALUE, "gained") == 21, action
        assert page.is_visible("[data-action=undo]")
    for _ in range(4):  # the task of the first seed may be the settings that stand already
        if page.evaluate(f"{SHOWN}.gain") != 7.5:
            press(page, "[data-action=undo]")
    assert page.evaluate(f"{SHOWN}.gain") == 7.5
    page.locator("[data-prediction=p] [data-answer]").evaluate("(field) => { field.value = '0,6'; }")
    page.locator("[data-prediction=p] form").evaluate("form => form.requestSubmit()")
    page.locator("[data-prediction=p] [data-action=reveal]").evaluate("button => button.click()")
    page.wait_for_selector("[data-prediction=p][data-result=right]", state="attached", timeout=BOOT)
    assert page.evaluate(VALUE, "gained") == 9  # the question is about its own 15 items
    press(page, "[data-action=undo]")
    assert page.input_value(RESULTS) == OWN and not page.complaints
    page.reload()
    page.wait_for_function(f"{READY} && ({VALUE})('gained') === 21", timeout=BOOT)


def test_undo_never_loses_what_was_written_since(lab_page):
    page = lab_page("labs/evidence/")
    write(page, RESULTS, OWN)
    press(page, "[data-preset=enough]")
    newer = OWN + "\n1 1"
    write(page, RESULTS, newer)
    press(page, "[data-action=undo]")
    assert page.input_value(RESULTS) == newer  # the preset had not touched the text
    page.locator("[data-prediction=p] [data-answer]").evaluate("(field) => { field.value = '0,6'; }")
    page.locator("[data-prediction=p] form").evaluate("form => form.requestSubmit()")
    page.locator("[data-prediction=p] [data-action=reveal]").evaluate("button => button.click()")
    page.wait_for_selector("[data-prediction=p][data-result]", state="attached", timeout=BOOT)
    newest = "1 0\n0 1"
    write(page, RESULTS, newest)
    press(page, "[data-action=undo]")
    assert page.input_value(RESULTS) == newer
    press(page, "[data-action=undo]")
    assert page.input_value(RESULTS) == newest


def test_a_locked_prediction_can_be_corrected_and_an_unclear_one_is_asked_back(lab_page):
    page = lab_page("labs/evidence/")
    item = page.locator("[data-prediction=items]")
    for text, said in (("many", "not a number"), ("49%", "per cent")):
        item.locator("[data-answer]").evaluate("(field, text) => { field.value = text; }", text)
        item.locator("form").evaluate("form => form.requestSubmit()")
        assert said in item.locator("[data-part=reply]").text_content()
    item.locator("[data-answer]").evaluate("(field) => { field.value = '13 000'; }")
    item.locator("form").evaluate("form => form.requestSubmit()")
    assert "13,000" in item.locator("[data-part=reply]").text_content()
    item.locator("[data-action=take-back]").evaluate("button => button.click()")
    page.wait_for_function("!document.querySelector('[data-prediction=items] [data-answer]').disabled")
    item.locator("[data-answer]").evaluate("(field) => { field.value = '1 300'; }")
    item.locator("form").evaluate("form => form.requestSubmit()")
    page.wait_for_selector("[data-prediction=items][data-result=right]", state="attached", timeout=BOOT)


def test_a_typed_setting_is_read_as_written_or_asked_back(lab_page):
    page = lab_page("labs/evidence/")
    for text, value in (("0,55", 0.55), ("49%", 0.49), ("30", 0.3), ("4e-1", 0.4)):
        write(page, "[data-exact=base_rate]", text)
        page.wait_for_function(f"{SHOWN}.base_rate === {value} && {READY}", timeout=BOOT)
    write(page, "[data-exact=base_rate]", "about half")
    assert page.evaluate(f"{SHOWN}.base_rate") == 0.4 and page.input_value("[data-exact=base_rate]") == "about half"
    assert page.get_attribute("[data-exact=base_rate]", "aria-invalid") == "true"
    assert "stays 0.4" in page.locator("[data-part=status]").first.text_content()


def test_many_unknown_names_in_a_link_leave_the_bar_as_it_is(lab_page):
    page = lab_page("labs/lora/?size=64&rank=999&utm_source=x&" + "&".join(f"x{i}=1" for i in range(250)))
    said = page.locator("[data-part=status]").first.text_content()
    assert "64 is used" in said and "256" not in said and "utm_source" not in said and len(said) < 400
    assert page.evaluate(f"{SHOWN}.rank") == 64


DAMAGED = {
    "stage10:lab:evidence": [{"predictions": {"p": None}}, {"challenges": {"plan": 7}, "predictions": []}, 3, "{"],
    "stage10:inputs:evidence": [{"results": 5}, [], "x"],
    "stage10:code:evidence": ["text", {"labs_py.core.power:mcnemar": 3}],
    "stage10:undo:evidence": [{"steps": {}}, {"steps": [None, {"why": "x", "params": None}]}],
}


def test_a_damaged_record_keeps_no_lab_from_starting(visit):
    rounds = max(len(values) for values in DAMAGED.values())
    for nth in range(rounds):
        stored = {key: values[nth % len(values)] for key, values in DAMAGED.items()}
        script = "".join(
            f"localStorage.setItem({json.dumps(key)}, {json.dumps(value if value == '{' else json.dumps(value))});"
            for key, value in stored.items()
        )
        page = visit("labs/evidence/", labs=nth == 0, init=script)
        if nth == 0:
            page.wait_for_function(READY, timeout=BOOT)
        page.wait_for_selector("lab-view.is-awake", state="attached")
        assert "could not be started" not in page.locator("[data-part=status]").first.text_content()
        assert not page.complaints


def test_what_does_not_fit_is_said_and_nothing_that_stands_is_lost(lab, tmp_path):
    page = lab()
    write(page, RESULTS, OWN)
    large = tmp_path / "large.json"
    large.write_text(
        json.dumps({"format": "stage10-progress", "entries": {"inputs:evidence": {"results": "x" * 12_000_000}}})
    )
    page.set_input_files("[data-action=load-progress]", str(large))
    page.wait_for_function("document.querySelector('[data-part=progress-reply]').textContent.includes('too large')")
    page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
    )
    write(page, RESULTS, OWN + "\n1 1")
    page.wait_for_function(f"({VALUE})('items') === 30 && {READY}", timeout=BOOT)
    assert "did not keep" in page.locator("[data-part=status]").first.text_content()


def test_two_tabs_show_the_same_and_neither_writes_over_the_other(lab):
    page = lab()
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_function(READY, timeout=BOOT)
    write(page, RESULTS, OWN)
    other.wait_for_function(f"({VALUE})('gained') === 21", timeout=BOOT)
    write(other, "textarea[name=seed_scores]", "70 71 72")
    page.wait_for_function("document.querySelector('textarea[name=seed_scores]').value === '70 71 72'", timeout=BOOT)
    assert page.input_value(RESULTS) == other.input_value(RESULTS) == OWN


MCNEMAR = "labs_py.core.power:mcnemar"
BOX = f'[data-code="{MCNEMAR}"]'


def edit(page, text: str) -> None:
    page.locator(BOX).evaluate("box => { box.open = true; }")
    page.wait_for_selector(f"{BOX} textarea", state="attached")
    page.locator(f"{BOX} textarea").evaluate(
        "(area, text) => { area.value = text; area.dispatchEvent(new Event('input')); }", text)  # fmt: skip
    page.locator(f"{BOX} [data-action=run-code]").evaluate("button => button.click()")


def said(page) -> str:
    return page.locator(f"{BOX} [data-part=reply]").text_content()


def yours(page) -> bool:
    return page.evaluate(f"!document.querySelector('{BOX} [data-part=yours]').hidden")


def test_edited_code_stays_marked_when_one_comes_back_and_is_put_back_for_good(lab):
    page = lab()
    before = page.evaluate(VALUE, "p_value")
    edit(page, "def mcnemar(gained, lost):\n    return 0.123\n")
    page.wait_for_function(f"({VALUE})('p_value') === 0.123 && {READY}", timeout=BOOT)
    page.evaluate("document.querySelector('a[href$=\"labs/\"], .md-tabs a, .md-nav a, header a').click()")
    page.wait_for_function("!document.querySelector('lab-view[slug=evidence]')", timeout=BOOT)
    page.go_back()
    page.wait_for_function(f"{READY} && ({VALUE})('p_value') === 0.123", timeout=BOOT)
    assert yours(page) and page.is_visible("[data-action=fresh]")
    page.locator(BOX).evaluate("box => { box.open = true; }")
    page.wait_for_selector(f"{BOX} textarea", state="attached")
    press(page, f"{BOX} [data-action=reset-code]")
    page.wait_for_function(f"({VALUE})('p_value') === {before} && {READY}", timeout=BOOT)
    assert not yours(page)
    press(page, "[data-action=undo]")
    assert "0.123" in page.input_value(f"{BOX} textarea") and not yours(page)


def test_what_edited_code_breaks_is_named_as_the_readers_and_a_fresh_python_is_one_click(lab):
    page = lab()
    before = page.evaluate(VALUE, "p_value")
    for body, words in (
        ("    return None", "your version of mcnemar"),
        ("    import builtins\n    builtins.len = None\n    builtins.isinstance = None\n    return 1.0", "mcnemar"),
    ):
        edit(page, f"def mcnemar(gained, lost):\n{body}\n")
        page.wait_for_function("(box) => document.querySelector(box).textContent.match(/cannot go on|raised|broke/)",
                               arg=f"{BOX.replace(chr(34), chr(39))} [data-part=reply]", timeout=BOOT)  # fmt: skip
        assert words.lower() in said(page).lower(), said(page)
        page.evaluate("document.querySelector('[data-action=fresh]').click()")
        page.wait_for_function(f"{READY} && ({VALUE})('p_value') === {before}", timeout=BOOT)
        assert not yours(page)
