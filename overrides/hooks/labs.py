"""Hook: ``<lab-view slug="...">`` becomes the lab's first frame, computed here by the code that the browser runs.

All labs of a build are painted by one node process, with the very functions that redraw them in the page later.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "overrides" / "build"))

import recording  # noqa: E402
from kept import folder, kept  # noqa: E402

from labs_py import api  # noqa: E402

ELEMENT = re.compile(r'(?:<p>\s*)?<lab-view slug="([^"]*)">\s*</lab-view>(?:\s*</p>)?')
PICTURE = re.compile(r'<lab-picture slug="([^"]*)" chart="([^"]*)"></lab-picture>')
WORDS = re.compile(r'<g class="lab-(?:ticks|axis-title|words)".*?</g\s*>|<text\b.*?</text>', re.DOTALL)
TITLE_LINE = '<div class="lab-head">'  # written by the hook furniture, in front of the lab
FENCED = re.compile(r"^([ ]*)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[ ]*$", re.MULTILINE | re.DOTALL)  # a listing, not the page
SCRIPTS = ROOT / "overrides" / "labs"
FIRST_SEED = 1
# Browsers load no modules from file://, so the sentence on how to serve the site needs a script of its own.
OPENED_AS_FILE = (
    "<script>if(location.protocol==='file:')"
    "document.querySelectorAll('[data-part=file-note]').forEach(function(p)"
    "{p.hidden=false;p.closest('lab-view').classList.add('is-file')})</script>"
)

_slugs: set[str] = set()


def on_pre_build(config):
    """Forget the last build: while serving, labs may have changed."""
    _slugs.clear()
    painted.cache_clear()
    folder.cache_clear()


def on_page_markdown(markdown, page, config, files):
    """Note which labs the pages show, so that one node process can paint them all."""
    _slugs.update(shown_labs(markdown))


def on_post_build(config):
    """Put what is recorded of each lab beside its other data."""
    target = Path(config.site_dir) / "data" / "labs" / "recorded"
    for slug in sorted(_slugs):
        found = kept(f"recording {slug}", lambda slug=slug: recording.recording(slug))
        if found:
            target.mkdir(parents=True, exist_ok=True)
            text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            (target / f"{slug}.json").write_text(text, encoding="utf-8")


def shown_labs(markdown: str) -> list[str]:
    """Slugs of the labs that a page shows; one that stands in a listing is text to read."""
    return ELEMENT.findall(FENCED.sub("", markdown))


def on_post_page(output, page, config):
    """Put the painted labs into the finished page, with the style and the script that only such pages load."""
    lab = ELEMENT.search(output)
    output = PICTURE.sub(lambda match: picture(match[1], match[2]), output)
    if not lab:
        return output
    pictures = painted(frozenset(_slugs))
    version = version_of_scripts()
    style = get_relative_url("assets/labs/labs.css", page.url)
    script = get_relative_url("assets/labs/main.js", page.url)
    head = f'<link rel="stylesheet" href="{style}?v={version}">'
    foot = f'{OPENED_AS_FILE}<script type="module" src="{script}?v={version}"></script>'

    def put(match: re.Match) -> str:
        return f"{pictures[match[1]]}{foot}"

    line = TITLE_LINE if TITLE_LINE in output else lab[0]
    return ELEMENT.sub(put, output.replace(line, f"{head}{line}", 1))


def picture(slug: str, chart: str) -> str:
    """A chart of a lab's first frame as a small picture for a tile: without words, which would be too small to read.

    Raises:
        PluginError: no page shows the lab, or it has no such chart.
    """
    html = painted(frozenset(_slugs)).get(slug, "")
    found = re.search(rf'data-chart="{chart}".*?(<svg[^>]*role="img"[^>]*>)(.*?)</svg>', html, re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', found[1]) if found else None
    if not found or not box:
        raise PluginError(f"reference/pages.yml: the lab '{slug}' has no chart '{chart}' to be its picture")
    return f'<svg class="lab-svg s10-picture" {box[0]} aria-hidden="true">{WORDS.sub("", found[2])}</svg>'


@lru_cache(maxsize=1)
def painted(slugs: frozenset[str]) -> dict[str, str]:
    """HTML of each lab's first frame.

    Raises:
        PluginError: an unknown slug, or a lab that cannot be drawn.
    """
    try:
        labs = [kept(f"input {slug}", lambda slug=slug: lab_input(slug)) for slug in sorted(slugs)]
    except KeyError as error:
        raise PluginError(f"<lab-view>: {error.args[0]}") from None
    done = subprocess.run(
        [node(), str(ROOT / "overrides" / "build" / "render_lab.mjs")],
        input=json.dumps(labs),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode:
        raise PluginError(f"A lab could not be drawn:\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def lab_input(slug: str) -> dict:
    """What the drawing functions need: SPEC, default frame, code, tasks and the predictions' answers."""
    spec = api.spec(slug)
    answers = {}
    for prediction in spec.predictions:
        frame = api.last_frame(slug, prediction.params)
        answers[prediction.name] = frame["scalars"][prediction.reveal]["value"]
    is_played = spec.plays and spec.recorded.get("train")
    recorded = recording.run_frames(slug)[-1] if is_played else api.recorded_run(slug)
    tasks = {challenge.name: api.draw(slug, challenge.name, FIRST_SEED) for challenge in spec.challenges}
    return {
        "spec": spec.to_json(),
        "frame": json.loads(api.to_json(api.last_frame(slug))),
        "recorded": json.loads(api.to_json(recorded)) if recorded else None,
        "main": api.main_params(slug),
        "answers": answers,
        "tasks": {name: {"prompt": task.prompt, "params": task.params} for name, task in tasks.items()},
        "sources": [{"name": name, "text": api.source(name)} for name in spec.code],
    }


def version_of_scripts() -> str:
    """Changes when the labs' scripts or Python change, so that no browser pairs a new page with an old script."""
    total = hashlib.sha256()
    for file in sorted([*SCRIPTS.rglob("*"), *(ROOT / "labs_py").rglob("*")]):
        if file.is_file() and "__pycache__" not in file.parts:
            total.update(file.read_bytes())
    return total.hexdigest()[:8]


def node() -> str:
    """The node program that the set-up chose, or the one on PATH."""
    found = os.environ.get("STAGE10_NODE") or shutil.which("node")
    if not found:
        raise PluginError("node is missing: run `make site`, which sets it up, or install node 20")
    return found
