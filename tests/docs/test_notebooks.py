"""A page's script as a notebook: the script's own code in cells, in the form that notebook programs read."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import notebooks  # noqa: E402

SCRIPTS = sorted((ROOT / "docs" / "data" / "scripts").glob("*.py"))


def code_of(book: dict) -> list[str]:
    """The code cells without the one that installs."""
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    return [cell for cell in cells if not cell.startswith("%")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_cells_are_the_script(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    book = notebooks.notebook(script.stem, "A page", source)
    tree = ast.parse(source)
    tree.body = tree.body[1:]  # the docstring stands in the first cell
    assert ast.dump(ast.parse("\n".join(code_of(book)))) == ast.dump(tree)
    comments = re.findall(r"#.*$", source, re.MULTILINE)
    assert re.findall(r"#.*$", "\n".join(code_of(book)), re.MULTILINE) == comments
    assert len(code_of(book)) >= 2


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_notebook_is_of_the_format(script: Path) -> None:
    book = notebooks.notebook(script.stem, "A page", script.read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert set(book) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in ids)
    for cell in book["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | code
        assert all(line.endswith("\n") for line in cell["source"][:-1])


def test_what_a_script_imports_is_installed_in_the_tested_release() -> None:
    pins = (ROOT / "requirements" / "train.txt").read_text(encoding="utf-8")
    for script in SCRIPTS:
        for pin in notebooks.needs(script.read_text(encoding="utf-8")):
            assert re.search(rf"^{re.escape(pin)}$", pins, re.MULTILINE), pin


def test_the_page_that_lists_a_script_offers_its_notebook(tiny) -> None:
    listed = "# Second\n\n[Get it](data/scripts/second.py)\n"
    built = tiny("# F\n", second=listed, files={"data/scripts/second.py": '"""Rows."""\n\nprint(1)\n'})
    assert built.problems == []
    assert 'href="../notebooks/second.ipynb" download' in built.page("second")
    assert (built.site / "notebooks" / "second.ipynb").is_file()
    assert ".ipynb" not in built.page()
