"""Hook: ``{{ exercise("lora-forward") }}`` on a line of its own becomes an exercise that is graded in the page.

Task, first lines, hints and solution come from ``labs_py/exercises``. Without scripts the task stands there, with the
command that grades a file. ``<div data-s10-exercises></div>`` becomes the list of all exercises, and the list of names
and places goes to the site as ``assets/exercises.js`` for the reader's record.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import markdown as md
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, InclusionLevel
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(Path(__file__).parent)) if path not in sys.path]

import labs  # noqa: E402
import macros  # noqa: E402
import registry  # noqa: E402

from labs_py import exercise as command  # noqa: E402
from labs_py.exercises import grading  # noqa: E402

PLACE = re.compile(r'<div class="s10-exercise-place" data-name="([^"]+)"></div>')
LIST = "<div data-s10-exercises></div>"
STYLE = '<link rel="stylesheet" href="{}?v={}">'
BUILD: dict[str, Any] = {"pages": {}}
BUTTONS = (("check", "Check", ""), ("hint", "Hint", ""), ("put-back", "Put back", ""), ("undo", "Undo", " hidden"),
           ("solution", "Show our solution", " hidden"))  # fmt: skip


def places(files) -> dict[str, Any]:
    """Name of each exercise -> the file of the page where it stands.

    Raises:
        PluginError: an exercise stands in two places, or a page names one that is not there.
    """
    found: dict[str, Any] = {}
    for file in files.documentation_pages():
        for _, call in macros.calls(file.content_string):
            if isinstance(call, ValueError) or call.name != "exercise":
                continue
            [name] = call.args
            if name not in grading.names():
                raise PluginError(f"{file.src_uri}:{call.line}: no exercise is called '{name}'")
            if name in found:
                raise PluginError(f"{file.src_uri}:{call.line}: the exercise '{name}' stands in {found[name].src_uri}")
            found[name] = file
    return found


def on_files(files, config):
    """Note where each exercise stands, for the pages that list them and for the reader's record."""
    order = [entry.src_uri for entry in registry.entries(config.extra["groups"])]
    BUILD["pages"] = dict(sorted(places(files).items(), key=lambda item: order.index(item[1].src_uri)))
    listed = [{"name": name, "title": grading.load(name).title, "address": f"{file.url}#exercise-{name}"}
              for name, file in BUILD["pages"].items()]  # fmt: skip
    tried = challenges(Path(config.docs_dir), config.extra["groups"])
    parts = (json.dumps(one, ensure_ascii=False) for one in (listed, tried))
    text = "export default {};\nexport const labs = {};\n".format(*parts)
    files.append(File.generated(config, "assets/exercises.js", content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def challenges(docs: Path, groups) -> list[dict[str, Any]]:
    """Each lab that has challenges, with its title, its address and their names."""
    found = []
    for entry in registry.entries(groups):
        file = docs / "data" / "labs" / f"{entry.slug.removeprefix('labs/')}.json"
        if not entry.slug.startswith("labs/") or not entry.ready or not file.is_file():
            continue
        named = [one["name"] for one in json.loads(file.read_text(encoding="utf-8"))["spec"]["challenges"]]
        if named:
            slug = entry.slug.removeprefix("labs/")
            found.append({"slug": slug, "title": entry.title, "address": entry.address, "challenges": named})
    return found


def on_page_markdown(markdown, page, config, files):
    """Put a place for each exercise, which survives Markdown."""

    def expand(call, written: str) -> str:
        if isinstance(call, ValueError) or call.name != "exercise":
            return written
        return f'\n\n<div class="s10-exercise-place" data-name="{call.args[0]}"></div>\n\n'

    return macros.replace(markdown, expand)


def on_page_content(html, page, config, files):
    """Put the exercises and the list into the page, with the style and the script that only such pages load."""
    html = html.replace(LIST, listed(page.url))
    if not PLACE.search(html):
        return html
    style, script = (get_relative_url(f"assets/labs/exercises.{kind}", page.url) for kind in ("css", "js"))
    head = STYLE.format(style, _version())
    foot = f'<script type="module" src="{script}?v={labs.version_of_scripts()}"></script>'
    html = PLACE.sub(lambda place: painted(grading.load(place[1])), html)
    return html.replace("<code-exercise", f"{head}<code-exercise", 1) + foot


def _version() -> str:
    return hashlib.sha256((ROOT / "overrides" / "labs" / "exercises.css").read_bytes()).hexdigest()[:8]


def _inline(text: str) -> str:
    return md.markdown(text).removeprefix("<p>").removesuffix("</p>")


def painted(one: grading.Exercise) -> str:
    """An exercise in HTML, as it stands before its script wakes it."""
    title = escape(one.title)
    buttons = " ".join(f'<button type="button" class="s10-button" data-action="{name}"{more}>{said}</button>'
                       for name, said, more in BUTTONS)  # fmt: skip
    hints = "".join(f"<li hidden>{_inline(hint)}</li>" for hint in one.hints)
    native = f"<code>{command.COMMAND} {one.name} FILE</code>"
    return (
        f'<code-exercise data-search-exclude data-title="{title}"><section class="x-box" data-exercise="{one.name}" '
        f'data-result="untried" aria-labelledby="exercise-{one.name}">'
        f'<h3 id="exercise-{one.name}">Write it yourself: {title} '
        '<span data-part="mark">not tried yet</span></h3>'
        f"<p>{_inline(one.task)}</p>"
        '<div class="x-editor"><pre tabindex="0" role="region" '
        f'aria-label="First lines of: {title}">'
        f'<code data-part="source">{escape(one.starter)}</code></pre></div>'
        f'<p class="x-buttons" data-part="buttons" hidden>{buttons}</p>'
        '<p class="x-says" data-part="says" role="status"></p>'
        f'<ol class="x-hints" data-part="hints">{hints}</ol>'
        '<div class="x-solution" data-part="solution" hidden><p class="x-small">Our solution; others are as good.</p>'
        f'<pre tabindex="0" role="region" aria-label="Our solution of: {title}"><code>{escape(one.solution)}</code>'
        "</pre></div>"
        '<p class="x-small" data-part="needs">Checking in the page needs scripts.</p>'
        f'<p class="x-small">The first check fetches Python (about 7 MB). In a checkout, {native} grades a file.</p>'
        "</section></code-exercise>"
    )


def listed(url: str) -> str:
    """All exercises with the pages where they stand, in the order of the pages."""
    items = "".join(
        f'<li data-exercise-of="{name}"><a href="{get_relative_url(file.url, url)}#exercise-{name}">'
        f'{escape(grading.load(name).title)}</a> <span class="s10-state" data-part="state"></span></li>'
        for name, file in BUILD["pages"].items()
    )
    return f'<exercise-list><ul class="s10-shelf">{items}</ul></exercise-list>'
