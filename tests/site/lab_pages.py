"""The built site under a sub-path, as project pages have it, with faults on demand; and a lab page in Chromium."""

from __future__ import annotations

import os
import re
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("STAGE10_SITE") or ROOT / "site")
PREFIX = "/stage-10"
# Address below the site's root of the page that shows each lab; an indented one stands in a listing.
LAB_PAGES = {
    slug: f"{page.relative_to(ROOT / 'docs').with_suffix('').as_posix()}/"
    for page in sorted((ROOT / "docs").rglob("*.md"))
    for slug in re.findall(r'^<lab-view slug="([^"]*)">', page.read_text(encoding="utf-8"), re.MULTILINE)
}
sys.path.insert(0, str(ROOT / "overrides" / "build"))

from serve import SiteHandler  # noqa: E402

READY = "document.querySelector('lab-view')?.dataset.state === 'ready'"
VALUE = "(name) => +document.querySelector(`[data-output=${name}]`).dataset.value"
SHOWN = "JSON.parse(document.querySelector('lab-view').dataset.params || '{}')"
BOOT = 90_000  # milliseconds in which a lab must have started, on a busy machine, too
# Pages that are not about the labs are visited with a data saver on, so that no lab boots beside the test.
SAVE_DATA = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"


class FaultyHandler(SiteHandler):
    """Serves below PREFIX; ``faults`` maps an ending of a path to "missing" or to a content type."""

    faults: dict[str, str] = {}

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix(PREFIX))

    def fault(self) -> str:
        path = self.path.split("?")[0]
        return next((fault for ending, fault in self.faults.items() if path.endswith(ending)), "")

    def do_GET(self) -> None:
        if not self.path.startswith(PREFIX) or self.fault() == "missing":
            self.send_error(404)
            return
        super().do_GET()

    def guess_type(self, path: str) -> str:
        return self.fault() or super().guess_type(path)

    def log_message(self, format: str, *arguments: object) -> None:
        """Faults are meant here; the tests say what they think of them."""


@contextmanager
def serve_site(directory: Path = SITE):
    """Yield the address of the site's root under the sub-path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(FaultyHandler, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{PREFIX}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def faults(**by_ending: str):
    """Let the server fail for a while; underscores before the last part stand for dots."""
    FaultyHandler.faults = {ending.replace("__", "."): fault for ending, fault in by_ending.items()}
    try:
        yield
    finally:
        FaultyHandler.faults = {}


def open_lab(page, address: str, query: str = "", slug: str = "lora", wait: bool = True):
    """Open a lab page; with ``wait`` until its Python has answered once."""
    page.goto(f"{address}labs/{slug}/{query}")
    if wait:
        page.wait_for_function(READY, timeout=BOOT)
    return page.locator("lab-view")


def status_of(page) -> str:
    return page.locator("[data-part=status]").inner_text()


def value_of(page, name: str) -> float:
    return float(page.locator(f"[data-output={name}]").get_attribute("data-value"))


def shown_params(page) -> dict:
    return page.evaluate("JSON.parse(document.querySelector('lab-view').dataset.params)")


def wait_for_params(page, **params) -> None:
    """Until the frame that is shown has these settings and nothing runs."""
    for name, value in params.items():
        page.wait_for_function(
            "([name, value]) => { const lab = document.querySelector('lab-view');"
            " return lab.dataset.state === 'ready' && JSON.parse(lab.dataset.params)[name] === value; }",
            arg=[name, value],
            timeout=BOOT,
        )


def know_links(page) -> None:
    """Wait until the theme has read the site map: before, a click loads the whole page."""
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(e => e.name.endsWith('sitemap.xml') && e.responseEnd > 0)"
    )
    page.evaluate("new Promise(requestIdleCallback)")


def forget(context, address: str) -> None:
    """Clear what a test's pages left in the context ``home``: themselves, their storage, routes and permissions."""
    context.unroute_all(behavior="ignoreErrors")
    context.clear_permissions()
    context.set_offline(False)
    blank = context.new_page()
    for page in context.pages:
        if page != blank:
            page.close()
    kinds = "cookies,local_storage,indexeddb,cache_storage,service_workers"
    stored = {"origin": address.removesuffix(f"{PREFIX}/"), "storageTypes": kinds}
    context.new_cdp_session(blank).send("Storage.clearDataForOrigin", stored)
    blank.close()
