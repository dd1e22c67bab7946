"""The share of arguments that say their type does not fall."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FLOORS = {"training": 1.0, "labs_py": 1.0}  # today's shares, rounded down; they only rise


def arguments(source: str) -> list[ast.arg]:
    """All arguments of a file's functions, but for self and cls; lambdas cannot say types and do not count."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
            found += [arg for arg in [*named, given.vararg, given.kwarg] if arg and arg.arg not in ("self", "cls")]
    return found


def share(sources: list[str]) -> float:
    """Share of annotated arguments over all files, in [0, 1]."""
    found = [arg for source in sources for arg in arguments(source)]
    return sum(arg.annotation is not None for arg in found) / len(found)


@pytest.mark.parametrize("room", FLOORS)
def test_arguments_say_their_types(root: Path, room: str) -> None:
    has = share([path.read_text() for path in sorted((root / room).rglob("*.py"))])
    assert has >= FLOORS[room], f"{room}: {has:.3f} of the arguments say their type, and {FLOORS[room]} did before"


def test_what_is_counted() -> None:
    source = "class A:\n def f(self, a: int, /, b, *c, d: str = '', **e): return lambda x: x\nasync def g(h: int): ..."
    assert [arg.arg for arg in arguments(source)] == ["h", "a", "b", "d", "c", "e"]
    assert share([source]) == 0.5
