"""Hook: a Content-Security-Policy in every page, under which nothing leaves for another host.

A site of plain files cannot set headers, so the policy is a ``<meta>`` in each page, and the labs' worker starts from
a blob, so that it has its page's policy. Scripts within a page run by their hash. All pages name the hashes of all,
because instant navigation brings one page's scripts into another.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from mkdocs.plugins import event_priority

CHARSET = re.compile(r"<meta charset=\"?utf-8\"?>", re.IGNORECASE)
DATA_BLOCK = {"application/json", "application/ld+json", "speculationrules", "importmap", "text/plain"}
POLICY = {
    "default-src": "'self'",  # Firefox fetches the page that is next ahead of time, which no rule of its own is for
    # wasm-unsafe-eval: the labs' Python is WebAssembly. blob: the labs' worker imports its script from one.
    # unsafe-eval: text that is run as code can do no more than the code that runs it, and programs that drive a browser
    # (tests, a reader's tools) hand theirs over as text.
    "script-src": "'self' 'wasm-unsafe-eval' 'unsafe-eval' blob:",
    "worker-src": "'self' blob:",
    # data: Pyodide fetches its library's archive, which is an empty one within the script (labs/boot.js).
    "connect-src": "'self' data: blob:",
    "style-src": "'self' 'unsafe-inline'",  # charts place their parts by style attributes
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "manifest-src": "'self'",
    "media-src": "'self'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


class Scripts(HTMLParser):
    """The text of the scripts that stand in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script without a source of its own, if it is one that a browser runs."""
        given = dict(attrs)
        self._inside = tag == "script" and "src" not in given and (given.get("type") or "") not in DATA_BLOCK
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """The script is over."""
        self._inside = False

    def handle_data(self, data: str) -> None:
        """Its text, letter by letter: the hash is over exactly that."""
        if self._inside:
            self.found[-1] += data


def hashes(html: str) -> set[str]:
    """``'sha256-...'`` of each script that stands in a page."""
    reader = Scripts()
    reader.feed(html)
    reader.close()
    return {
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in reader.found
    }


def meta(scripts: set[str]) -> str:
    """The policy as an element of a page's head."""
    rules = POLICY | {"script-src": " ".join([POLICY["script-src"], *sorted(scripts)])}
    content = "; ".join(f"{name} {value}" for name, value in rules.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


@event_priority(-100)  # after all that writes pages
def on_post_build(config):
    """Put the policy into each page, before anything that it has to hold."""
    pages = {file: file.read_text(encoding="utf-8") for file in Path(config.site_dir).rglob("*.html")}
    policy = meta(set().union(*map(hashes, pages.values())))
    for file, html in pages.items():
        file.write_text(CHARSET.sub(lambda found: found[0] + policy, html, count=1), encoding="utf-8")
