"""Imports in training/ go downward: no circle of files, no import hidden in a function, no room too full or too deep.

Counted are imports at any depth of a file and dispatch strings (text that names one of our modules), for both tie two
files together. An import of a package counts for the package's own file and for the module that is named.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DISPATCH = re.compile(r"training(?:\.[a-z_][a-z0-9_]*)+")
ROOMS = ("run", "models", "data", "evaluation", "serving", "methods")  # each imports itself and those before it
TOP = ("commands", "stack", "site_records")  # they import all of the above, and commands
MOST_FILES = 15  # directly in one folder, the __init__ aside
MOST_FLOORS = 6

Graph = dict[str, set[str]]


def module_name(root: Path, file: Path) -> str:
    """``training.run.config`` for training/run/config.py; a package's file has the package's name."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def named(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Every module of ours that a file names, by import or as text, with the node that names it."""
    found: list[tuple[ast.AST, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node, node.module), *((node, f"{node.module}.{alias.name}") for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and DISPATCH.fullmatch(node.value):
            found.append((node, node.value))
    return [(node, name) for node, name in found if name.startswith("training.")]


def graph_of(sources: dict[str, str]) -> Graph:
    """Edges between modules.

    Args:
        sources: name -> text of each module.
    """
    edges: Graph = {}
    for module, text in sources.items():
        mentioned = {name for _, name in named(ast.parse(text))}
        edges[module] = {name for name in mentioned if name in sources and name != module}
    return edges


def circles(edges: Graph) -> list[set[str]]:
    """The strongly connected components of more than one module (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in edges[module]:
            if other not in order:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == order[module]:
            part = set(stack[stack.index(module) :])
            del stack[stack.index(module) :]
            if len(part) > 1:
                found.append(part)

    for module in edges:
        if module not in order:
            visit(module)
    return found


def sources_of(root: Path) -> dict[str, str]:
    return {module_name(root, file): file.read_text() for file in sorted((root / "training").rglob("*.py"))}


def test_no_files_import_each_other_in_a_circle(root: Path) -> None:
    sources = sources_of(root)
    assert len(sources) > 100
    assert circles(graph_of(sources)) == []


def test_a_circle_is_found_through_imports_functions_and_text() -> None:
    sources = {
        "training.a": "from training import b",
        "training.b": "def f():\n    from training.c import x",
        "training.c": 'PLACE = "training.a"',
        "training.d": "import training.a",
    }
    assert circles(graph_of(sources)) == [{"training.a", "training.b", "training.c"}]
    sources["training.c"] = "from training.d import y"
    assert circles(graph_of(sources)) == [set(sources)]


def test_no_function_imports_a_module_of_ours(root: Path) -> None:
    hidden = []
    for module, text in sources_of(root).items():
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                hidden += [(module, name) for node, name in named(function) if not isinstance(node, ast.Constant)]
    assert not hidden


def rank(module: str) -> int:
    """The floor of a module's room; the command line stands above all."""
    room = module.split(".")[1] if "." in module else ""
    if room in ROOMS:
        return ROOMS.index(room)
    return {"commands": len(ROOMS)}.get(room, len(ROOMS) + 1 if room in TOP else len(ROOMS) + 2)


def test_imports_go_downward(root: Path) -> None:
    for module, others in graph_of(sources_of(root)).items():
        upward = {other for other in others if rank(other) > rank(module) and other.count(".") > 1}
        assert not upward, f"{module} imports {upward} from a room above its own"


def floors(edges: Graph) -> int:
    """How many floors the rooms need when each room stands above those it imports."""
    rooms: Graph = {}
    for module, others in edges.items():
        if module.count(".") > 1:
            here = module.split(".")[1]
            rooms.setdefault(here, set()).update(
                other.split(".")[1] for other in others if other.count(".") > 1 and other.split(".")[1] != here
            )
    assert circles(rooms) == []

    def height(room: str) -> int:
        return 1 + max((height(other) for other in rooms.get(room, ())), default=0)

    return max(height(room) for room in rooms)


def test_the_house_has_few_floors(root: Path) -> None:
    assert floors(graph_of(sources_of(root))) <= MOST_FLOORS


@pytest.mark.parametrize("room", ["training", "labs_py"])
def test_no_folder_is_too_full(root: Path, room: str) -> None:
    for folder in [root / room, *(path for path in (root / room).rglob("*") if path.is_dir())]:
        if "wording" in folder.parts or folder == root / "labs_py" / "core":  # word lists; the mathematics
            continue
        files = [file for file in folder.glob("*.py") if file.name != "__init__.py"]
        assert len(files) <= MOST_FILES, f"{folder.relative_to(root)} holds {len(files)} files"
