"""Hook: the page ``reference/notice``: each part of others that this site hands on, with its licence, at each build.

The text comes from the installed part's own licence file. Parts that come without one (Pyodide's package, CPython
within it, recorded model data) have theirs in ``overrides/licences``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from importlib import metadata
from pathlib import Path

import material
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, InclusionLevel

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "node_modules"
OWN = ROOT / "overrides" / "licences"
PAGE = "reference/notice"
HERE = '<div id="notice-parts"></div>'
MARKDOWN = f"""---
title: Notice
description: The parts of others that this site hands on, each with its licence.
search: {{aliases: [third-party licences, open source licenses, credits, attribution]}}
hide: [toc]
---
# Notice

This site's own text, data and code have the licences that its foot names. It also hands on parts of others,
unchanged or packed anew. They are listed here with their licences, in the words of their own licence files.

{HERE}
"""
LICENCE_FILE = re.compile(r"^(licen[cs]e|copying)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part: its name, release, licence in short, what it does here, where its source is, and the licence's text."""

    name: str
    version: str
    licence: str
    role: str
    source: str
    text: str


def _licence_in(folder: Path) -> str:
    files = [file for file in sorted(folder.iterdir()) if LICENCE_FILE.match(file.name)] if folder.is_dir() else []
    if not files:
        raise PluginError(f"The notice page lacks a licence: no licence file in {folder}")
    return files[0].read_text(encoding="utf-8")


def npm(name: str, role: str) -> Part:
    """A package of node_modules.

    Raises:
        PluginError: it is not installed, or brings no licence file.
    """
    folder = NODE / name
    try:
        about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise PluginError(f"The notice page lacks a part: {name} is not in node_modules") from error
    return Part(
        name, about["version"], about["license"], role, f"https://www.npmjs.com/package/{name}", _licence_in(folder)
    )


def python(name: str, version: str, licence: str, role: str, source: str) -> Part:
    """An installed Python distribution; ``version`` where the site hands on another release than the build uses.

    Raises:
        PluginError: it is not installed, or brings no licence file.
    """
    try:
        installed = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise PluginError(f"The notice page lacks a part: {name} is not installed") from error
    files = [line.split(",")[0] for line in (installed.read_text("RECORD") or "").splitlines() if ".dist-info" in line]
    texts = [file for file in files if LICENCE_FILE.match(file.rpartition("/")[2])]
    if not texts:
        raise PluginError(f"The notice page lacks a licence: {name} brings no licence file")
    text = Path(str(installed.locate_file(texts[0]))).read_text(encoding="utf-8")
    return Part(name, version or installed.version, licence, role, source, text)


def standing(name: str, version: str, licence: str, role: str, source: str, file: Path) -> Part:
    """A part whose licence's text stands in a file that we name."""
    return Part(name, version, licence, role, source, file.read_text(encoding="utf-8"))


def parts() -> list[Part]:
    """All that is handed on, in the order in which a reader meets it."""
    icons = Path(material.__file__).parent / "templates" / ".icons" / "material" / "LICENSE"
    font = ROOT / "overrides" / "assets" / "display-OFL.txt"
    lock = json.loads((NODE / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    pyodide, numpy = npm_version("pyodide"), lock["packages"]["numpy"]["version"]
    mpl, psf, apache = (OWN / f"{name}.txt" for name in ("MPL-2.0", "PSF-2.0", "Apache-2.0"))
    compiled = "compiled to bytecode and cut to what the labs use"
    models, github = "https://huggingface.co", "https://github.com"
    charts = ("d3-array", "d3-scale", "d3-shape", "d3-path", "internmap")
    return [
        python("mkdocs-material", "", "MIT", "the pages' frame", f"{github}/squidfunk/mkdocs-material"),
        standing("Material Design Icons", "", "Apache-2.0", "icons", "https://pictogrammers.com/", icons),
        standing("Newsreader", "", "OFL-1.1", "font of the headings", f"{github}/productiontype/Newsreader", font),
        npm("katex", "formulas and their fonts"),
        npm("minisearch", "the search's index"),
        npm("stemmer", "stems of words in the search"),
        *(npm(name, "scales and shapes of charts") for name in charts),
        standing(
            "Pyodide", pyodide, "MPL-2.0", "Python in the browser", f"{github}/pyodide/pyodide/tree/{pyodide}", mpl
        ),
        standing(
            "CPython", lock["info"]["python"], "PSF-2.0", f"in Pyodide; {compiled}", f"{github}/python/cpython", psf
        ),
        python("numpy", numpy, "BSD-3-Clause", f"arithmetic of the labs; {compiled}", f"{github}/numpy/numpy"),
        standing(
            "Transformer Explainer",
            "",
            "MIT",
            "example outputs, from which the recorded logits of GPT-2 were read",
            f"{github}/poloclub/transformer-explainer",
            OWN / "transformer-explainer.txt",
        ),
        standing(
            "SmolLM2-135M-Instruct",
            "",
            "Apache-2.0",
            "tensors, tokenizer and logits that labs show",
            f"{models}/HuggingFaceTB/SmolLM2-135M-Instruct",
            apache,
        ),
        standing(
            "all-MiniLM-L6-v2",
            "",
            "Apache-2.0",
            "tensors that the Quantization Lab shows",
            f"{models}/sentence-transformers/all-MiniLM-L6-v2",
            apache,
        ),
    ]


def npm_version(name: str) -> str:
    """The installed release of a package of node_modules."""
    return json.loads((NODE / name / "package.json").read_text(encoding="utf-8"))["version"]


def listed(all_parts: list[Part]) -> str:
    """A table of the parts, and each licence's text behind its name."""
    rows = "".join(
        f'<tr><td><a href="{escape(part.source)}" rel="noopener">{escape(part.name)}</a> {escape(part.version)}</td>'
        f"<td>{escape(part.licence)}</td><td>{escape(part.role)}</td></tr>"
        for part in all_parts
    )
    texts: dict[str, list[Part]] = {}
    for part in all_parts:
        texts.setdefault(part.text, []).append(part)
    folded = "".join(
        f"<details><summary>Licence of {escape(', '.join(part.name for part in same))}</summary>"
        f'<pre class="s10-licence"><code>{escape(text.strip())}</code></pre></details>'
        for text, same in texts.items()
    )
    head = "<tr><th>Part</th><th>Licence</th><th>What it does here</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table><div data-search-exclude>{folded}</div>"


def on_files(files, config):
    """Add the page; it stands in the foot of all pages and not in the navigation."""
    files.append(File.generated(config, f"{PAGE}.md", content=MARKDOWN, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_content(html, page, config, files):
    """Put the parts into their page."""
    return html.replace(HERE, listed(parts())) if page.file.src_uri == f"{PAGE}.md" else html
