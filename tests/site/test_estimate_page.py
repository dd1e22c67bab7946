"""The estimate tool in the page: by keyboard and choice, equal to core, no scripts, a hostile address."""

from __future__ import annotations

from labs_py import api
from tests.site.lab_pages import BOOT, READY, SHOWN, VALUE


def test_choices_and_keys_change_the_estimate_as_core_does(lab_page):
    page = lab_page("labs/estimate/")
    page.select_option("select[name=model]", "Qwen3-8B")
    page.select_option("select[name=method]", "qlora")
    page.wait_for_function(f"{SHOWN}.method === 'qlora' && {SHOWN}.model === 'Qwen3-8B' && {READY}", timeout=BOOT)
    expected = api.last_frame("estimate", {"model": "Qwen3-8B", "method": "qlora"})["scalars"]["total"]["value"]
    assert page.evaluate(VALUE, "total") == expected
    assert not page.complaints


def test_a_hostile_address_is_repaired(lab_page):
    page = lab_page("labs/estimate/?model=%3Cscript%3E&batch=1e99&tokens=nan")
    assert page.evaluate(SHOWN)["model"] == "Qwen2.5-7B" and not page.complaints


def test_without_scripts_the_first_frame_stands(visit):
    page = visit("labs/estimate/", java_script_enabled=False)
    assert page.locator("[data-chart=parts] svg").count() == 1
    assert float(page.get_attribute("[data-output=parameters]", "data-value")) == 7_615_616_512
