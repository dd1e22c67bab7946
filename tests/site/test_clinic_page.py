"""The clinic in the page: a patient is played by keyboard, on a phone too; the table of symptoms filters."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from labs_py import api
from labs_py.core.clinic import patients
from labs_py.core.clinic.symptoms import SYMPTOMS
from tests.site.lab_pages import BOOT, READY
from tests.site.site_axe import still, violations

pytestmark = pytest.mark.drawn(3)

PAGE = "labs/clinic/"
FIRST = api.spec("clinic").param("patient").default
PHONE = {"viewport": {"width": 390, "height": 844}}
FOUND = "document.querySelectorAll('[data-finding]').length"


def choose(page, name: str, value: str) -> None:
    """Choose by keyboard: focus the control and walk down its list."""
    control = page.locator(f"select[name={name}]")
    control.focus()
    values = control.locator("option").evaluate_all("options => options.map((option) => option.value)")
    for _ in range(values.index(value)):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert control.input_value() == value


def test_a_patient_is_played_to_a_right_diagnosis_by_keyboard(visit):
    page = visit(PAGE)
    page.wait_for_function(READY, timeout=BOOT)
    page.locator("[data-evidence=rows]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{FOUND} === 2", timeout=BOOT)
    assert page.get_attribute("[data-output=minutes_left]", "data-value") == "25"
    assert page.evaluate("document.activeElement.dataset.evidence") == "rows"
    page.keyboard.press("Enter")
    assert page.get_attribute("[data-evidence=rows]", "aria-pressed") == "true"
    cause = patients.cause_of(FIRST).name
    choose(page, "cause", cause)
    choose(page, "repair", cause)
    page.locator("[data-action=run]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-verdict=works]", timeout=BOOT)
    assert "The cause is right" in page.inner_text("[data-verdict=right]")
    assert "with the repair" in page.text_content("[data-chart=right]")
    assert not page.complaints


def test_a_wrong_cause_is_answered_and_the_budget_ends(visit):
    page = visit(PAGE + "?cause=template&repair=template")
    page.wait_for_function(READY, timeout=BOOT)
    for nth, name in enumerate(("overfit", "labels", "kinds"), 2):
        page.click(f"[data-evidence={name}]")
        page.wait_for_function(f"{FOUND} === {nth}", timeout=BOOT)
    assert page.get_attribute("[data-evidence=rows]", "aria-disabled") is None
    page.click("[data-evidence=rows]")
    page.wait_for_function(f"{FOUND} === 5", timeout=BOOT)
    assert page.get_attribute("[data-evidence=mask]", "aria-disabled") == "true"
    page.click("[data-action=run]")
    page.wait_for_selector("[data-verdict=same]", timeout=BOOT)
    assert "Told apart by" in page.inner_text("[data-verdict=wrong]")
    expect(page.locator("[data-verdict=wrong]")).to_be_in_viewport()  # the findings had been scrolled past it


BROKEN = """() => [...document.querySelectorAll('[data-finding] th')].flatMap((head) => {
  const text = document.createTreeWalker(head, NodeFilter.SHOW_TEXT).nextNode();
  return [...text.data.matchAll(/\\S+/g)].filter(({0: word, index}) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return range.getClientRects().length > 1;
  }).map(([word]) => word);
})"""


def test_no_word_of_a_findings_head_is_broken_on_a_phone(visit):
    page = visit(PAGE + "?patient=5", **PHONE)
    page.wait_for_function(READY, timeout=BOOT)
    page.click("[data-evidence=kinds]")
    page.wait_for_function(f"{FOUND} === 2", timeout=BOOT)
    assert page.locator("[data-finding] th").count() >= 5
    assert page.evaluate(BROKEN) == []


def test_what_was_asked_stands_again_after_a_reload_with_the_menu_in_sight(visit):
    page = visit(PAGE)
    page.wait_for_function(READY, timeout=BOOT)
    page.click("[data-evidence=mask]")
    page.wait_for_function(f"{FOUND} === 2", timeout=BOOT)
    expect(page.locator("[data-evidence=settings]")).not_to_be_in_viewport()  # the long finding was asked for
    page.reload()
    page.wait_for_function(f"{FOUND} === 2 && {READY}", timeout=BOOT)
    expect(page.locator("[data-evidence=settings]")).to_be_in_viewport()


def test_the_first_patient_stands_without_scripts(visit):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("[data-finding] tbody tr").count() == 3
    assert page.locator("[data-chart=loss] svg[role=img]").count() == 1
    assert page.locator("[data-evidence]").count() >= 12


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["wide", "phone", "dark"])
@pytest.mark.parametrize("path", [PAGE, "labs/symptoms/"])
def test_nothing_is_cut_off_and_axe_finds_nothing(visit, path, options):
    page = visit(path, labs=False, **options)
    still(page)
    assert not violations(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


def test_the_table_of_symptoms_is_filtered_word_by_word(visit):
    page = visit("labs/symptoms/")
    lines = page.locator("symptom-filter tbody tr")
    assert lines.count() == len(SYMPTOMS)
    page.get_by_label("Filter by what you see").fill("stop token")
    assert 1 <= lines.locator("visible=true").count() < len(SYMPTOMS)
    page.get_by_label("Filter by what you see").fill("merge scaled")
    assert lines.locator("visible=true").count() == 1
    assert page.inner_text("symptom-filter [role=status]") == "1 line"
    link = lines.locator("visible=true").locator("a").first.get_attribute("href")
    assert link.endswith("/labs/clinic/?patient=38") or link.endswith("../clinic/?patient=38")
