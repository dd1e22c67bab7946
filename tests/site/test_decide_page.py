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
