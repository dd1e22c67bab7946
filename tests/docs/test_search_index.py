"""What the search index takes from a page, and which other words lead to it."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest
from markdown.extensions.toc import slugify
from mkdocs.exceptions import PluginError

from tests.checkout import ROOT
from tests.docs.conftest import REGISTRY

HOOKS = ROOT / "overrides" / "hooks"
sys.path.insert(0, str(HOOKS))
spec = importlib.util.spec_from_file_location("search_index_under_test", HOOKS / "search_index.py")
search_index = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = search_index
spec.loader.exec_module(search_index)

CARD = (
    '<p>It takes <span class="ref"><button>112 GB</button><span class="card" data-search-exclude><span>Meaning</span>'
    "<span>Weights</span></span></span> of memory.</p>"
)


def test_what_is_hidden_stays_out_though_it_has_inner_elements_of_its_own_name() -> None:
    [opening] = search_index.sections_of(f"<h1>Page</h1>{CARD}")
    assert opening.text == "It takes of memory."


def test_cells_and_lines_do_not_run_together_and_sections_are_found() -> None:
    html = (
        '<h1 id="p">Page<a class="headerlink" href="#p">¶</a></h1><p>One<br>two</p><p>never closed'
        '<h2 id="part">A <code>part</code></h2><table><tr><td>a</td><td>b</td></tr></table>'
        "<h2>Without a name</h2><p>End</p>"
    )
    opening, part, rest = search_index.sections_of(html)
    assert (opening.title, opening.text) == ("Page", "One two never closed")
    assert (part.identifier, part.title, part.text) == ("part", "A part", "a b")
    entries = search_index.entries_of("p/", "Page", html, {}, {})
    assert [entry["location"] for entry in entries] == ["p/", "p/#part"]
    assert "Without a name End" in entries[0]["text"] and rest.identifier == ""


def test_words_find_their_section_and_those_of_a_section_that_is_gone_stop_the_build() -> None:
    html, meta = '<h1>Page</h1><h2 id="part">P</h2>', {"search": {"aliases": ["own"], "boost": 2}}
    opening, part = search_index.entries_of("p/", "Page", html, meta, {"p/#part": ["kept"]})
    assert (opening["aliases"], opening["boost"], part["aliases"]) == (["own"], 2.0, ["kept"])
    with pytest.raises(PluginError, match="no section p/#gone"):
        search_index.entries_of("p/", "Page", html, {}, {"p/#part": ["kept"], "p/#gone": ["lost"]})


def test_each_place_in_the_file_exists() -> None:
    """Anchors are headings of the page's source: a reworded one would take the words that lead to it along."""
    lost = []
    for place in search_index.read_words(ROOT / "docs")["places"]:
        slug, _, anchor = place.partition("#")
        file = ROOT / "docs" / f"{slug}.md"
        headings = [
            line.lstrip("# ") for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("##")
        ]
        if anchor and anchor not in {slugify(heading, "-") for heading in headings}:
            lost.append(place)
    assert lost == []


def test_a_built_page_is_in_the_index_with_its_terms_and_a_left_out_one_is_not(tiny) -> None:
    glossary = "# Glossary\n\nLoss mask\n:   Which positions count.\n"
    page = "{slug: reference/glossary, title: Glossary, about: Words.}"
    registry = f"\n- group: reference\n  title: Reference\n  pages:\n    - {page}\n"
    built = tiny(
        "# Front\n\nHello.",
        second="---\nsearch: {exclude: true}\n---\n# Second\n",
        files={
            "reference/glossary.md": glossary,
            "reference/pages.yml": REGISTRY + registry,
            "reference/search.yml": "synonyms: [[a, b]]\nplaces: {index: [greeting]}\ninstead: [index]\n",
        },
    )
    assert built.problems == []
    index = json.loads((built.site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {doc["location"]: doc for doc in index["docs"]}
    assert found[""]["aliases"] == ["greeting"]
    assert found["reference/glossary/#term-loss-mask"]["text"] == "Which positions count."
    assert not any(location.startswith("second/") for location in found)
    assert index["config"]["synonyms"] == [["a", "b"]]
    assert "assets/search/worker.js" in built.page()


def test_words_for_a_page_that_is_not_there_stop_the_build(tiny) -> None:
    built = tiny("# Front", files={"reference/search.yml": "places: {nowhere: [word]}\n"})
    assert any("no page 'nowhere'" in problem for problem in built.problems)
