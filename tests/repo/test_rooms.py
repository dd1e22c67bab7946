"""Who may import what, as docs/reference/how-it-is-built.md says; and the sizes that keep files readable."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

TABLE_ROW = re.compile(r"^\| `(?P<room>(?:labs_py|training)[\w.]*)` \| (?P<allowed>[^|]+) \|", re.MULTILINE)
STANDARD = set(sys.stdlib_module_names) | {"__future__"}
TOO_LONG = 400  # lines of a module; longer ones are named here with a reason
EXCEPTIONS: dict[str, str] = {"labs_py/spec.py": "all that a SPEC can say, and what of it is legal, on one page"}


def table(root: Path) -> dict[str, set[str]]:
    """room -> modules it may import, beside the standard library and itself."""
    text = (root / "docs" / "reference" / "how-it-is-built.md").read_text()
    rows = {m["room"]: set(re.findall(r"`([\w.]+)`", m["allowed"])) for m in TABLE_ROW.finditer(text)}
    assert {"labs_py.core", "labs_py.spec", "labs_py.labs", "labs_py.api", "training"} <= set(rows)
    return rows


def imports(path: Path) -> set[str]:
    """Full names of everything a file imports, also inside functions; ``from a import b`` counts as a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: a relative import hides what it takes"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_files(root: Path, room: str) -> list[Path]:
    """The Python files of a room: a folder or one module."""
    path = root / room.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def breaks(name: str, room: str, own: str, allowed: set[str]) -> bool:
    """True when a file (``own``) of a room may not import ``name``; in ``labs_py.labs`` each lab is a room."""
    if name.split(".")[0] in STANDARD:
        return False
    home = ".".join(own.split(".")[:3]) if room == "labs_py.labs" else room
    if name == own or (name + ".").startswith(home + "."):
        return False
    return not any((name + ".").startswith(module + ".") for module in allowed)


def test_each_room_imports_only_what_the_table_allows(root: Path) -> None:
    for room, allowed in table(root).items():
        for path in room_files(root, room):
            own = ".".join(path.relative_to(root).with_suffix("").parts)
            wrong = sorted(name for name in imports(path) if breaks(name, room, own, allowed))
            assert not wrong, f"{path.relative_to(root)} imports {wrong}, and {room} may not"


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("torch", "labs_py.core"),
        ("training.methods.sft.loss", "labs_py.core"),
        ("labs_py.labs.lora.decomposition", "labs_py.labs"),
        ("labs_py.core.svd", "labs_py.api"),
        ("labs_py.labs.lora", "labs_py.core"),
        ("scipy", "labs_py.labs"),
    ],
)
def test_the_rule_catches_a_wrong_import(root: Path, name: str, room: str) -> None:
    assert breaks(name, room, "labs_py.x.y", table(root)[room])


def test_a_lab_imports_its_own_folder_and_no_other(root: Path) -> None:
    allowed = table(root)["labs_py.labs"]
    assert not breaks("labs_py.labs.mask.tokens", "labs_py.labs", "labs_py.labs.mask.lab", allowed)
    assert breaks("labs_py.labs.mask.tokens", "labs_py.labs", "labs_py.labs.mask_two.lab", allowed)
    assert breaks("labs_py.labs.mask.tokens", "labs_py.labs", "labs_py.labs.lora.lab", allowed)


def test_files_stay_readable(root: Path) -> None:
    for room in ("labs_py", "training", "overrides"):
        for path in sorted((root / room).rglob("*.py")):
            name = str(path.relative_to(root))
            lines = len(path.read_text().splitlines())
            assert lines <= TOO_LONG or name in EXCEPTIONS, f"{name} has {lines} lines"


def test_no_file_is_named_utils(root: Path) -> None:
    for room in ("labs_py", "training", "overrides", "tests"):
        names = {path.stem for path in (root / room).rglob("*.py")}
        assert not names & {"utils", "util", "helpers", "misc", "common"}


def test_committed_files_are_small(root: Path) -> None:
    for room in ("docs", "labs_py", "training", "overrides", "tests"):
        for path in (root / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.stat().st_size <= 750_000, f"{path.relative_to(root)} is {path.stat().st_size} bytes"
