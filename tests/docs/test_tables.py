"""Wordy tables carry each cell's column name, so that a phone can show a row as a list; narrow ones are left alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import markdown

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import number_cards  # noqa: E402
import tables  # noqa: E402

LONG = "a cause that takes some words to tell"


def table(*rows: tuple[str, ...]) -> str:
    head, *rest = rows
    lines = [head, ("---",) * len(head), *rest]
    return markdown.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines), extensions=["tables"])


def test_a_wordy_table_names_the_column_of_every_cell():
    html = table(("Symptom", "Cause", 'How "to" tell', "Repair"), (LONG, LONG, "", "x &lt; y"))
    marked = tables.on_page_content(f"<p>before</p>{html}<p>after</p>", None, None, None)
    assert marked.startswith("<p>before</p><table data-stack>") and marked.endswith("<p>after</p>")
    labels = re.findall(r'<td data-label="([^"]*)"', marked)
    assert labels == ["Symptom", "Cause", "How &quot;to&quot; tell", "Repair"]
    assert re.sub(r' data-(label="[^"]*"|stack)', "", marked) == f"<p>before</p>{html}<p>after</p>"


def test_few_columns_or_few_words_stay_a_table():
    for html in (table(("A", "B", "C"), (LONG,) * 3), table(tuple("ABCD"), ("1", "2", "3", "4"))):
        assert tables.on_page_content(html, None, None, None) == html


def test_what_stands_in_a_card_is_not_counted():
    rows = (("Value", LONG * 3), ("Command", LONG * 3))
    measured = number_cards.number(1, "measured", "42.0%", "n = 100", "Measured", rows)
    source = {"authors": LONG, "year": 2024, "title": LONG, "url": "https://a.b/"}
    cited = number_cards.citation(2, 1, "key", source, "§1")
    assert tables.words(f"<td>{measured} {cited} and after</td>") == "42.0%n = 100 [1] and after"
