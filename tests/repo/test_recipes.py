"""The recipes of docs/reference/contributing.md, followed in a copy of the checkout: what they add is there and works.

A block whose title is a path is written there; ``PATH, in NAME`` puts it at the end of the table ``NAME`` of that file
(``imports``: among the imports, in their order; of pages.yml: at the end of that group). Commands run as they stand.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import ROOT

PAGE = (ROOT / "docs" / "reference" / "contributing.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[a-z]+[^\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
TITLE = re.compile(r'title="(?P<path>[^",]+)(?:, in (?P<table>\w+))?"')


@dataclass(frozen=True)
class Block:
    """One fenced block: text for a file, or commands (``path`` empty)."""

    language: str
    path: str
    table: str
    text: str


def blocks(title: str) -> list[Block]:
    """The fenced blocks of one section of the page."""
    section = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = []
    for fence in FENCE.finditer(section):
        named = TITLE.search(fence["info"])
        path, table = (named["path"], named["table"] or "") if named else ("", "")
        found.append(Block(fence["info"].split(" title=")[0], path, table, textwrap.dedent(fence["body"])))
    return found


def place_in(text: str, block: Block) -> int:
    """Line before which a block goes in a file that exists."""
    if block.path.endswith(".yml"):
        lines = text.splitlines()
        start = lines.index(f"- group: {block.table}")
        ends = [at for at in range(start + 1, len(lines)) if lines[at].startswith("- group:")]
        return ends[0] - 1 if ends else len(lines)  # before the empty line
    body = ast.parse(text).body
    if block.table == "imports":  # where the sorted imports have it
        [own] = [node.module or "" for node in ast.parse(block.text).body if isinstance(node, ast.ImportFrom)]
        ours = [node for node in body if isinstance(node, ast.ImportFrom) and (node.module or "") > own]
        return min(node.lineno for node in ours if (node.module or "").startswith("training")) - 1
    for node in body:
        names = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(name, ast.Name) and name.id == block.table for name in names):
            assert isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
            return (node.end_lineno or 0) - 1  # before the closing brace
    raise AssertionError(f"{block.path} has no {block.table}")


def write(copy: Path, block: Block) -> None:
    """Do what one block says."""
    file = copy / block.path
    if not block.table:
        assert not file.exists(), f"{block.path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    indent = "" if block.table == "imports" else "    "
    at = place_in(text, block)
    file.write_text("".join([*lines[:at], textwrap.indent(block.text, indent), *lines[at:]]), encoding="utf-8")


def call(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """One command in the copy, with its own modules first; it has to end well."""
    told = {**os.environ, "PYTHONPATH": str(copy), "STAGE10_OFFLINE": "1", "STAGE10_DEVICE": "cpu",
            "PATH": f"{copy / 'programs'}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
    done = subprocess.run(command, cwd=copy, env=told, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done


def python(copy: Path, program: str) -> str:
    """What a line of Python prints."""
    return call(copy, sys.executable, "-c", program).stdout


def follow(copy: Path, title: str) -> str:
    """Write a recipe's files, run its commands; what these printed."""
    recipe = blocks(title)
    for block in recipe:
        if block.path:
            write(copy, block)
    python_files = sorted({block.path for block in recipe if block.language == "python"})
    if python_files:
        call(copy, sys.executable, "-m", "ruff", "check", *python_files)
        call(copy, sys.executable, "-m", "ruff", "format", "--check", *python_files)
    commands = [block.text for block in recipe if block.language == "bash"]
    done = [call(copy, "bash", "-euc", text) for text in commands]
    return "".join(one.stdout + one.stderr for one in done)


def run_tests(copy: Path, module: str) -> None:
    """Call each test of a module that needs no fixture."""
    program = f"import {module} as m; found = [n for n in dir(m) if n.startswith('test_')]; assert found"
    python(copy, f"{program}; [getattr(m, name)() for name in found]")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's files, in a folder in which a recipe may write; ``python`` means the tests' own."""
    folder = tmp_path_factory.mktemp("recipes")
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    program = folder / "programs" / "python"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return folder


def test_a_task_is_found_built_and_checked(copy: Path) -> None:
    said = follow(copy, "Add a task")
    assert "clock" in python(copy, "from training.data.tasks import registry; print(*registry.names())").split()
    assert "train.jsonl: 300 rows" in said and "test.jsonl: 100 rows" in said and "no faults in" in said
    first = json.loads((copy / "data" / "clock" / "train.jsonl").read_text().splitlines()[0])
    assert first["messages"][-1]["content"].endswith(("am", "pm"))
    run_tests(copy, "tests.training.data.tasks.test_clock")


def test_a_method_is_registered_and_plans_a_run(copy: Path) -> None:
    pytest.importorskip("torch", reason="a plan times a product in torch (make test sets it up)")
    said = follow(copy, "Add a method")
    assert "plan         neftune of tiny-random:llama" in said and "rows         32 to train on" in said
    assert "neftune" in python(copy, "from training.methods import registry; print(*registry.answering())").split()
    assert "neftune" in call(copy, sys.executable, "-m", "training", "--help").stdout


@pytest.mark.long
def test_the_method_trains(copy: Path) -> None:
    if not (copy / "training" / "configs" / "neftune").is_dir():
        follow(copy, "Add a method")
    program = ("from pathlib import Path; from tests.training.method_runs import train;"
               " from training.methods.neftune import train as neftune; seen = []; honest = neftune.noisy;"
               " neftune.noisy = lambda *given: seen.append(1) or honest(*given);"
               " run, result, _ = train('neftune', Path('runs/neftune')); assert run.adapter.is_dir();"
               " print(result.facts['steps'], len(seen))")  # fmt: skip
    steps, noised = map(int, python(copy, program).split()[-2:])
    assert steps == 8 and noised >= steps  # a forward pass or two of each step


def test_a_lab_is_listed_and_prints_a_frame(copy: Path) -> None:
    said = follow(copy, "Add a lab")
    assert "warmup" in python(copy, "from labs_py import api; print(*api.list_labs())").split()
    default = json.loads(call(copy, sys.executable, "overrides/build/lab.py", "warmup", "{}").stdout)
    assert default["final"] and default["arrays"]["rate"]["shape"] == [100] and not default["errors"]
    assert json.loads(said.splitlines()[0])["params"]["share"] == 0.2
    assert (copy / "docs" / "data" / "labs" / "warmup.json").is_file()
    run_tests(copy, "tests.unit.core.test_warmup")


def in_navigation(copy: Path) -> str:
    """Every file that the site's navigation names."""
    return python(copy, "import sys; sys.path.insert(0, 'overrides/hooks'); import registry; from pathlib import Path;"
                        " print(registry.navigation(registry.load(Path('docs'))))")  # fmt: skip


def test_a_page_is_in_the_navigation(copy: Path) -> None:
    recipe = blocks("Add a page")
    for block in recipe:
        if block.path:
            write(copy, block)
    assert "'Learning rates': 'articles/10-fine-tuning/learning-rates.md'" in in_navigation(copy)
    orphans = ("import sys; sys.path.insert(0, 'overrides/hooks'); from pathlib import Path;"
               " from orphans import claims_of, exceptions; name = 'articles/10-fine-tuning/learning-rates.md';"
               " text = Path('docs', name).read_text();"
               " print([c for c in claims_of(text, name, exceptions(Path('docs'))) if not c.owner])")  # fmt: skip
    assert python(copy, orphans).strip() == "[]"


@pytest.mark.long
def test_the_whole_site_builds_with_the_page_and_the_lab(copy: Path) -> None:
    for title, sign in (("Add a page", "articles/10-fine-tuning/learning-rates.md"), ("Add a lab", "labs/warmup.md")):
        if not (copy / "docs" / sign).is_file():
            for block in blocks(title):
                if block.path:
                    write(copy, block)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    [build] = [block.text for block in blocks("Add a page") if block.language == "bash site"]
    call(copy, "bash", "-euc", build)
    page = (copy / "site" / "articles" / "10-fine-tuning" / "learning-rates" / "index.html").read_text()
    assert "choose a learning rate for an adapter and defend it" in page
    assert 'slug="warmup"' in (copy / "site" / "labs" / "warmup" / "index.html").read_text()


def test_every_block_with_a_path_is_read_and_a_missing_table_is_seen() -> None:
    titled = len(re.findall(r"^ *```.*title=", PAGE, re.MULTILINE))
    recipes = [blocks(title) for title in ("Add a task", "Add a method", "Add a lab", "Add a figure", "Add a page")]
    assert sum(bool(block.path) for recipe in recipes for block in recipe) == titled >= 20
    with pytest.raises(AssertionError, match="no NOWHERE"):
        place_in("TABLE = {}\n", Block("python", "x.py", "NOWHERE", ""))
