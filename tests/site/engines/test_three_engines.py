"""Every lab, the front page's instrument, the search and the quizzes in Chromium, Firefox and WebKit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "overrides" / "build"))

import engines  # noqa: E402

from labs_py import api  # noqa: E402
from tests.bench.site import node  # noqa: E402
from tests.site.engines.drivers import Chromium, Engine, Firefox, WebKit, screen, until  # noqa: E402
from tests.site.lab_pages import LAB_PAGES, READY, SHOWN  # noqa: E402

pytestmark = pytest.mark.long
LORA = "articles/10-fine-tuning/lora-and-qlora/"
OUTPUTS = """() => Object.fromEntries([...document.querySelectorAll('lab-view [data-output][data-value]')].map(
  (output) => [output.dataset.output, Number(output.dataset.value)]))"""
SLIDER, CHOICE = "lab-view [data-param=%s] input[type=range]", "lab-view [data-param=%s] select"
CHOOSE = """(field) => { const select = document.querySelector(field);
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  for (const type of ['input', 'change']) select.dispatchEvent(new Event(type, {bubbles: true})); }"""
FOCUS = """(field) => { const found = document.querySelector(field);
  found.scrollIntoView({block: 'center'}); found.focus(); }"""
ASK = """(question) => { document.querySelector('real-model [data-part=own]').value = question;
  document.querySelector('real-model [data-part=ask]').click(); }"""
HITS = """() => [...document.querySelectorAll('.md-search-result [data-md-score]')].sort(
  (a, b) => b.dataset.mdScore - a.dataset.mdScore).map((hit) => hit.closest('a').pathname)"""


@pytest.fixture(scope="module", params=engines.wanted())
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each browser in turn."""
    if lacking := set(engines.lacking()) & {request.param}:
        pytest.fail(f"{lacking.pop()} is not there: make test-long sets it up (overrides/build/engines.py)")
    if request.param == "chromium":
        found = Chromium(request.getfixturevalue("browser"))
        yield found
        found.close()
    elif request.param == "firefox":
        found = Firefox(node(), str(engines.program("firefox")))
        yield found
        found.close()
    else:
        with screen() as display:
            found = WebKit(str(engines.program("WebKitWebDriver")), str(engines.program("MiniBrowser")), display)
            yield found
            found.close()


def first_control(slug: str) -> tuple[str, str]:
    """Name and kind of a main control of a lab: a slider where there is one, else a choice."""
    params = [param for param in api.spec(slug).params if param.name in api.main_params(slug)]
    found = next((p for p in params if p.kind == "range"), None) or next(p for p in params if p.kind == "choice")
    return found.name, found.kind


@pytest.mark.parametrize("slug", LAB_PAGES)
def test_a_lab_starts_follows_its_control_and_says_what_python_says_here(engine: Engine, site_url: str, slug: str):
    engine.open(site_url + LAB_PAGES[slug])
    engine.run("() => document.querySelector('lab-view').scrollIntoView()")
    until(engine, f"() => {READY}")
    name, kind = first_control(slug)
    before = engine.run(f"(name) => ({SHOWN})[name] ?? null", name)
    if kind == "range":
        engine.run(FOCUS, SLIDER % name)
        engine.press("ArrowRight")
    else:
        engine.run(CHOOSE, CHOICE % name)
    until(engine, f"(name, before) => {READY} && name in ({SHOWN}) && ({SHOWN})[name] !== before", name, before)
    params = engine.run(f"() => ({SHOWN})")
    here = {output: number["value"] for output, number in api.last_frame(slug, params)["scalars"].items()}
    shown = {output: value for output, value in engine.run(OUTPUTS).items() if value is not None}
    assert shown and shown == pytest.approx({output: here[output] for output in shown}, rel=1e-4, abs=1e-6)
    assert engine.complaints() == []


def test_the_real_model_offers_itself_is_fetched_when_asked_for_and_answers(engine: Engine, site_url: str):
    """It says that it is ready only when its first answer is the stored one, token by token."""
    engine.open(site_url + "labs/real-model/")
    offer = "() => document.querySelector('real-model [data-part=fetch]:not([hidden])')?.textContent.includes('MB')"
    until(engine, offer)
    assert engine.run("() => document.querySelector('real-model [data-part=ask]').disabled") is True
    engine.click("real-model [data-part=fetch]")
    until(engine, "() => document.querySelector('real-model').dataset.state === 'ready'", starts=3)
    engine.run(ASK, "What is a prime number?")
    until(
        engine,
        "() => /tokens a second/.test(document.querySelector('real-model [data-part=status]').textContent)",
        starts=3,
    )
    assert engine.run("() => document.querySelector('real-model [data-part=answer-base]').textContent").count(" ") > 5
    assert engine.complaints() == []


def test_the_front_page_follows_the_keys(engine: Engine, site_url: str):
    engine.open(site_url)
    until(engine, "() => document.querySelector('rank-cut[data-rank=\"8\"]')?.dataset.rank")
    engine.run(FOCUS, "rank-cut input")
    engine.press("ArrowRight")
    until(engine, "() => document.querySelectorAll('rank-cut rect.kept').length === 9")
    engine.press("End")
    until(engine, "() => document.querySelector('rank-cut [data-part=kept]').textContent === '100%'")
    assert engine.complaints() == []


def test_the_search_finds_what_is_typed(engine: Engine, site_url: str):
    engine.open(site_url + "reference/notation/")
    engine.click(".md-search__input")
    until(engine, "() => !/Initializing/.test(document.querySelector('.md-search-result__meta').textContent)")
    engine.write("learning rate")
    page = "articles/10-fine-tuning/supervised-fine-tuning/"
    until(engine, f"(page) => ({HITS})()[0]?.endsWith(page)", page)
    assert engine.complaints() == []


def test_a_quiz_counts_the_first_answers(engine: Engine, site_url: str):
    engine.open(site_url + LORA)
    engine.click("[data-question='0'] [data-right=true] summary")
    tally = "(said) => document.querySelector('.s10-quiz__tally')?.textContent.includes(said)"
    until(engine, tally, "1 of 1 right at the first try")
    engine.click("[data-question='1'] [data-right=false] summary")
    until(engine, tally, "1 of 2 right at the first try")
    assert engine.complaints() == []
