"""Which files of labs_py a lab needs: read off its sources, so that a new lab or module needs no list.

All labs share what the worker's door imports; a lab's own pack holds the rest of what its modules import, at any
depth, of what they name in text (the functions that a lab shows and lets the reader edit), and the data files of its
folder. The trace then runs each lab with nothing else in reach, so that a module that slipped through fails the build.
"""

from __future__ import annotations

import ast
import re

DOOR = "labs_py.wire"
LABS = "labs_py/labs/"
OTHERS = {"exercises": "labs_py/exercises/", "real": "labs_py/real_model.py"}
"""Packs beside the labs' own: their name and their folder, or their one module."""
NAMED = re.compile(r"labs_py(?:\.\w+)+")


def lab_slugs(sources: dict[str, str]) -> list[str]:
    """Slugs of the labs among ``sources`` (path from ``labs_py/`` on -> text), as ``api.list_labs`` finds them."""
    found = (path.removeprefix(LABS).split("/") for path in sources if path.startswith(LABS))
    return sorted(parts[0] for parts in found if parts[1:] == ["__init__.py"])


def shared_files(sources: dict[str, str]) -> set[str]:
    """Files that every lab needs, and those that are neither modules nor a lab's own."""
    return reachable(sources, DOOR) | {p for p in sources if not p.endswith(".py") and not p.startswith(LABS)}


def pack_names(sources: dict[str, str]) -> list[str]:
    """Names of all packs beside the shared one: the labs' slugs and the others."""
    return [
        *lab_slugs(sources),
        *(name for name, own in OTHERS.items() if any(path.startswith(own) for path in sources)),
    ]


def lab_files(sources: dict[str, str], slug: str) -> set[str]:
    """Files that a pack holds beside the shared ones: its folder, and what the modules there lead to."""
    own = {path for path in sources if path.startswith(OTHERS.get(slug, f"{LABS}{slug}/"))}
    modules = [path.removesuffix(".py").replace("/", ".") for path in own if path.endswith(".py")]
    return own.union(*(reachable(sources, module) for module in modules)) - shared_files(sources)


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
