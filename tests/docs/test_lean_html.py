"""What is taken out of a finished page is nothing that a reader sees."""

from __future__ import annotations

import base64
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import lean_html  # noqa: E402


def lean(html: str) -> str:
    return lean_html.on_post_page(html, None, None)


def test_indentation_goes_but_where_white_space_is_shown():
    kept = "<pre>a\n    b</pre>"
    assert lean(f"<p>\n      words\n   </p>\n\n  {kept}\n  <template>{{\n  }}</template>") == (
        f"<p>\nwords\n</p>\n{kept}\n<template>{{\n  }}</template>"
    )


def test_names_and_blanks_in_a_listing_lose_their_spans_and_words_of_the_language_keep_theirs():
    listing = '<pre><code><span class="k">def</span><span class="w"> </span><span class="n">f</span></code></pre>'
    assert lean(listing) == '<pre><code><span class="k">def</span> f</code></pre>'
    assert lean('<p><span class="n">f</span></p>') == '<p><span class="n">f</span></p>'


def test_a_picture_keeps_its_pixels_and_is_packed():
    rows = b"\0" + bytes(range(64))
    chunk = lean_html.chunk
    signature = b"\x89PNG\r\n\x1a\n"
    parts = [chunk(b"IHDR", b"x" * 13), chunk(b"IDAT", zlib.compress(rows * 64, 0)), chunk(b"IEND", b"")]
    plain = base64.b64encode(signature + b"".join(parts)).decode()
    packed = lean(f'<image href="data:image/png;base64,{plain}"/>').split(",")[1].removesuffix('"/>')
    assert len(packed) < len(plain) / 10
    data = base64.b64decode(packed)
    start = data.index(b"IDAT") + 4
    assert zlib.decompress(data[start : data.index(b"IEND") - 8]) == rows * 64
    assert data.startswith(signature + parts[0]) and data.endswith(parts[2])
