"""Descriptions of tools as gpt-oss reads them: a namespace of TypeScript types, from JSON schemas."""

from __future__ import annotations

import json
from typing import Any

from labs_py.core.chat_pieces import Refused

Schema = dict[str, Any]
_LONGEST_ITEM = 50  # a longer type of an array's items is written as any
_GAP = "\n" + 16 * " "  # white space of the template itself, which reaches the model
_SIMPLE = {"number": "number", "integer": "number", "boolean": "boolean"}


def _array(spec: Schema) -> str:
    items = spec.get("items")
    if not items:
        inner = "any"
    elif items.get("type") == "string":
        inner = "string"
    else:
        inner = _SIMPLE.get(str(items.get("type"))) or type_of(items)
        inner = "any" if inner == "object | object" or len(inner) > _LONGEST_ITEM else inner
    return f"{inner}[]" + (" | null" if spec.get("nullable") else "")


def _one_of(variants: list[Schema]) -> str:
    """All variants; the template's rule that an object among them makes it ``any`` never takes hold in Jinja."""
    written = ""
    for place, variant in enumerate(variants):
        written += type_of(variant)
        if variant.get("description"):
            written += "// " + variant["description"]
        if "default" in variant:
            written += 20 * " " + "// default: " + json.dumps(variant["default"], ensure_ascii=False)
        written += " | \n" if place < len(variants) - 1 else ""
    return written


def _object(spec: Schema) -> str:
    properties, required = spec.get("properties"), spec.get("required") or []
    if not properties:
        return "object"
    fields = [f"{name}{'' if name in required else '?'}: {_GAP}{type_of(inner)}" for name, inner in properties.items()]
    return "{\n" + ", ".join(fields) + "}"


def type_of(spec: Schema) -> str:
    """The TypeScript type of a JSON schema, as the template writes it."""
    kind = spec.get("type")
    if kind == "array":
        return _array(spec)
    if isinstance(kind, list) and kind:
        return " | ".join(map(str, kind))
    if spec.get("oneOf"):
        return _one_of(spec["oneOf"])
    if kind == "string":
        if spec.get("enum"):
            return '"' + '" | "'.join(map(str, spec["enum"])) + '"'
        return "string" + (" | null" if spec.get("nullable") else "")
    if kind == "object":
        return _object(spec)
    return _SIMPLE.get(str(kind), "any")


def _default(spec: Schema) -> str:
    """What is written of a parameter's default."""
    if "default" not in spec:
        return ""
    if spec.get("enum"):
        return ", // default: " + spec["default"]
    if spec.get("oneOf"):
        return "// default: " + spec["default"]
    return ", // default: " + json.dumps(spec["default"], ensure_ascii=False)


def _parameter(name: str, spec: Schema, required: list[str]) -> str:
    said = f"// {spec['description']}\n" if spec.get("description") else ""
    return f"{said}{name}{'' if name in required else '?'}: {type_of(spec)}{_default(spec)},\n"


def namespace(tools: list[Schema]) -> str:
    """The functions that a model may call.

    Args:
        tools: descriptions in OpenAI's form, each ``{"type": "function", "function": {...}}``.

    Raises:
        Refused: a description that the template cannot write.
    """
    try:
        written = "".join(_function(tool["function"]) for tool in tools)
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused("a tool needs a function with a name, a description and a JSON schema") from error
    return f"## functions\n\nnamespace functions {{\n\n{written}}} // namespace functions"


def _function(function: Schema) -> str:
    parameters = function.get("parameters") or {}
    properties, required = parameters.get("properties") or {}, parameters.get("required") or []
    fields = "".join(_parameter(name, spec, required) for name, spec in properties.items())
    given = f"(_: {{\n{fields}}})" if properties else "()"
    return f"// {function['description']}\ntype {function['name']} = {given} => any;\n\n"
