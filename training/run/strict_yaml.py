"""YAML read strictly: what PyYAML accepts silently, or fails on, is one line that names file, line and remedy.

A key that stands twice (PyYAML lets the last win), a value that its type cannot hold (a date such as 2026-99-99), an
anchor inside its own value, brackets without end, control characters: ``BadInput``, whoever reads the file.
"""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any

import yaml

from training.run.errors import BadInput

LONGEST = 100  # characters of a value in a message
_short = reprlib.Repr()
_short.maxstring = _short.maxlong = _short.maxother = LONGEST
_short.maxlevel = 3


def read(path: str | Path) -> Any:
    """What a YAML file holds; None for an empty one.

    Raises:
        BadInput: naming the file, the line and what is wrong.
    """
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise BadInput(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}:{line}: not readable as YAML (the byte 0x{raw[error.start]:02x} is no UTF-8); save the"
                       " file as UTF-8") from error  # fmt: skip
    return parse(text, str(path))


def parse(text: str, place: str, line_numbers: bool = True) -> Any:
    """What a text in YAML says.

    Args:
        text: the YAML.
        place: where it stands, the beginning of a message.
        line_numbers: whether the message adds the line to the place.

    Raises:
        BadInput: naming the place and what is wrong.
    """
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.reader.ReaderError as error:
        line, problem = text.count("\n", 0, error.position), f"the character U+{error.character:04X}; take it out"
        raise BadInput(_message(place, line if line_numbers else None, problem)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if line_numbers and error.problem_mark else None
        raise BadInput(_message(place, line, error.problem or error.context or "")) from error
    except RecursionError:
        raise BadInput(_message(place, None, "nested too deeply")) from None


def shown(value: Any) -> str:
    """A value as a message names it: on one line, and cut where it is long."""
    return _short.repr(value)


def _message(place: str, line: int | None, problem: str) -> str:
    return f"{place}{'' if line is None else f':{line + 1}'}: not readable as YAML ({problem})"


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, without what it lets through."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.deep_construct = True  # every value is made at once, so that an anchor inside its own is seen

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """A mapping in which every key stands once; looked at before ``<<`` merges further keys into it."""
        node, known = super().compose_mapping_node(anchor), set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in known:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {shown(key.value)} stands twice in one section; keep one of the two",
                    problem_mark=key.start_mark,
                )
            known.add((key.tag, key.value))
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """The value of a node; PyYAML's makers of dates, numbers and the like let Python's own errors out."""
        if node in self.recursive_objects:
            raise yaml.MarkedYAMLError(
                problem="an anchor stands inside its own value; write the value out", problem_mark=node.start_mark
            )
        try:
            value = super().construct_object(node, deep)
            if isinstance(value, int):
                str(value)  # a number in base 16 may be too long for any message about it
        except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
            kind, written = node.tag.rpartition(":")[2], node.value if isinstance(node, yaml.ScalarNode) else node.id
            raise yaml.MarkedYAMLError(
                problem=f"{shown(written)} cannot be read as {kind}; text belongs in quotes",
                problem_mark=node.start_mark,
            ) from error
        return value
