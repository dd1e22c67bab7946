"""A hand that does anything: drags, types, presses presets and links, leaves, comes back, in two tabs, on any screen.

After each action the page is held to what holds always: what is shown is what was computed for the settings that stand,
nothing that the reader made is gone, no script complained, nothing lies over the instrument.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from labs_py import api
from tests.effort import EFFORT
from tests.site.lab_pages import BOOT, LAB_PAGES, READY

LABS = sorted(LAB_PAGES)
SOME_LABS = EFFORT.some(LABS, 2)  # make test-long walks through all of them
ACTIONS = (50, 500)
SEED = 25
SIZES = ((1440, 900), (1280, 800), (1920, 1080), (820, 1180), (390, 844), (720, 450))
AT_LAST = 4 * BOOT  # a whole training of a lab, on a busy machine
CALM = f"{READY} && document.querySelector('lab-view').bridge.busy === false"
# What a reader writes into each kind of field of their own.
OWN_TEXT = (
    "0 1\n1 0\n1 1\n0 1",
    "70 71 72 74",
    "user: a\nassistant: b",
    '{"messages": [1]}',
    "½ 日本 {{ x }}",
    "1,5\n2,5 3",
)
TYPED = ("0,5", "1e-1", "7", "49%", "1 000", "-3", "many", "", "99999999999")
STATE = Path(__file__).with_name("walk_state.js").read_text(encoding="utf-8")


PICK = """([selector, share]) => {
  const inUse = [...document.querySelectorAll(selector)].filter((e) => !e.matches(':disabled') && e.checkVisibility() &&
    !e.closest('[hidden]') && !(e.search && e.pathname !== location.pathname));
  return inUse[Math.floor(share * inUse.length)] ?? null;
}"""


class Walk:
    """One reader in one lab. ``line`` is what was done so far, for whoever reads a failure."""

    def __init__(self, page, slug: str, rng: random.Random):
        self.page, self.slug, self.rng = page, slug, rng
        self.spec = api.spec(slug)
        self.line: list[str] = []
        self.own: dict = {}
        self.docked = False

    def rest(self) -> dict:
        """Wait until nothing runs, then say how the page stands."""
        self.page.wait_for_function(CALM, timeout=AT_LAST)
        self.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        return self.page.evaluate(STATE)

    def pick(self, selector: str):
        """One of the elements that are in use now and can be seen without opening anything, or None."""
        return self.page.evaluate_handle(PICK, [selector, self.rng.random()]).as_element()

    # Each action returns what it did in a word, or None where it was not possible.
    def drag(self):
        slider = self.pick("[data-region=rail] input[type=range], .lab-grip")
        if not slider:
            return None
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] / 2, middle)
        self.page.mouse.down()
        for _ in range(4):
            self.page.mouse.move(box["x"] + self.rng.random() * max(box["width"], 90), middle, steps=2)
        self.page.mouse.up()
        return slider.get_attribute("name") or slider.get_attribute("aria-label")

    def type(self):
        field = self.pick("[data-region=rail] .lab-exact")
        if not field:
            return None
        text = self.rng.choice(TYPED)
        field.fill(text)
        self.page.keyboard.press(self.rng.choice(("Enter", "Tab", "ArrowUp")))
        return f"{field.get_attribute('data-exact') or field.get_attribute('name')} {text!r}"

    def choose(self):
        select = self.pick("[data-region=rail] select")
        if not select:
            return None
        value = self.rng.choice([o.get_attribute("value") for o in select.query_selector_all("option")])
        select.select_option(value)
        return f"{select.get_attribute('name')} {value}"

    def tick(self):
        box = self.pick("[data-region=rail] input[type=checkbox]")
        return box and (box.click(timeout=BOOT), box.get_attribute("name"))[1]

    def write(self):
        field = self.pick("lab-view .lab-pasted textarea")
        if not field:
            return None
        name, text = field.get_attribute("name"), self.rng.choice(OWN_TEXT)
        field.fill(text)
        field.dispatch_event("change")
        self.own[name] = text
        return f"{name} {text!r}"

    def press(self, selector: str):
        button = self.pick(selector)
        return button and (button.inner_text()[:30], button.click(timeout=BOOT))[0]

    def preset(self):
        return self.press("[data-preset]")

    def reset(self):
        return self.press("[data-action=reset]")

    def undo(self):
        before = self.page.evaluate(STATE)["own"]
        done = self.press("[data-action=undo]")
        if done:
            now = self.rest()
            # What it replaced of the reader's own can be brought back as well.
            assert (
                now["own"] == before
                or now["undo"]
                or all(before[n] == self.spec.param(n).default for n in before if before[n] != now["own"][n])
            ), self.line
            self.own = now["own"]
        return done

    def scene(self):
        return self.press("[data-scene-link]")

    def link(self):
        link = self.pick("article a[href*='?']")
        return link and (link.click(timeout=BOOT), link.get_attribute("href"))[1]

    def run(self):
        if not self.press("[data-action=run]"):
            return None
        if self.rng.random() < 0.5:
            self.page.wait_for_timeout(60)
            self.page.evaluate("document.querySelector('[data-action=stop]').click()")
        return "run"

    def leave(self):
        """By a link of the site, and back; now and then by a reload."""
        if self.rng.random() < 0.3:
            self.page.reload()
        else:
            self.page.evaluate("document.querySelector('.md-header a.md-logo, .md-header__button.md-logo').click()")
            self.page.wait_for_function("!document.querySelector('lab-view.is-awake')", timeout=BOOT)
            self.page.go_back()
        self.page.wait_for_selector("lab-view.is-awake", state="attached", timeout=BOOT)
        self.page.wait_for_function(READY, timeout=BOOT)
        return "and back"

    def resize(self):
        width, height = self.rng.choice(SIZES)
        self.page.set_viewport_size({"width": width, "height": height})
        return f"{width} x {height}"

    def scroll(self):
        self.page.mouse.wheel(0, self.rng.choice((-4000, -300, -150, 200, 900, 4000)))
        self.page.wait_for_timeout(30)
        return "wheel"

    def drawer(self):
        return self.press("[data-action=drawer], [data-action=close-drawer]")

    def other_tab(self):
        """Another tab of the same reader writes something of its own, and goes."""
        fields = [p.name for p in self.spec.params if p.kind == "text" and not p.hidden]
        if not fields:
            return None
        name, text = self.rng.choice(fields), self.rng.choice(OWN_TEXT)
        other = self.page.context.new_page()
        other.goto(self.page.url)
        other.wait_for_selector("lab-view.is-awake", state="attached", timeout=BOOT)
        change = "([name, text]) => document.querySelector('lab-view').setParams({ [name]: text })"
        other.evaluate(f"{change} && null", [name, text])
        other.close()
        found = "([name, text]) => document.querySelector('lab-view').params[name] === text"
        self.page.wait_for_function(found, arg=[name, text], timeout=BOOT)
        self.own[name] = text
        return f"{name} {text!r}"

    OFTEN = ("drag", "type", "choose", "preset", "scene", "scroll", "write", "undo", "link")
    SELDOM = ("tick", "reset", "run", "leave", "resize", "drawer", "other_tab")

    def step(self) -> None:
        """One action and the checks after it."""
        done = None
        while done is None:  # until something is possible here: five hundred actions are five hundred
            name = self.rng.choice(2 * self.OFTEN + self.SELDOM)
            if self.docked and name not in ("scroll", "resize", "leave"):
                name = "drawer"  # on a small screen it lies over the controls until it is closed
            done = getattr(self, name)()
        self.line.append(f"{name}: {done}")
        now = self.rest()
        self.docked = now["docked"]
        where = f"{self.slug} after {' | '.join(self.line[-8:])}"
        assert now["differ"] == [], f"settings and frame differ: {where}"
        assert now["fields"] == [], f"a control shows something else: {now['fields']}: {where}"
        assert now["numbers"] == [], f"a number is not the frame's: {now['numbers']}: {where}"
        assert now["over"] == [], f"over the instrument: {now['over']}: {where}"
        assert now["across"] <= 0, f"the page is too wide by {now['across']}: {where}"
        assert self.page.complaints == [], f"{self.page.complaints}: {where}"
        assert {n: now["own"][n] for n in self.own} == self.own, f"the reader's own is gone: {where}"
        if self.rng.random() < 0.05 and not now["ran"]:
            self.compare(now, where)

    def compare(self, now: dict, where: str) -> None:
        """The numbers are those that the same lab computes natively."""
        native = api.last_frame(self.slug, now["params"])["scalars"]
        near = max(1e-6, 10 * self.spec.scalar_tolerance)
        for name, value in now["computed"].items():
            if value is not None:
                assert value == pytest.approx(native[name]["value"], rel=near, abs=near), f"{name}: {where}"


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_whatever_a_hand_does_the_lab_holds(visit, slug):
    page = visit(LAB_PAGES[slug], viewport={"width": 1440, "height": 900})
    page.on("console", lambda said: page.complaints.append(f"{said.text} {said.location.get('url')}")
            if said.type == "error" else None)  # fmt: skip
    page.wait_for_selector("lab-view.is-awake", state="attached", timeout=BOOT)
    page.wait_for_function(READY, timeout=BOOT)
    walk = Walk(page, slug, random.Random(f"{SEED} {slug}"))
    for number in range(EFFORT.count(*ACTIONS)):
        try:
            walk.step()
        except Exception as error:
            error.add_note(f"{slug}, action {number + 1} after {' | '.join(walk.line[-8:])}")
            raise
    assert len(walk.line) == EFFORT.count(*ACTIONS)
