"""Hook: a long line of a listing goes on below itself, indented further than it begins, in place of being cut off.

The style sheet does the rest: such a line carries a mark and the width of its own indentation. Copied, it is one line.
"""

from __future__ import annotations

import re
from html import unescape

LINE = re.compile(r'<span id="__line-\d+-\d+">(?=(?P<inside>.*?)\n)')
LONGEST = 68
"""Characters of a line that stand side by side in every listing of a page 1280 pixels wide, in a list or a box too."""


def mark(line: re.Match) -> str:
    """A line's opening tag, with its mark if the line is long."""
    text = unescape(re.sub(r"<[^>]+>", "", line["inside"]))
    if len(text) <= LONGEST:
        return line[0]
    own = len(text) - len(text.lstrip(" "))
    return f'{line[0][:-1]} class="s10-long" style="--in:{own}ch">'


def on_page_content(html, page, config, files):
    """Mark the long lines of the page's listings."""
    return LINE.sub(mark, html)
