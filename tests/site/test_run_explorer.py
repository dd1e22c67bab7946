"""The run explorer in a browser: a link restores its choice, a choice makes the link, and scripts may be off."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from site_axe import still, violations

pytestmark = pytest.mark.drawn(3)

RUNS = Path(__file__).resolve().parents[2] / "docs" / "data" / "runs"


def test_a_link_restores_a_choice(visit):
    page = visit("runs/?task=orders&method=SFT&runs=orders-main-s0,adapter-pissa-s0,not-there")
    expect(page.locator(".s10-runs__status")).to_contain_text("2 chosen")
    assert page.locator("select[name=task]").input_value() == "orders"
    assert page.locator("select[name=method]").input_value() == "SFT"
    assert page.locator(".s10-runs__list input:checked").evaluate_all("all => all.map((box) => box.value)") == [
        "adapter-pissa-s0", "orders-main-s0"]  # fmt: skip
    beside = page.locator(".s10-runs__beside")
    expect(beside).to_contain_text("pissa_niter_16")
    expect(beside).to_contain_text("Answers to general questions")
    expect(beside.locator(".lab-line")).to_have_count(2)
    assert page.locator(".s10-runs__point.is-chosen").count() == 2
    still(page)
    assert not violations(page) and not page.complaints


def test_what_is_chosen_stands_in_the_address_and_survives_a_reload(visit):
    page = visit("runs/", viewport={"width": 390, "height": 844})
    page.locator("select[name=task]").select_option("workshop")
    box = page.get_by_role("checkbox", name="embed-mined-s0")
    box.focus()
    page.keyboard.press("Space")
    expect(page.locator(".s10-runs__status")).to_contain_text("1 chosen")
    assert page.evaluate("document.activeElement.value") == "embed-mined-s0"
    assert page.url.endswith("runs/?task=workshop&runs=embed-mined-s0")
    page.reload()
    expect(page.locator(".s10-runs__beside h3")).to_have_text("Side by side")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_chosen_run_that_the_filters_leave_out_can_be_let_go(visit):
    page = visit("runs/?task=orders&runs=embed-mined-s0")
    box = page.locator(".s10-runs__list input[value=embed-mined-s0]")
    box.click()
    expect(page.locator(".s10-runs__status")).to_contain_text("0 chosen")
    assert page.locator(".s10-runs__beside h3").count() == 0
    assert box.count() == 0


def test_without_scripts_every_record_stands_in_the_page(visit):
    page = visit("runs/", java_script_enabled=False)
    said = page.locator("article").text_content()
    assert not [file.stem for file in RUNS.glob("*.json") if file.stem not in said]
    assert page.locator("figure[data-figure] svg[role=img]").count() >= 7
    assert "needs scripts" in page.locator("run-explorer").text_content()


def test_the_page_and_its_data_are_light(site_dir):
    assert (site_dir / "runs" / "index.html").stat().st_size <= 300_000
    assert (site_dir / "assets" / "runs.js").stat().st_size <= 16_000
