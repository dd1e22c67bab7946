"""Hook: a finished page without what no reader sees: indentation, spans without a style, pixels that are not packed."""

from __future__ import annotations

import base64
import re
import zlib

PNG = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")
KEPT = re.compile(r"(<(pre|textarea|script|template|lab-view)\b.*?</\2>)", re.DOTALL)  # white space counts there
INDENTED = re.compile(r"\n\s+")
# Names, blanks and punctuation in listings have the listing's own colour.
UNSTYLED = re.compile(r'<span class="(?:n|w|p)">([^<]*)</span>')
# HTML knows that <math> is MathML.
NAMESPACE = '<math xmlns="http://www.w3.org/1998/Math/MathML"'
SIGNATURE = 8
LENGTH, TYPE, CHECK = 4, 4, 4  # bytes of a chunk's head and foot


def on_post_page(output, page, config):
    """The page as it is written."""
    parts = KEPT.split(output)  # text, what is kept, its tag, text, ...
    lean = [lean_part(part, kept=i % 3 == 1) for i, part in enumerate(parts) if i % 3 != 2]
    return PNG.sub(lambda found: packed(found[0]), "".join(lean))


def lean_part(part: str, kept: bool) -> str:
    """A listing without spans that change nothing; other text without its indentation."""
    if not kept:
        return INDENTED.sub("\n", part).replace(NAMESPACE, "<math")
    return UNSTYLED.sub(r"\1", part) if part.startswith("<pre") else part


def packed(picture: str) -> str:
    """The same picture with its pixels compressed: the labs' own encoder (labs/charts/png.js) stores them as they are.

    Args:
        picture: a PNG in base64.
    """
    data = base64.b64decode(picture)
    out, pixels, at = data[:SIGNATURE], b"", SIGNATURE
    while at < len(data):
        size = int.from_bytes(data[at : at + LENGTH], "big")
        kind, body = data[at + LENGTH : at + LENGTH + TYPE], data[at + LENGTH + TYPE :][:size]
        if kind == b"IDAT":
            pixels += body
        else:
            if kind == b"IEND":
                out += chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9))
            out += chunk(kind, body)
        at += LENGTH + TYPE + size + CHECK
    return base64.b64encode(out).decode()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG: its length, its kind, what it holds, its check sum."""
    return len(body).to_bytes(LENGTH, "big") + kind + body + zlib.crc32(kind + body).to_bytes(CHECK, "big")
