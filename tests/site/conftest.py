"""The built site, served under a sub-path as project pages are, and a real Chromium to visit it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.site.lab_pages import BOOT, READY, SAVE_DATA, forget, know_links
from tests.site.shared_lock import shared_lock

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/stage-10/"
# Most labs run here for a second: making their WebAssembly's hot parts quick takes longer than it saves.
QUICK_START = "--js-flags=--liftoff-only"
WIDE = {"width": 1280, "height": 900}
# A lab shows what it computes at once; what plays on arrival and at a pace has tests of its own.
AT_ONCE = "globalThis.stage10LabSettings = {arrival: false, replay: false}"


def build_tool(name: str) -> ModuleType:
    """One of the modules in overrides/build, under a name that hides nothing of the standard library."""
    spec = importlib.util.spec_from_file_location(f"stage10_{name}", ROOT / "overrides" / "build" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site_dir() -> Path:
    """The built site: STAGE10_SITE if set, else site/, built now unless nothing has changed."""
    if os.environ.get("STAGE10_SITE"):
        return Path(os.environ["STAGE10_SITE"])
    with shared_lock("site"):
        done = subprocess.run([sys.executable, "overrides/build/site.py"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the site does not build:\n{done.stderr[-3000:]}"
    return ROOT / "site"


@pytest.fixture(scope="session")
def site_url(site_dir: Path) -> Iterator[str]:
    """Address of the site's root, with its trailing slash."""
    serve = build_tool("serve")

    class UnderPrefix(serve.SiteHandler):
        def __init__(self, *arguments, **options) -> None:
            super().__init__(*arguments, directory=str(site_dir), **options)

        def translate_path(self, path: str) -> str:
            inside = urlsplit(path).path.startswith(PREFIX)
            return super().translate_path("/" + path[len(PREFIX) :] if inside else "/outside-the-site")

        def send_header(self, keyword: str, value: str) -> None:
            """As GitHub Pages: a browser keeps what it has for ten minutes."""
            super().send_header(keyword, "max-age=600" if keyword == "Cache-Control" else value)

        def log_message(self, *arguments) -> None:
            """The tests say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), UnderPrefix)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()


@pytest.fixture(scope="session")
def launching() -> dict[str, str | list[str]]:
    """Where Chromium lies and how it is started, as playwright's ``launch`` takes it."""
    tool = build_tool("browser")
    path = tool.find_browser()
    if not path:
        pytest.fail(tool.REMEDY)
    return {"executable_path": path, "args": list(tool.ARGUMENTS)}


@pytest.fixture(scope="session")
def browser(launching) -> Iterator[Browser]:
    """One Chromium for all tests. Each wait ends when its event comes, so a busy machine only makes it longer."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**{**launching, "args": [*launching["args"], QUICK_START]})
        new_context = chromium.new_context

        def patient_context(**options) -> BrowserContext:
            context = new_context(**options)
            context.set_default_timeout(BOOT)
            context.add_init_script(AT_ONCE)
            return context

        chromium.new_context = patient_context
        expect.set_options(timeout=BOOT)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def home(browser: Browser, site_url: str) -> Iterator[BrowserContext]:
    """A context that keeps what it has fetched and compiled from test to test, and nothing that a page has stored."""
    context = browser.new_context(viewport=WIDE)
    yield context
    context.close()


@pytest.fixture
def visit(browser: Browser, home: BrowserContext, site_url: str) -> Iterator[Callable[..., Page]]:
    """``visit("labs/", color_scheme="dark", labs=False)`` opens a page with empty storage and notes what it asks for.

    ``page.requested`` holds the addresses of all requests, ``page.complaints`` what went wrong in scripts. The first
    page of a test that has no options but its size opens in ``home``, every other one in a context of its own.
    """
    contexts: list[BrowserContext] = []

    def open_page(path: str = "", labs: bool = True, init: str = "", **options) -> Page:
        shared = not contexts and set(options) <= {"viewport"}
        context = home if shared else browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        if shared:
            page.set_viewport_size(options.get("viewport", WIDE))
        for script in [init] if labs else [SAVE_DATA, init]:
            if script:
                (page if shared else context).add_init_script(script)
        page.requested, page.complaints = [], []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(site_url + path, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        if context is home:
            forget(home, site_url)
        else:
            context.close()


@pytest.fixture(scope="session")
def awake(browser: Browser, site_url: str) -> Iterator[list[Page]]:
    """At most one page whose Python has started; it serves ``lab_page``, test after test."""
    pages: list[Page] = []
    yield pages
    for page in pages:
        page.context.close()


@pytest.fixture
def lab_page(
    request: pytest.FixtureRequest, browser: Browser, site_url: str, awake: list[Page]
) -> Iterator[Callable[[str], Page]]:
    """``lab_page("labs/lora/?rank=4")`` comes to a lab as a reader does who was at another before: by a link, with
    Python running. Nothing is left of what earlier tests stored, and a test that fails takes the page with it. A test
    that edits a lab's code, or closes the line, takes ``visit``."""

    def open_page(path: str) -> Page:
        if not awake:
            page = browser.new_context(viewport=WIDE).new_page()
            page.goto(site_url + "reference/notation/")
            know_links(page)
            page.complaints = []
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            awake.append(page)
        [page] = awake
        leave_to(page, f"{site_url}reference/notation/", "reference/notation/")
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.complaints.clear()
        leave_to(page, site_url + path, path.partition("?")[0])
        page.wait_for_function(READY, timeout=BOOT)
        return page

    failed_before = request.session.testsfailed
    yield open_page
    if awake and request.session.testsfailed > failed_before:
        awake.pop().context.close()


def leave_to(page: Page, href: str, address: str) -> None:
    """By a link in the text, unless the page is there already."""
    page.evaluate("""href => { const link = document.createElement('a'); link.href = href;
        document.querySelector('article').append(link); link.click(); }""", href)  # fmt: skip
    page.wait_for_selector(f"[data-page='{address}']", state="attached")


@pytest.fixture(scope="module")
def tour(browser: Browser, site_url: str) -> Iterator[Callable[..., Page]]:
    """As ``visit`` without labs, for tests that look at many pages and leave nothing behind: what the browser has
    fetched for one page it keeps for the next of the same options."""
    contexts: dict[str, BrowserContext] = {}
    pages: list[Page] = []

    def open_page(path: str = "", wait_until: str = "load", **options) -> Page:
        while pages:
            pages.pop().close()
        options.setdefault("viewport", WIDE)
        if repr(options) not in contexts:
            contexts[repr(options)] = browser.new_context(**options)
            contexts[repr(options)].add_init_script(SAVE_DATA)
        page = contexts[repr(options)].new_page()
        pages.append(page)
        page.requested, page.complaints = [], []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(site_url + path, wait_until=wait_until)
        return page

    yield open_page
    for context in contexts.values():
        context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here that asks for the browser is marked as such."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
