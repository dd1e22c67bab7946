"""The glossary: letters, a filter, and links to where each word is taught."""

from __future__ import annotations

import yaml

from tests.checkout import ROOT
from tests.docs.conftest import REGISTRY

GROUP = """
- group: reference
  title: Reference
  pages:
    - {slug: reference/glossary, title: Glossary, about: Words.}
"""
GLOSSARY = """# Glossary

KL divergence, KL
:   How far one is from another.

Adapter
:   New weights.

BM25
:   A *score*.
"""


def files(taught: str) -> dict[str, str]:
    return {
        "reference/glossary.md": GLOSSARY,
        "reference/pages.yml": REGISTRY + GROUP,
        "reference/taught.yml": taught,
    }


def test_words_have_letters_a_filter_and_places(tiny) -> None:
    built = tiny("# Front", files=files("KL divergence: [second, index]\nAdapter: [later/third, second]\n"))
    assert built.problems == []
    page = built.page("reference/glossary")
    assert '<a href="#term-adapter">A</a><a href="#term-bm25">B</a><a href="#term-kl-divergence">K</a>' in page
    assert "data-glossary-filter" in page and "<dl data-glossary>" in page
    assert 'Taught in <a href="../../second/">Second</a> and <a href="../../">Front</a>' in page
    assert page.count("Taught in") == 2, "a page that is coming is no place to be sent to, and BM25 has none"
    assert "reference/taught.yml" not in {str(path.relative_to(built.site)) for path in built.site.rglob("*.yml")}


def test_a_word_or_a_page_that_is_not_there_stops_the_build(tiny) -> None:
    assert any(
        "no such word in the glossary: Nonsense" in said
        for said in tiny("# F", files=files("Nonsense: [second]")).problems
    )
    assert any("no page 'nowhere'" in said for said in tiny("# F", files=files("Adapter: [nowhere]")).problems)


def test_every_word_of_the_site_says_where_it_is_taught() -> None:
    taught = yaml.safe_load((ROOT / "docs" / "reference" / "taught.yml").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8").splitlines()
    words = [text[at - 1].split(",")[0] for at, line in enumerate(text) if line.startswith(":   ")]
    assert len(set(words) - set(taught)) <= len(words) // 10, sorted(set(words) - set(taught))
