"""The decision tool in the page: answers change the plan, the configuration is what core writes, no scripts."""

from __future__ import annotations

from labs_py.core import decision
from tests.site.lab_pages import BOOT


def test_answers_change_the_plan_and_the_configuration(lab_page):
    page = lab_page("labs/decide/?base=poor&rows=500")
    page.select_option("select[name=goal]", "preference")
    page.select_option("select[name=base]", "half")
    page.wait_for_function("document.querySelector('[data-part=plan] h3').textContent.includes('DPO')", timeout=BOOT)
    profile = decision.Profile("preference", "half", True, 500, False, "cpu")
    assert page.text_content("[data-part=configuration]") == decision.configuration(profile)
    assert not page.complaints


def test_without_scripts_a_plan_stands(visit):
    page = visit("labs/decide/", java_script_enabled=False)
    assert page.inner_text("[data-part=plan] h3") == "Ask the base first."


def test_all_rules_stand_beside_the_plan_and_show_which_one_decides(lab_page):
    """The middle of the lab was empty on arrival; a reader saw the rule that fired and none of the others."""
    page = lab_page("labs/decide/")
    rules = page.locator("[data-part=rules] li")
    assert rules.count() == len(decision.RULES)
    assert rules.locator("s").all_inner_texts() == [decision.RULES[0].name]
    assert rules.locator("strong").inner_text().startswith(decision.RULES[1].name)
    page.locator("[data-part=rules] summary").click()
    page.select_option("select[name=base]", "poor")
    page.wait_for_function("document.querySelectorAll('[data-part=rules] s').length > 1", timeout=BOOT)
    assert rules.locator("strong").count() == 1
    assert page.evaluate("document.querySelector('[data-part=rules] details').open") is False  # as the reader left it
