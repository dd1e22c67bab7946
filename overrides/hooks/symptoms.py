"""Hook: the table of symptoms, from the clinic's own registry, with a box that filters it."""

from __future__ import annotations

import hashlib
import sys
from html import escape
from pathlib import Path

from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from labs_py.core.clinic.symptoms import SYMPTOMS, Symptom, named_test  # noqa: E402

PLACE = '<div class="s10-symptoms"></div>'
SCRIPT = ROOT / "overrides" / "assets" / "symptoms.js"
STYLE = (
    "symptom-filter input{width:14rem;max-width:100%;padding:.2rem .5rem;border:1px solid var(--s10-muted);"
    "border-radius:var(--s10-radius);background:var(--s10-surface);color:var(--s10-ink);font:inherit}"
)
HEAD = ("What you see", "Cause", "First test", "Repair", "What catches it")


def on_page_content(html, page, config, files):
    """Put the table into the page."""
    if PLACE not in html:
        return html
    given = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]
    script = f"{get_relative_url('assets/symptoms.js', page.url)}?v={given}"
    return html.replace(PLACE, table(get_relative_url("labs/clinic/", page.url), script))


def table(clinic: str, script: str) -> str:
    """The filter, hidden until its script runs, and all lines.

    Args:
        clinic: address of the clinic's page.
        script: address of the filter's script.
    """
    head = "".join(f"<th>{name}</th>" for name in HEAD)
    lines = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells(one, clinic))}</tr>" for one in SYMPTOMS)
    return (
        f"<style>{STYLE}</style><symptom-filter><p hidden><label>"
        'Filter by what you see: <input type="search" autocomplete="off"></label> '
        f'<span role="status">{len(SYMPTOMS)} lines</span></p>'
        f"<table>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{lines}\n</tbody>\n</table></symptom-filter>"
        f'<script type="module" src="{script}"></script>'
    )


def cells(symptom: Symptom, clinic: str) -> tuple[str, ...]:
    """One line: symptom, cause with its case, first tests, repair, and the check with its test."""
    case = f'<br><a href="{clinic}?patient={symptom.patient}">patient {symptom.patient}</a>'
    caught = f"<b>{escape(symptom.caught_by)}</b>. " if symptom.caught_by else "<b>None.</b> "
    test = escape(named_test(symptom)).replace("/", "/<wbr>").replace("_", "_<wbr>").replace("::", "<wbr>::")
    return (
        escape(symptom.seen),
        escape(symptom.fault.label) + case,
        escape(", ".join(symptom.first_tests)),
        escape(symptom.fault.repair),
        f"{caught}{escape(symptom.look)}<br><small>Test: <code>{test}</code></small>",
    )
