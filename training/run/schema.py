"""The settings of a method as a JSON Schema, so that an editor completes and checks a YAML file while it is written.

What single settings cannot show (which go together) is checked on loading only; see ``training/run/config.py``.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from training.run.settings import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema(kind: type[Config], method: str) -> dict[str, Any]:
    """The schema of one method's files.

    Args:
        kind: the method's settings.
        method: as the file's ``method`` says it.
    """
    return {"$schema": DIALECT, "title": f"Settings of python -m training, method {method}", **_section(kind)}


def _section(kind: type) -> dict[str, Any]:
    """A section: its settings, and those that must stand in the file."""
    hints = get_type_hints(kind)
    needed = [spec.name for spec in fields(kind) if spec.default is MISSING and spec.default_factory is MISSING]
    about = {} if issubclass(kind, Config) else {"description": (kind.__doc__ or "").splitlines()[0]}
    return {**about, "type": "object", "additionalProperties": False, "required": needed,
            "properties": {spec.name: _setting(hints[spec.name], spec) for spec in fields(kind)}}  # fmt: skip


def _setting(hint: Any, spec: Field[Any]) -> dict[str, Any]:
    """One setting: its type, its limits, what it means, and what stands for it where the file says nothing."""
    found = {"description": spec.metadata["help"], **_type(hint)}
    for limit, name in (("low", "minimum"), ("high", "maximum")):
        if spec.metadata[limit] is not None:
            found[name] = spec.metadata[limit]
    if spec.metadata["choices"]:
        found["enum"] = list(spec.metadata["choices"])
    default = spec.default_factory() if spec.default_factory is not MISSING else spec.default
    if default is not MISSING and not is_dataclass(default):
        found["default"] = default
    return found


def _type(hint: Any) -> dict[str, Any]:
    """A type hint in the words of a schema."""
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_type(one) for one in inner]}
    if is_dataclass(hint):
        return _section(hint)  # type: ignore[arg-type]
    if get_origin(hint) is list:
        return {"type": "array", "items": _type(inner[0])}
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _type(inner[1])}
    return {"type": TYPES[hint]}
