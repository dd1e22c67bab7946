"""A lab as text: what can be set, what its first result shows, and what it asks, from the lab's record."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from number_format import show

FORMATS = {"percent": "percent", "bytes": "bytes", "count": "count", "seconds": "seconds"}


def in_html(slug: str, docs: Path) -> str:
    """The text of the lab ``slug`` as simple HTML; empty where no record of it stands under ``docs``."""
    file = docs / "data" / "labs" / f"{slug}.json"
    if not file.is_file():
        return ""
    record = json.loads(file.read_text(encoding="utf-8"))
    spec, frame = record["spec"], record["frame"]
    parts = [f"<p>{escape(spec['summary'])} The lab runs in the page; this is its text and its first result.</p>"]
    parts.append(_items("Settings", [_setting(one) for one in spec["params"] if not one["hidden"]]))
    shown = [_result(one, frame["scalars"]) for one in spec["outputs"] if one["name"] in frame["scalars"]]
    parts.append(_items("First result", shown))
    parts.append(_items("Charts", [_chart(one, frame["texts"]) for one in spec["charts"]]))
    parts.append(_items("Predict first", [escape(one["question"]) for one in spec["predictions"]]))
    parts.append(_items("Challenges", [_challenge(one) for one in spec["challenges"]]))
    return "".join(parts)


def _items(title: str, items: list[str]) -> str:
    if not items:
        return ""
    return f"<p><strong>{title}</strong></p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _setting(param: dict[str, Any]) -> str:
    default = param["default"] if len(str(param["default"])) <= 80 else "a text"
    names = {str(value): label for value, label in param["choices"]}
    shown = names.get(str(default), default)
    unit = f" {param['unit']}" if param["unit"] else ""
    more = f" {escape(param['help'])}" if param["help"] else ""
    return f"{escape(param['label'])} (<code>{escape(param['name'])}</code>): {escape(str(shown))}{unit}.{more}"


def _result(output: dict[str, Any], scalars: dict[str, Any]) -> str:
    value, style = scalars[output["name"]]["value"], FORMATS.get(output["format"])
    if value is None:
        said = "not measured"
    else:
        said = show(value, style) + (f" {output['unit']}" if output["unit"] and style != "bytes" else "")
    more = f". {escape(output['help'])}" if output["help"] else ""
    return f"{escape(output['label'])}: {escape(said)}{more}"


def _chart(chart: dict[str, Any], texts: dict[str, str]) -> str:
    words = texts.get(f"summary:{chart['name']}") or chart["help"] or ""
    return f"{escape(chart['title'])}: {escape(words)}" if words else escape(chart["title"])


def _challenge(challenge: dict[str, Any]) -> str:
    hint = f" Hint: {escape(challenge['hint'])}" if challenge["hint"] else ""
    return f"{escape(challenge['title'])}.{hint}"
