"""An exercise in its page: graded by the labs' Python, kept in the record, by keys, on a phone, without scripts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from labs_py.exercises import grading
from tests.effort import EFFORT
from tests.site.site_axe import still, violations
from tests.unit.exercises.wrong_solutions import WRONG

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import macros  # noqa: E402

pytestmark = pytest.mark.drawn(5)

LORA = "articles/10-fine-tuning/lora-and-qlora/"
NAME = "lora-forward"


def stands() -> dict[str, list[str]]:
    """Name of each exercise -> the pages that show it."""
    found: dict[str, list[str]] = {name: [] for name in grading.names()}
    for file in sorted((ROOT / "docs").rglob("*.md")):
        for _, call in macros.calls(file.read_text(encoding="utf-8")):
            if call.name != "exercise":
                continue
            [name] = call.args
            found.setdefault(name, []).append(file.relative_to(ROOT / "docs").with_suffix("").as_posix() + "/")
    return found


def test_each_exercise_stands_on_one_page_and_the_site_knows_where(site_dir: Path) -> None:
    assert [name for name, pages in stands().items() if len(pages) != 1] == []
    first = (site_dir / "assets" / "exercises.js").read_text().splitlines()[0]
    listed = json.loads(first.removeprefix("export default ").rstrip(";"))
    assert {one["name"]: one["address"] for one in listed} == {
        name: f"{page}#exercise-{name}" for name, [page] in stands().items()
    }


@pytest.fixture
def lora(visit: Callable[..., Page]) -> Iterator[Page]:
    page = visit(LORA, labs=False)
    page.wait_for_selector(f"[data-exercise={NAME}] textarea", state="attached")
    yield page
    assert page.complaints == []


def box_of(page: Page, name: str = NAME):
    return page.locator(f"[data-exercise={name}]")


def check(page: Page, text: str, name: str = NAME) -> str:
    """Write a solution, check it, and give back what is said."""
    box = box_of(page, name)
    box.locator("textarea").fill(text)
    box.locator("[data-action=check]").click()
    expect(box.get_by_role("status")).to_have_text(re.compile("^[✓✗] "))
    return box.get_by_role("status").inner_text()


def test_wrong_hint_right_and_kept(lora: Page) -> None:
    assert not [url for url in lora.requested if "pyodide" in url], "Python is fetched before it is asked for"
    box = box_of(lora)
    assert box.get_attribute("data-result") == "untried"
    key, wrong = WRONG[NAME][0]
    said = check(lora, wrong)
    assert said == f"✗ {grading.grade(NAME, wrong, 1).message}"
    assert box.get_attribute("data-result") == "wrong"
    assert not box.locator("[data-action=solution]").is_visible()
    box.locator("[data-action=hint]").click()
    expect(box.get_by_role("status")).to_contain_text("Hint 1")
    box.locator("[data-action=check]").click()
    expect(box.locator("[data-action=solution]")).to_be_visible()
    box.locator("[data-action=solution]").click()
    expect(box.locator("[data-part=solution] pre")).to_contain_text("rank = a.shape[0]")
    check(lora, grading.load(NAME).solution)
    assert box.get_attribute("data-result") == "right" and box.get_attribute("data-own") is not None
    lora.reload()
    expect(box.locator("textarea")).to_have_value(grading.load(NAME).solution)
    expect(box).to_have_attribute("data-result", "right")
    assert box.locator("[data-part=hints] li").first.is_visible()


def test_put_back_can_be_undone_after_a_reload_as_well(lora: Page) -> None:
    box = box_of(lora)
    box.locator("textarea").fill("mine = 1\n")
    box.locator("[data-action=put-back]").click()
    expect(box.locator("textarea")).to_have_value(grading.load(NAME).starter)
    assert box.get_attribute("data-own") is None
    lora.reload()
    box.locator("[data-action=undo]").click()
    expect(box.locator("textarea")).to_have_value("mine = 1\n")


def test_an_endless_loop_is_ended_and_the_text_is_kept(visit: Callable[..., Page]) -> None:
    page = visit(
        LORA, labs=False, init="globalThis.stage10LabSettings = {...globalThis.stage10LabSettings, editedSilence: 1500}"
    )
    box = box_of(page)
    endless = f"def {grading.load(NAME).function}(*given):\n    while True:\n        pass\n"
    box.locator("textarea").fill(endless)
    box.locator("[data-action=check]").click()
    expect(box.get_by_role("status")).to_contain_text("endless loop")
    assert box.get_attribute("data-result") == "wrong"
    assert box.locator("textarea").input_value() == endless
    check(page, f"import numpy as np\ndef {grading.load(NAME).function}(*given):\n    return np.zeros(10**15)\n")
    assert check(page, grading.load(NAME).solution).startswith("✓")
    assert page.evaluate("stage10Labs.spawned") == 2


GROWING = {
    "a list": "kept.append([0] * 10_000)",
    "bytes": "kept.append(bytes(1_000_000))",
    "one text": "kept[:] = [''.join(kept) + 'x' * 1_000_000]",
    "arrays": "kept.append(np.ones((500, 500)))",
}


@pytest.mark.parametrize("what", GROWING)
def test_code_that_grows_without_end_is_ended_and_its_memory_given_back(visit: Callable[..., Page], what: str) -> None:
    patient = "{...globalThis.stage10LabSettings, editedSilence: 120_000}"  # so that it is not the time that ends it
    page = visit(LORA, labs=False, init=f"globalThis.stage10LabSettings = {patient}")
    function = grading.load(NAME).function
    grows = f"import numpy as np\nkept = []\ndef {function}(*given):\n    while True:\n        {GROWING[what]}\n"
    said = check(page, grows)
    assert "Your function asks for more memory" in said and "Python was started again" in said
    assert box_of(page).locator("textarea").input_value() == grows
    assert check(page, grading.load(NAME).solution).startswith("✓")
    assert page.evaluate("stage10Labs.spawned") == 2
    assert page.complaints == []


def test_by_keys_alone(lora: Page) -> None:
    box = box_of(lora)
    field = box.locator("textarea")
    field.fill("def f():")
    field.press("End")
    for key in ("Enter", "a", "Enter", "Tab", "b", "Shift+Tab"):
        field.press(key)
    assert field.input_value() == "def f():\n    a\n    b"
    field.press("Control+z")
    assert field.input_value() == "def f():\n    a\n        b", "what Tab and Enter wrote can be undone"
    field.fill("def f(): pass\n")
    field.press("Control+Enter")
    expect(box.get_by_role("status")).to_contain_text("no function called lora_forward")
    field.focus()
    field.press("Escape")
    expect(box.locator("[data-action=check]")).to_be_focused()
    lora.keyboard.press("Tab")
    expect(box.locator("[data-action=hint]")).to_be_focused()


@pytest.mark.few(1)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_shows_all(visit: Callable[..., Page], scheme: str) -> None:
    page = visit(LORA, labs=False, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    box = box_of(page)
    box.locator("textarea").fill("import numpy as np  # a comment\ndef f(x):\n    return 'text', 12\n")
    box.locator("[data-action=hint]").click()
    still(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sides = box.bounding_box()
    assert sides and sides["x"] >= 0 and sides["x"] + sides["width"] <= 390


def test_without_scripts_the_task_and_a_command_stand_there(browser: Browser, site_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url + LORA)
    box = box_of(page)
    for said in (
        "Write the forward pass",
        "def lora_forward",
        "needs scripts",
        f"python -m labs_py.exercise {NAME} FILE",
    ):
        assert said in box.inner_text()
    assert not box.locator("button").first.is_visible() and "alpha / rank" not in box.inner_text()
    context.close()


GRADE_ALL = """async (asked) => {
  const bridge = globalThis.stage10Labs;
  await bridge.bring("exercises");
  const out = [];
  for (const one of asked) out.push(await bridge.grade({slug: "exercises", ...one}));
  return out;
}"""


@pytest.mark.sampled
def test_the_page_says_what_a_terminal_says(lora: Page) -> None:
    """Every exercise through the page's own worker: our solution and the wrong ones, word for word."""
    check(lora, grading.load(NAME).solution)
    seeds = range(EFFORT.count(1, 4))
    asked = [
        {"name": name, "seed": seed, "text": text}
        for name in grading.names()
        for text in (grading.load(name).solution, *(text for _, text in WRONG[name][: EFFORT.count(1, 9)]))
        for seed in seeds
    ]
    given = lora.evaluate(GRADE_ALL, asked)
    native = [vars(grading.grade(one["name"], one["text"], one["seed"])) for one in asked]
    assert given == native
