"""A page as Markdown: what becomes of numbers, formulas, listings, quizzes, figures and links."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import to_markdown  # noqa: E402

FRONT = """# Front

It rose to {{ measured("good", "eval.task.exact.tuned", format="percent") }}, see {{ cite("somebody2020", "§1") }}.
The norm is $\\lVert x_1 \\rVert$, and [the second](second.md#a-part) says more.

```python
if 1 < 2:
    print("{{ not_a_macro }}")
```

!!! note "A box"
    Within a box.

| a | b |
| - | - |
| `x | y` | 1 |

```quiz
- question: What does $B$ start as?
  options:
    - {text: Zero, right: true, why: So that nothing moves.}
    - {text: One, right: false, why: Then it would.}
```
"""


def plain(html: str) -> str:
    """Markdown of some HTML without labs, its links as they are."""
    return to_markdown.convert(html, lambda href: href, lambda slug: "")


def test_a_page_stands_at_its_address_plus_md(tiny):
    built = tiny(FRONT)
    assert built.problems == []
    text = (built.site / "index.md").read_text()
    assert "# Front" in text and (built.site / "second.md").is_file()
    assert "It rose to 50.0\u00a0% (n = 120, 95% interval 41.0\u00a0% to 59.0\u00a0%), see [1, §1]." in text.replace(
        " %", "\u00a0%"
    )
    assert r"$\lVert x_1 \rVert$" in text
    assert "[the second](second.md#a-part)" in text
    assert '```python\nif 1 < 2:\n    print("{{ not_a_macro }}")\n```' in text
    assert "> **A box**\n>\n> Within a box." in text
    assert r"| `x \| y` | 1 |" in text
    assert re.search(r"1\. What does \$B\$ start as\?\n\n +1\. Zero \*\*Right\.\*\* So that nothing moves\.", text)


def test_a_page_links_to_its_markdown_and_a_coming_page_has_none(tiny):
    built = tiny("# F\n")
    assert 'type="text/markdown" href="../second.md"' in built.page("second")
    assert ">This page as Markdown</a>" in built.page("second")
    assert not (built.site / "later" / "third.md").exists()


def test_the_list_for_models_names_each_written_page_with_its_sentence(tiny):
    built = tiny("# F\n")
    said = (built.site / "llms.txt").read_text()
    assert said.startswith("# Fine-Tuning, by doing it\n\n> ")
    assert "- [Second](second.md): Another page." in said and "Third" not in said


def test_the_glossary_cards_of_a_page_stand_at_its_end(tiny):
    glossary = "# Glossary\n\nGate\n:   The check at the *end* of a run.\n\nProbe\n:   Not on this page.\n"
    built = tiny("# F\n\nThe gate says no.\n", files={"reference/glossary.md": glossary})
    text = (built.site / "index.md").read_text()
    assert "The gate says no." in text and "## Words on this page\n\n- **gate**: The check at the end of a run." in text
    assert "Probe" not in text and "Words on this page" not in (built.site / "second.md").read_text()


def test_a_figure_is_its_caption_and_its_table_and_a_long_table_becomes_words():
    head = '<figure data-figure="f"><div class="s10-figure__wide"><svg role="img" aria-label="A: rises."></svg></div>'
    foot = "<figcaption><strong>A.</strong> It rises.</figcaption></figure>"
    short = "<table><tr><th>x</th></tr><tr><td>1</td></tr></table>"
    long = f"<table><tr><th>x</th></tr>{'<tr><td>1</td></tr>' * 30}</table>"
    assert plain(head + short + foot) == "**A.** It rises.\n\n| x |\n| --- |\n| 1 |\n"
    assert plain(head + long + foot) == "**A.** It rises.\n\nIn words: A: rises.\n"


def test_a_control_token_in_a_sentence_is_no_tag():
    said = plain("<p>It ends in &lt;/tool_call&gt; and 1 &lt; 2: <code>&lt;think&gt;</code></p>")
    assert said == "It ends in &lt;/tool_call> and 1 < 2: `<think>`\n"


@given(st.text(alphabet="ab|`$\\<>&*_#\n ", max_size=60))
def test_a_listing_comes_through_letter_by_letter(code: str) -> None:
    escaped = code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    html = f'<div class="language-python highlight"><pre><span></span><code>x{escaped}x</code></pre></div>'
    mark = "````" if "```" in code else "```"
    assert f"{mark}python\nx{code}x\n{mark}" in plain(html)
