"""Hook: a wordy table of four columns or more can be read on a phone, where each of its rows becomes a short list.

The style sheet does the rest: every cell of such a table carries its column's name, and the table a mark.
"""

from __future__ import annotations

import re
from html import escape, unescape

TABLE = re.compile(r"<table>\n<thead>.*?</table>", re.DOTALL)
ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<t(?P<kind>[hd])(?P<more>[^>]*)>(?P<inside>.*?)</t[hd]>", re.DOTALL)
CARD = re.compile(r'<span class="s10-card[ "].*?(?:</a></span>|</span></span></span>)', re.DOTALL)
COLUMNS, WORDY = 4, 60


def words(html: str) -> str:
    """What a reader sees of a cell: no tags, and not the cards behind its numbers."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", CARD.sub("", html))).split())


def stack(table: str) -> str:
    """The table with its marks, if it needs them."""
    head, *rows = ROW.findall(table)
    names = [words(cell["inside"]) for cell in CELL.finditer(head)]
    length = sum(len(words(row)) for row in rows) / max(len(rows), 1)
    if len(names) < COLUMNS or length < WORDY:
        return table

    def label(row: re.Match) -> str:
        left = iter(names)
        return CELL.sub(lambda cell: f'<td data-label="{escape(next(left, ""))}"{cell["more"]}>{cell["inside"]}</td>',
                        row[0])  # fmt: skip

    start = table.index("<tbody>")
    return table[:start].replace("<table>", "<table data-stack>", 1) + ROW.sub(label, table[start:])


def on_page_content(html, page, config, files):
    """Mark the page's tables."""
    return TABLE.sub(lambda table: stack(table[0]), html)
