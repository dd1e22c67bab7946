"""Three browsers behind the same few calls: Chromium by Playwright, Firefox by WebDriver BiDi, WebKit by WebDriver."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, Page

from tests.site.lab_pages import BOOT

SIZE = {"width": 1440, "height": 900}
LISTEN = """() => { window.complaints = [];
  addEventListener('error', (event) => complaints.push(event.message));
  addEventListener('unhandledrejection', (event) => complaints.push(String(event.reason))); }"""


class Engine(Protocol):
    """A browser with one page."""

    def open(self, url: str) -> None:
        """Visit an address anew and wait until it has loaded."""

    def run(self, script: str, *values: Any) -> Any:
        """What a JavaScript function returns for these values, as JSON."""

    def click(self, selector: str) -> None:
        """Press the mouse over the first element that fits."""

    def press(self, key: str) -> None:
        """Press a key, by its name in KeyboardEvent.key."""

    def write(self, text: str) -> None:
        """Type a text, key by key."""

    def complaints(self) -> list[str]:
        """Errors of scripts that nobody caught, since the last call; WebKit tells of those after the load alone."""


def until(engine: Engine, script: str, *values: Any, starts: int = 1) -> Any:
    """The first value of ``script`` that counts as true.

    Raises:
        AssertionError: none came in the time in which so many labs start on a busy machine.
    """
    end = time.monotonic() + starts * BOOT / 1000
    while not (found := engine.run(script, *values)):
        assert time.monotonic() < end, f"never true: {script} {values}; {engine.complaints()}"
        time.sleep(0.1)
    return found


class Chromium:
    """The browser of all other tests."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None
        self._complaints: list[str] = []

    def open(self, url: str) -> None:
        if self._page:
            self._page.context.close()
        self._page = self._browser.new_context(viewport=SIZE).new_page()
        self._page.on("pageerror", lambda error: self._complaints.append(str(error)))
        self._page.goto(url, wait_until="load")

    def run(self, script: str, *values: Any) -> Any:
        # Playwright hands over a NaN as it is; the other two speak JSON, where it is null.
        said = self._page.evaluate(f"(values) => JSON.stringify(({script})(...values) ?? null)", list(values))
        return json.loads(said)

    def click(self, selector: str) -> None:
        self._page.click(f"{selector} >> nth=0")

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def write(self, text: str) -> None:
        self._page.keyboard.type(text)

    def complaints(self) -> list[str]:
        found, self._complaints = self._complaints, []
        return found

    def close(self) -> None:
        if self._page:
            self._page.context.close()


class Firefox:
    """A Firefox, asked over a line (firefox.mjs)."""

    def __init__(self, node: str, program: str) -> None:
        script = Path(__file__).with_name("firefox.mjs")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([node, str(script), program], **pipes)

    def _ask(self, call: str, **given: Any) -> Any:
        self._process.stdin.write(json.dumps({"call": call, **given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "Firefox has ended"}
        if "error" in answer:
            raise RuntimeError(f"{call} {given}: {answer['error']}")
        return answer["value"]

    def open(self, url: str) -> None:
        self._ask("open", url=url, **SIZE)

    def run(self, script: str, *values: Any) -> Any:
        return self._ask("run", script=script, values=values)

    def click(self, selector: str) -> None:
        self._ask("click", selector=selector)

    def press(self, key: str) -> None:
        self._ask("press", key=key)

    def write(self, text: str) -> None:
        self._ask("write", text=text)

    def complaints(self) -> list[str]:
        return self._ask("complaints")

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=30)


@contextmanager
def screen() -> Iterator[str]:
    """The name of an X display that nobody looks at."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "{width}x{height}x24".format(**SIZE)]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        yield f":{told.readline().strip()}"
    server.terminate()
    server.wait()


class WebKit:
    """WebKitGTK's MiniBrowser, asked by selenium."""

    def __init__(self, driver: str, program: str, display: str) -> None:
        from selenium import webdriver
        from selenium.webdriver.webkitgtk.options import Options
        from selenium.webdriver.webkitgtk.service import Service

        # Its sandbox needs rights that a container does not give; without a card it cannot compose on one.
        needs = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        options = Options()
        options.binary_location = program
        options.add_argument("--automation")
        service = Service(driver, env={**os.environ, **needs, "DISPLAY": display})
        self._driver = webdriver.WebKitGTK(options=options, service=service)
        self._driver.set_page_load_timeout(BOOT / 1000)
        self._driver.set_window_size(SIZE["width"], SIZE["height"])

    def open(self, url: str) -> None:
        self._driver.get("about:blank")  # an address that differs in its fragment alone would not load anew
        self._driver.get(url)
        self.run(LISTEN)

    def run(self, script: str, *values: Any) -> Any:
        return self._driver.execute_script(f"return ({script})(...arguments)", *values)

    def click(self, selector: str) -> None:
        self._driver.find_element("css selector", selector).click()

    def press(self, key: str) -> None:
        from selenium.webdriver.common.keys import Keys

        codes = {"ArrowRight": Keys.ARROW_RIGHT, "End": Keys.END, "Enter": Keys.ENTER}
        self.write(codes.get(key, key))

    def write(self, text: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self._driver).send_keys(text).perform()

    def complaints(self) -> list[str]:
        return self.run("() => window.complaints?.splice(0) ?? []")

    def close(self) -> None:
        self._driver.quit()
