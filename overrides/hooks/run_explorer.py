"""Hook: the run explorer's data, ``assets/runs.json``, its place in the page, and the list of runs without a plot."""

from __future__ import annotations

import hashlib
import json
import sys
from html import escape
from pathlib import Path

from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(Path(__file__).parent)) if path not in sys.path]

from overrides.figures.kit.explorer import entries  # noqa: E402
from overrides.figures.runs import without_plot  # noqa: E402

DATA = "assets/runs.json"
EXPLORER, REST = '<div class="s10-runs-place"></div>', '<div class="s10-runs-rest"></div>'
PARTS = [ROOT / "overrides" / "assets" / name for name in ("runs.js", "runs.css")]
STILL = "<p>The explorer needs scripts. The plots below show every run without them.</p>"


def data() -> str:
    """All runs, as the script reads them."""
    return json.dumps({"runs": entries()}, separators=(",", ":"))


def on_files(files, config):
    """Give the site the data."""
    files.append(File.generated(config, DATA, content=data()))
    return files


def on_page_content(html, page, config, files):
    """Put the explorer and the list into the page."""
    if EXPLORER not in html:
        return html
    given = hashlib.sha256(data().encode() + b"".join(part.read_bytes() for part in PARTS)).hexdigest()[:8]
    links = {name: f"{get_relative_url(f'assets/{name}', page.url)}?v={given}"
             for name in ("runs.js", "runs.css", "runs.json")}  # fmt: skip
    records = get_relative_url("data/runs/", page.url)
    explorer = (
        f'<link rel="stylesheet" href="{links["runs.css"]}">'
        f'<run-explorer class="s10-runs" data-src="{links["runs.json"]}" data-records="{records}">{STILL}'
        f'</run-explorer><script type="module" src="{links["runs.js"]}"></script>'
    )
    return html.replace(EXPLORER, explorer).replace(REST, listed(records))


def listed(records: str) -> str:
    """Runs that no plot shows: each with its record and its command."""
    return '<ul class="s10-runs-rest">' + "".join(
        f'<li><a href="{records}{one["name"]}.json">{one["name"]}</a>: <code>{escape(one["command"])}</code></li>'
        for one in without_plot()
    ) + "</ul>"  # fmt: skip
