"""A walk of random actions through a lab: what is shown is what is computed, and nothing of the reader's is lost.

Each action is one that a hand does: drag, type, a preset, a link, undo, reset, scroll, resize, leave and come back.
"""

from __future__ import annotations

import json
import math
import random

import pytest

from labs_py import api
from tests.effort import EFFORT
from tests.site.lab_pages import BOOT, LAB_PAGES, READY

pytestmark = [pytest.mark.browser, pytest.mark.sampled]

SHORT = [("evidence", 1), ("lora", 2)]
WALKS = [(slug, 1) for slug in sorted(LAB_PAGES) if slug in api.list_labs()] if EFFORT.full else SHORT
OWN = {"evidence": ("results", "0 1\n" * 21 + "1 0\n" * 8), "mask": ("chat", "user: Well?\nassistant: Well."),
       "quantization": ("pasted", "1 2 3\n4 5 6")}  # fmt: skip
CALM = "document.querySelector('lab-view').bridge.busy === false && " + READY
STATE = """() => {
  const lab = document.querySelector('lab-view');
  const chart = [...lab.querySelectorAll('[data-chart]')].find((found) => found.getBoundingClientRect().height > 0);
  chart?.scrollIntoView({block: 'center', behavior: 'instant'});
  const box = chart?.getBoundingClientRect();
  const over = box && document.elementFromPoint(box.left + box.width / 2, Math.min(innerHeight - 5, Math.max(5, box.top + box.height / 2)));
  return {
    params: JSON.parse(lab.dataset.params), state: lab.dataset.state, covered: Boolean(over) && !lab.contains(over),
    values: Object.fromEntries([...lab.querySelectorAll('[data-output][data-value]')].map((found) => [found.dataset.output, found.dataset.value])),
  };
}"""  # noqa: E501


class Walk:
    """One reader in one lab."""

    def __init__(self, page, slug: str, seed: int) -> None:
        self.page, self.slug, self.spec = page, slug, api.spec(slug)
        self.random = random.Random(seed)
        self.done: list[str] = []

    def take(self) -> None:
        """One random action."""
        action = self.random.choice([self.drag, self.drag, self.type, self.choose, self.preset, self.link, self.undo,
                                     self.reset, self.scroll, self.resize, self.leave])  # fmt: skip
        self.done.append(action.__name__)
        action()
        self.page.wait_for_function(CALM, timeout=BOOT)

    def _one_of(self, selector: str) -> int | None:
        count = self.page.locator(selector).count()
        return self.random.randrange(count) if count else None

    def _set(self, selector: str, event: str, value: str) -> None:
        place = self._one_of(selector)
        if place is not None:
            self.page.locator(selector).nth(place).evaluate(
                f"(field, share) => {{ {value}; field.dispatchEvent(new Event('{event}', {{bubbles: true}})); }}",
                self.random.random(),
            )

    def _press(self, selector: str) -> None:
        place = self._one_of(selector)
        if place is not None:
            self.page.locator(selector).nth(place).evaluate("button => button.click()")

    def drag(self) -> None:
        self._set("lab-view [data-param] input[type=range]", "input",
                  "field.value = +field.min + share * (field.max - field.min)")  # fmt: skip

    def type(self) -> None:
        text = self.random.choice(["0,5", "30%", "2", "many", "", "1e-3", "-7", "999999"])
        self._set("lab-view [data-param] .lab-exact", "change", f"field.value = {json.dumps(text)}")

    def choose(self) -> None:
        self._set("lab-view [data-param] select", "change", "field.selectedIndex = Math.floor(share * field.length)")

    def preset(self) -> None:
        self._press("lab-view [data-preset]")

    def link(self) -> None:
        self._press("article a[href^='?']")

    def undo(self) -> None:
        self._press("lab-view [data-action=undo]:not([hidden])")

    def reset(self) -> None:
        self._press("lab-view [data-action=reset]")

    def scroll(self) -> None:
        self.page.mouse.wheel(0, self.random.choice([-1500, -150, 300, 1500]))

    def resize(self) -> None:
        width, height = self.random.choice([(1440, 900), (1280, 800), (390, 844)])
        self.page.set_viewport_size({"width": width, "height": height})

    def leave(self) -> None:
        """To another page and back, as the buttons of the browser do."""
        self.page.evaluate("history.pushState(null, '', location.href)")
        self.page.go_back()
        self.page.wait_for_function(READY, timeout=BOOT)

    def check(self) -> None:
        """What must hold after each action."""
        shown = self.page.evaluate(STATE)
        assert shown["state"] == "ready", self.done[-5:]
        computed = api.last_frame(self.slug, shown["params"])
        for name, text in shown["values"].items():
            if name not in computed["scalars"] or not text:
                continue
            value = computed["scalars"][name]["value"]
            same = math.isclose(float(text), value, rel_tol=1e-6, abs_tol=1e-8) if text != "null" else True
            assert same or not math.isfinite(value), (name, text, value, self.done[-5:])
        assert not shown["covered"], self.done[-5:]
        if self.slug in OWN:
            name, text = OWN[self.slug]
            assert self.page.input_value(f"textarea[name={name}]") == text, self.done[-8:]
        assert not self.page.complaints, (self.page.complaints, self.done[-5:])


@pytest.mark.parametrize("slug, seed", WALKS)
def test_after_each_of_many_random_actions_the_lab_shows_what_is_so(visit, slug, seed):
    page = visit(LAB_PAGES[slug])
    page.wait_for_function(READY, timeout=BOOT)
    walk = Walk(page, slug, seed)
    if slug in OWN:
        name, text = OWN[slug]
        page.locator(f"textarea[name={name}]").evaluate(
            "(field, text) => { field.value = text; field.dispatchEvent(new Event('change', {bubbles: true})); }", text
        )  # fmt: skip
        page.wait_for_function(CALM, timeout=BOOT)
    for step in range(EFFORT.count(50, 500)):
        walk.take()
        if EFFORT.full or step % 5 == 4:
            walk.check()
