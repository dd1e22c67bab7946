"""A lab is painted where a page shows it, and not where a listing names it."""

from __future__ import annotations

import importlib.util

from tests.checkout import ROOT

# By its file: the tests of the labs are a package of the same name.
SPEC = importlib.util.spec_from_file_location("labs_hook", ROOT / "overrides" / "hooks" / "labs.py")
labs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(labs)


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


def test_a_labs_picture_is_its_chart_and_not_the_key_before_it(monkeypatch) -> None:
    key = '<span class="lab-key"><svg viewBox="0 0 22 10"><path d="M0 5H22"/></svg></span>'
    chart = '<svg class="lab-svg" viewBox="0 0 512 171" role="img" aria-label="x"><path d="M1 1"/><text>1</text></svg>'
    monkeypatch.setattr(labs, "painted", lambda slugs: {"lora": f'<figure data-chart="spectrum">{key}{chart}</figure>'})
    assert labs.picture("lora", "spectrum") == (
        '<svg class="lab-svg s10-picture" viewBox="0 0 512 171" aria-hidden="true"><path d="M1 1"/></svg>'
    )
