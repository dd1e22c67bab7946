"""The page of the real model for tests: its parts, the model fetched and ready, and its worker spoken to directly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.site.lab_pages import BOOT

PAGE = "labs/real-model/"
RECORD = json.loads((Path(__file__).resolve().parents[2] / "docs/data/real-model/record.json").read_text("utf-8"))
WORKERS = """const Plain = Worker; window.workers = [];
window.Worker = class extends Plain { constructor(...given) { super(...given); window.workers.push(this); } };"""
REQUEST = """([message, end, gathered]) => new Promise((resolve, reject) => {
  const worker = window.workers.at(-1), found = [];
  const hear = ({data}) => {
    if (data.weights) data.weights = btoa(Array.from(data.weights, (byte) => String.fromCharCode(byte)).join(''));
    if (gathered.includes(data.type)) found.push(data);
    if (data.type !== end && data.type !== 'failed') return;
    worker.removeEventListener('message', hear);
    if (data.type === 'failed') reject(new Error(data.message)); else resolve({...data, found});
  };
  worker.addEventListener('message', hear);
  worker.postMessage(message);
})"""


def part(page: Page, name: str):
    return page.locator(f'real-model [data-part="{name}"]')


def fetch(page: Page) -> None:
    """Press the button that fetches the model."""
    expect(part(page, "fetch")).to_contain_text("MB")
    part(page, "fetch").click()


def ready(page: Page) -> None:
    """Wait until the model can be asked."""
    expect(page.locator('real-model[data-state="ready"]')).to_be_visible()


def request(page: Page, message: dict[str, Any], end: str, *gathered: str) -> dict[str, Any]:
    """Send the worker a message and wait for one of type ``end``; "found" in it: those of the types ``gathered``."""
    return page.evaluate(REQUEST, [message, end, list(gathered)])


def lay(page: Page, adapter: str) -> None:
    """Lay one of the site's adapters over the tuned model; "": none."""
    for entry in RECORD["adapters"]:
        if entry["name"] == adapter:
            data = f"{page.url.partition(PAGE)[0]}data/real-model/"
            files = [{**file, "url": data + file["name"]} for file in entry["files"]]
            request(page, {"type": "adapter", "name": adapter, "files": files}, "adapter")
    request(page, {"type": "lay", "name": adapter, "strength": 1, "rank": 0, "layers": [0, 29]}, "laid")


@pytest.fixture(scope="module")
def model(browser, launching, site_url) -> Iterator[Page]:
    """The page with the model loaded, for tests that each leave it ready. It computes for minutes, so it has a Chromium
    that takes its time to make the kernels quick, as a reader's has."""
    own = browser.browser_type.launch(**launching)
    context = own.new_context()
    context.set_default_timeout(BOOT)
    context.add_init_script(WORKERS)
    page = context.new_page()
    page.goto(site_url + PAGE, wait_until="load")
    fetch(page)
    ready(page)
    yield page
    own.close()
