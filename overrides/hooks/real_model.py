"""Hook: ``<real-model></real-model>`` becomes the page's controls and its recorded answers.

Everything stands in the HTML: without scripts, and before the model is fetched, the recorded answers teach what there
is to see. ``overrides/labs/real/main.js`` wakes it.
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.utils import get_relative_url

sys.path.insert(0, str(Path(__file__).parent))

import labs  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "docs" / "data" / "real-model" / "record.json"
LOCAL = RECORD.with_name("local") / "adapters.json"  # what make adapters has made here
FRAME = Path(__file__).with_name("real_model.html")
ELEMENT = re.compile(r"(?:<p>\s*)?<real-model></real-model>(?:\s*</p>)?")  # a paragraph cannot hold what it becomes
NEEDED = ("adapters", "tasks", "check", "tokenizer", "general")  # by the script


def on_post_page(output, page, config):
    """Put the painted element into the page that has one, with its style and script."""
    if not ELEMENT.search(output):
        return output
    version = labs.version_of_scripts()
    style = get_relative_url("assets/labs/real.css", page.url)
    script = get_relative_url("assets/labs/real.js", page.url)
    head = f'<link rel="stylesheet" href="{style}?v={version}">'
    foot = f'<script type="module" src="{script}?v={version}"></script>'
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    record["adapters"] += json.loads(LOCAL.read_text(encoding="utf-8")) if LOCAL.exists() else []
    element = head + painted(record) + foot
    return ELEMENT.sub(lambda _: element, output)


def painted(record: dict[str, Any]) -> str:
    """The element with its recorded answers."""
    first, *others = record["answers"]
    given = {
        "options": "".join(
            f'<option value="{escape(a["name"])}">{escape(a["title"])}</option>' for a in record["adapters"]
        ),
        "questions": "".join(f'<button type="button" data-needs="model" disabled>{escape(question)}</button>'
                             for question in record["questions"]),
        "asked": escape(first["turns"][-1]["content"]),
        "base": spans(first["base"]),
        "tuned": spans(first["tuned"]),
        "tuned_by": escape(first["title"]),
        "parted": escape(parting(first)),
        "others": "".join(map(recorded, others)),
        "scores": "".join(score(adapter) for adapter in record["adapters"] if "score" in adapter),
        "data": json.dumps({key: record[key] for key in NEEDED}).replace("<", "\\u003c"),
    }  # fmt: skip
    text = FRAME.read_text(encoding="utf-8")
    for name, value in given.items():
        text = text.replace(f"[[{name}]]", value)
    return text


def percent(probability: float) -> str:
    """A probability as the page says it."""
    return "over 99%" if probability >= 0.995 else f"{max(1, round(100 * probability))}%"


def spans(tokens: list[list[Any]]) -> str:
    """An answer's tokens, each with how likely it was; an empty one is the answer's end."""
    return "".join(
        f'<span class="rm-token rm-token--{min(4, int(5 * probability))}" title="{percent(probability)}">'
        f"{escape(text) or '■'}</span>"
        for text, probability in tokens
    )


def parting(answer: dict[str, Any]) -> str:
    """The first place where two answers part."""
    for place, (left, right) in enumerate(zip(answer["base"], answer["tuned"], strict=False), 1):
        if left[0] != right[0]:
            names = [f"“{text}”" if text else "the end" for text in (left[0], right[0])]
            return (f"They part at token {place}: the base model writes {names[0]} ({percent(left[1])}), the tuned one"
                    f" {names[1]} ({percent(right[1])}).")  # fmt: skip
    return "The two answers are the same, token by token."


def recorded(answer: dict[str, Any]) -> str:
    """One more recorded pair of answers."""
    sides = "".join(f'<div class="rm-answer"><h3>{title}</h3><p>{spans(answer[key])}</p></div>'
                    for title, key in (("Base", "base"), (f"Tuned: {escape(answer['title'])}", "tuned")))  # fmt: skip
    asked = f'<p class="rm-asked">{escape(answer["turns"][-1]["content"])}</p>'
    return f'<div class="rm-recorded">{asked}<div class="rm-pair">{sides}</div></div>'


def score(adapter: dict[str, Any]) -> str:
    """What an adapter keeps of its score in the small file."""
    found = adapter["score"]
    return (f"<tr><th scope=\"row\">{escape(adapter['title'])}</th><td>{found['whole']} of {found['n']}</td>"
            f"<td>{found['packed']} of {found['n']}</td><td>{adapter['rank']}</td>"
            f"<td>{sum(file['bytes'] for file in adapter['files']) / 1e6:.1f} MB</td></tr>")  # fmt: skip
