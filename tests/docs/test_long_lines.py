"""A long line of a listing is marked with its own indentation; what it says stays as it was."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import markdown

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import listings  # noqa: E402

SHORT = 'def short(x):\n    """Says little & fits."""\n'
LONG = f'        return {{"a": "<{"y" * 40}>", "b": "&{"z" * 30}"}}\n'


def built(code: str) -> str:
    options = {"pymdownx.highlight": {"anchor_linenums": True, "line_spans": "__line"}}
    html = markdown.markdown(
        f"```python\n{code}```\n",
        extensions=["pymdownx.superfences", "pymdownx.highlight"],
        extension_configs=options,
    )
    return listings.on_page_content(html, None, None, None)


def test_only_a_long_line_is_marked_with_its_indentation() -> None:
    html = built(SHORT + LONG)
    assert re.findall(r'<span id="__line-\d+-(\d+)" class="s10-long" style="--in:(\d+)ch">', html) == [("3", "8")]
    assert "s10-long" not in built(SHORT)


def test_signs_count_as_one_character() -> None:
    fits = "x = '" + "<" * (listings.LONGEST - 6) + "'\n"
    assert len(fits) - 1 == listings.LONGEST
    assert "s10-long" not in built(fits) and "s10-long" in built(fits.replace("<", "<<", 1))
