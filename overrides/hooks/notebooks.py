"""Hook: a page's own-data script (``docs/data/scripts``) also as a notebook, which its page offers to download.

The cells are the tested script, cut where it has empty lines between statements; before them stand what its docstring
says and the line that installs what it imports, in the releases that the test used.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, InclusionLevel
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = "data/scripts"
FOLDER = "notebooks"
PINS = ROOT / "requirements" / "train.txt"
PACKAGE_OF = {"sklearn": "scikit-learn"}
GUEST = {"torch"}  # a notebook's host brings its own build


def cells_of(script: str) -> tuple[str, list[str]]:
    """The docstring, and the code in pieces: each a run of statements without an empty line between them."""
    tree, lines = ast.parse(script), script.splitlines()
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    pieces: list[list[str]] = []
    end = tree.body[0].end_lineno or 0 if len(body) < len(tree.body) else 0
    for statement in body:
        before = lines[end : statement.lineno - 1]  # comments, decorators and empty lines
        text = before + lines[statement.lineno - 1 : statement.end_lineno]
        end = statement.end_lineno or 0
        if not pieces or "" in before:
            pieces.append([])
        pieces[-1] += text if pieces[-1] else "\n".join(text).strip("\n").split("\n")
    return ast.get_docstring(tree) or "", ["\n".join(piece) for piece in pieces]


def needs(script: str) -> list[str]:
    """What the script imports, as pins of requirements/train.txt."""
    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", PINS.read_text(encoding="utf-8"), re.MULTILINE))
    imported = re.findall(r"^(?:from|import) (\w+)", script, re.MULTILINE)
    names = dict.fromkeys(PACKAGE_OF.get(name, name.replace("_", "-")) for name in imported)
    return [f"{name}=={pins[name]}" for name in names if name in pins and name not in GUEST]


def notebook(name: str, title: str, script: str) -> dict[str, Any]:
    """The notebook as nbformat 4.5 has it.

    Args:
        name: of the script, which makes the cells' ids.
        title: of the page.
        script: the script's text.
    """
    said, pieces = cells_of(script)
    installed = needs(script)
    text = (
        f"# {title}, on your own data\n\n{said}\n\nPut `rows.jsonl` beside this notebook, then run the cells in order."
    )
    install = [f"%pip install -q {' '.join(installed)}"] if installed else []

    def cell(place: int, kind: str, source: str) -> dict[str, Any]:
        identifier = hashlib.sha256(f"{name}/{place}".encode()).hexdigest()[:8]
        code = {"execution_count": None, "outputs": []} if kind == "code" else {}
        return {"cell_type": kind, "id": identifier, "metadata": {}, **code, "source": source.splitlines(keepends=True)}

    cells = [cell(0, "markdown", text)] + [cell(i, "code", code) for i, code in enumerate([*install, *pieces], 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _script_of(page, docs: Path) -> Path | None:
    file = docs / SCRIPTS / f"{Path(page.file.src_uri).stem}.py"
    return file if file.is_file() and f"{SCRIPTS}/{file.name}" in page.file.content_string else None


def on_files(files, config):
    """A notebook for each script of a page."""
    docs = Path(config.docs_dir)
    titles = {
        Path(entry.src_uri).stem: entry.title
        for group in config.extra["groups"]
        for entry in group.pages
        if entry.ready
    }
    for script in sorted((docs / SCRIPTS).glob("*.py")):
        made = notebook(script.stem, titles.get(script.stem, script.stem), script.read_text(encoding="utf-8"))
        text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
        place = f"{FOLDER}/{script.stem}.ipynb"
        files.append(File.generated(config, place, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_context(context, page, config, nav):
    """Offer it in the small print of the page that lists the script."""
    if script := _script_of(page, Path(config.docs_dir)):
        context["notebook"] = get_relative_url(f"{FOLDER}/{script.stem}.ipynb", page.url)
    return context
