"""A public function that raises says what, so that a caller need not read it to know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """A module's public functions, and those of its public classes."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        yield from (one for one in inside if isinstance(one, FUNCTIONS) and not one.name.startswith("_"))


def raises(node: ast.AST) -> bool:
    """Whether a statement of it lets an error out; functions defined inside, and what it catches whole, count not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(child, ast.Raise) or (not catches_all(child) and raises(child)):
            return True
        if catches_all(child) and any(raises(part) for part in (*child.handlers, *child.orelse, *child.finalbody)):
            return True
    return False


def catches_all(node: ast.AST) -> bool:
    """Whether it is a ``try`` of which one handler takes every ``Exception``."""
    caught = [name.id for handler in getattr(node, "handlers", []) for name in ast.walk(handler.type or ast.Pass())
              if isinstance(name, ast.Name)]  # fmt: skip
    return isinstance(node, ast.Try) and "Exception" in caught


def silent(text: str) -> list[str]:
    """Public functions of a module that raise and do not say so."""
    return [one.name for one in public_functions(ast.parse(text))
            if raises(one) and "Raises:" not in (ast.get_docstring(one) or "")]  # fmt: skip


def test_every_public_function_of_training_that_raises_says_what(root: Path) -> None:
    files = sorted((root / "training").rglob("*.py"))
    assert len(files) > 100
    found = {str(file.relative_to(root)): names for file in files if (names := silent(file.read_text("utf-8")))}
    assert not found, 'add "Raises:" with the errors and when they come'


def test_one_that_does_not_say_so_is_found() -> None:
    plain = 'def f(x):\n    """Half."""\n    if x:\n        raise ValueError("x")\n'
    assert silent(plain) == ["f"]
    assert silent(plain.replace("Half.", "Half.\n\n    Raises:\n        ValueError: x.\n    ")) == []
    assert silent(plain.replace("def f", "def _f")) == []
    assert silent("class A:\n" + plain.replace("def", "    def").replace("\n    ", "\n        ")) == ["f"]
    caught = "def f():\n    try:\n        raise ValueError\n    except Exception:\n        pass\n"
    assert silent(caught) == [] and silent(caught.replace("pass", "raise")) == ["f"]
    assert silent(caught.replace("Exception", "OSError")) == ["f"]
    assert silent("def f():\n    def g():\n        raise ValueError\n    return g\n") == []
