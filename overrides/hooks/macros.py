"""Find ``{{ name("argument", key=value) }}`` in Markdown, outside of code, with the line it stands on."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MACRO = re.compile(r"\{\{\s*([a-z_]+)\((.*?)\)\s*\}\}", re.DOTALL)
FENCE = re.compile(r"^[ >]*(`{3,}|~{3,})[ \t]*([^\n]*)$")
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """One macro as written: its name, its literal arguments, its line in the Markdown (from 1)."""

    name: str
    args: tuple
    kwargs: dict
    line: int


def code_spans(markdown: str) -> list[tuple[int, int]]:
    """Character ranges of fenced and inline code. A quiz fence is prose, so it is left out."""
    spans, prose, position, opened = [], [], 0, None
    for line in markdown.splitlines(keepends=True):
        fence = FENCE.match(line.rstrip("\n"))
        if opened is None and fence:
            opened = (fence[1], position, fence[2].strip().strip("{}. ").startswith("quiz"))
        elif opened and fence and fence[1].startswith(opened[0]) and not fence[2].strip():
            if not opened[2]:
                spans.append((opened[1], position + len(line)))
            opened = None
        elif opened is None:
            prose.append((position, line))
        position += len(line)
    if opened and not opened[2]:
        spans.append((opened[1], position))
    text = list(" " * len(markdown))
    for start, line in prose:
        text[start : start + len(line)] = line
    spans += [match.span() for match in INLINE_CODE.finditer("".join(text))]
    return spans


def _parse(match: re.Match, line: int) -> Call:
    call = ast.parse(f"f({match[2]})", mode="eval").body
    if not isinstance(call, ast.Call):  # such as f(1) + (2), out of brackets that close early
        raise ValueError(f"{match[0]!r} is not one call")
    args = tuple(ast.literal_eval(arg) for arg in call.args)
    return Call(match[1], args, {item.arg: ast.literal_eval(item.value) for item in call.keywords}, line)


def calls(markdown: str) -> Iterator[tuple[re.Match, Call | ValueError]]:
    """Each macro outside code, parsed; a ValueError where its arguments are no Python literals."""
    spans = code_spans(markdown)
    for match in MACRO.finditer(markdown):
        if any(start <= match.start() < end for start, end in spans):
            continue
        line = markdown.count("\n", 0, match.start()) + 1
        try:
            yield match, _parse(match, line)
        except (SyntaxError, ValueError, AttributeError):
            yield match, ValueError(f"line {line}: arguments are not Python literals: {match[0]}")


def replace(markdown: str, expand: Callable[[Call | ValueError, str], str]) -> str:
    """The Markdown with each macro replaced by ``expand(call, text as written)``."""
    out, position = [], 0
    for match, call in calls(markdown):
        out += [markdown[position : match.start()], expand(call, match[0])]
        position = match.end()
    return "".join(out) + markdown[position:]
