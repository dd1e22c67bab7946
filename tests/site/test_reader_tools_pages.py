"""The four tools for the reader, alive: axe in both schemes, by keyboard, hostile addresses, no scripts."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from site_axe import still, violations

from labs_py import api
from tests.effort import EFFORT

pytestmark = pytest.mark.drawn(3)

BOOT = 120_000
READY = "document.querySelector('lab-view')?.dataset.state === 'ready'"
SHOWN = "JSON.parse(document.querySelector('lab-view').dataset.params || '{}')"
# slug, a setting that the keyboard moves, a hostile address and what it must be repaired to
TOOLS = {
    "decide": ("rows", "goal=%00&base=%3Cscript%3E&rows=-1e308&requests=nan", {"goal": "behaviour", "rows": 1}),
    "estimate": ("tokens", "model=__proto__&rank=1e99&price=Infinity&low=90&high=1", {"model": "Qwen2.5-7B"}),
    "evidence": ("gain", "gain=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&rate=nan", {}),
    "mask": ("limit", "template=..%2F..%2Fetc&rule=constructor&limit=0", {"template": "smollm2", "limit": 20}),
}


SEEN = [
    (slug, scheme)
    for nth, slug in enumerate(TOOLS)
    for which, scheme in enumerate(["light", "dark"])
    if EFFORT.full or nth % 2 == which  # each tool in one scheme; make test-long sees both
]


@pytest.mark.few(2)
@pytest.mark.parametrize(("slug", "scheme"), SEEN)
def test_alive_there_is_no_axe_violation(visit, slug, scheme):
    page = visit(f"labs/{slug}/", color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function(READY, timeout=BOOT)
    still(page)
    assert violations(page) == [] and page.complaints == []


@pytest.mark.parametrize("slug", TOOLS)
def test_tab_leads_to_a_setting_and_the_arrow_key_gives_what_core_gives(lab_page, slug):
    name = TOOLS[slug][0]
    page = lab_page(f"labs/{slug}/")
    before = page.evaluate(SHOWN)[name]
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:  # the number box beside a logarithmic slider
            break
    else:
        raise AssertionError(f"no Tab leads to {name}")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"{SHOWN}.{name} < {before} && {READY}", timeout=BOOT)
    scalars = api.last_frame(slug, page.evaluate(SHOWN))["scalars"]
    for scalar, entry in scalars.items():
        shown = page.get_attribute(f"[data-output={scalar}]", "data-value")
        assert float(shown) == pytest.approx(entry["value"], rel=1e-6, abs=1e-9), scalar
    assert not page.complaints


@pytest.mark.parametrize("slug", TOOLS)
def test_a_hostile_address_is_repaired_and_said(lab_page, slug):
    _, query, wanted = TOOLS[slug]
    page = lab_page(f"labs/{slug}/?{query}")
    shown = page.evaluate(SHOWN)
    assert {name: shown[name] for name in wanted} == wanted and not page.complaints
    assert page.locator("lab-view img[src=x], lab-view script").count() == 0


@pytest.mark.parametrize("slug", TOOLS)
def test_without_scripts_the_first_frame_is_what_core_computes(visit, slug):
    page = visit(f"labs/{slug}/", java_script_enabled=False)
    for scalar, entry in api.last_frame(slug)["scalars"].items():
        shown = page.get_attribute(f"[data-output={scalar}]", "data-value")
        assert float(shown) == pytest.approx(entry["value"], rel=1e-6, abs=1e-9), scalar
    for chart in api.spec(slug).charts:
        assert page.locator(f"[data-chart={chart.name}] svg[role=img]").count() == 1, chart.name
        assert page.locator(f"[data-chart={chart.name}] table").count() >= 1, chart.name


def test_a_shared_link_opens_the_plan_that_it_was_shared_for(lab_page):
    goal = quote("reasoning")
    page = lab_page(f"labs/decide/?goal={goal}&base=half&rows=900&private=true")
    page.wait_for_function(f"{READY} && {SHOWN}.goal === 'reasoning'", timeout=BOOT)
    page.wait_for_function("document.querySelector('[data-part=plan] h3').textContent.includes('GRPO')", timeout=BOOT)
    assert "Nothing leaves your machines" in page.inner_text("[data-part=plan]")
