"""What axe finds on a page, for every test that asks it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


# Fonts, two frames, and whatever transition ends by itself.
SETTLED = """async () => {
  await document.fonts.ready;
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(ending.map((a) => a.finished));
}"""


def violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{rule['id']}: {node['html'][:140]}" for rule in found for node in rule["nodes"]]


def still(page: Page) -> None:
    """Wait until fonts and palette have settled, so that colours are final."""
    page.wait_for_function("!document.body.hasAttribute('data-md-color-switching')")
    page.evaluate(SETTLED)
