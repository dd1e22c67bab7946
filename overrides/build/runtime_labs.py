"""Which files of labs_py a lab needs: read off its sources, so that a new lab or module needs no list.

All labs share what the worker's door imports; a lab's own pack holds the rest of what its modules import, at any
depth, and of what they name in text (the functions that a lab shows and lets the reader edit). The trace then runs
each lab with nothing else in reach, so that a module that slipped through fails the build.
"""

from __future__ import annotations

import ast
import re

DOOR = "labs_py.wire"
LABS = "labs_py/labs/"
NAMED = re.compile(r"labs_py(?:\.\w+)+")


def lab_slugs(sources: dict[str, str]) -> list[str]:
    """Slugs of the labs among ``sources`` (path from ``labs_py/`` on -> text), as ``api.list_labs`` finds them."""
    names = [path.removeprefix(LABS) for path in sources if path.startswith(LABS) and path.endswith(".py")]
    return sorted(name.removesuffix(".py") for name in names if not name.startswith("_") and "/" not in name)


def shared_files(sources: dict[str, str]) -> set[str]:
    """Files that every lab needs, and those that are no modules."""
    return reachable(sources, DOOR) | {path for path in sources if not path.endswith(".py")}


def lab_files(sources: dict[str, str], slug: str) -> set[str]:
    """Files that a lab needs beside the shared ones."""
    return reachable(sources, f"labs_py.labs.{slug}") - shared_files(sources)


def reachable(sources: dict[str, str], module: str) -> set[str]:
    """Files of a module, of the packages around it, and of all that these lead to."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for path in files_of(sources, waiting.pop()) - found:
            found.add(path)
            waiting += names_in(sources[path])
    return found


def files_of(sources: dict[str, str], name: str) -> set[str]:
    """Files behind a dotted name; a name's last parts may be functions, and then mean their module."""
    parts = name.split(".")
    paths = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return {path for start in paths for path in (f"{start}.py", f"{start}/__init__.py") if path in sources}


def names_in(text: str) -> list[str]:
    """Dotted names below labs_py that a source imports or has in a text."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += NAMED.findall(node.value)
    return [name for name in found if name.split(".")[0] == "labs_py"]
