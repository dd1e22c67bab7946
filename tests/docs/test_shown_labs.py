"""A lab is painted where a page shows it, and not where a listing names it."""

from __future__ import annotations

import sys

from tests.checkout import ROOT

sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import labs  # noqa: E402


def test_a_lab_in_a_listing_is_not_shown() -> None:
    element = '<lab-view slug="{}"></lab-view>'
    listing = f"    ```markdown title=x\n    {element.format('mine')}\n    ```\n"
    page = f"# A page\n{element.format('lora')}\n1. A step:\n\n{listing}\n{element.format('mask')}\n"
    page += f"~~~\n{element.format('no')}\n~~~\n"
    assert labs.shown_labs(page) == ["lora", "mask"]


def test_every_lab_that_the_pages_show_exists() -> None:
    shown = {
        slug for page in (ROOT / "docs").rglob("*.md") for slug in labs.shown_labs(page.read_text(encoding="utf-8"))
    }
    assert shown and shown <= set(labs.api.list_labs())
