"""What axe finds on a page, for every test that asks it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{rule['id']}: {node['html'][:140]}" for rule in found for node in rule["nodes"]]


def still(page: Page) -> None:
    """Wait until fonts and palette have settled, so that colours are final."""
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(60)
