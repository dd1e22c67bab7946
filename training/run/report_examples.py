"""The report's texts: answers side by side with differences marked, one row's loss mask, ordinary questions."""

from __future__ import annotations

import difflib
import re
from html import escape
from typing import Any

from training.run import report_charts


def marked(answer: str, expected: str) -> str:
    """An answer as HTML with what differs from the expected text marked."""

    def pieces(text: str) -> list[str]:
        return re.findall(r"\w+|\s+|[^\w\s]", text)

    left, right = pieces(answer), pieces(expected)
    html = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        text = escape("".join(left[start:end]))
        if text:
            html.append(text if kind == "equal" else f"<mark>{text}</mark>")
        elif kind == "insert":
            html.append("<mark title=missing>␣</mark>")
    return "".join(html) or "<mark>(nothing)</mark>"


def is_answer(line: dict) -> bool:
    """Whether a line of predictions.jsonl can be shown; other methods' lines, and damaged ones, have other keys."""
    texts = ("arm", "prompt", "answer", "expected")
    return isinstance(line.get("scores"), dict) and all(isinstance(line.get(name), str) for name in texts)


def chosen_examples(predictions: list[dict], each: int = 2) -> list[tuple[str, dict[str, dict]]]:
    """Rows worth seeing: some that training put right, some it left wrong, some it broke."""
    by_row: dict[tuple[str, str], dict[str, dict]] = {}
    for line in filter(is_answer, predictions):
        by_row.setdefault((str(line.get("set", "")), str(line.get("id"))), {})[line["arm"]] = line
    kinds: dict[str, list[dict[str, dict]]] = {"put right": [], "still wrong": [], "broken": []}
    for arms in by_row.values():
        if "tuned" not in arms:
            continue
        after = arms["tuned"]["scores"].get("exact", 0) == 1
        before = any(arms[arm]["scores"].get("exact", 0) == 1 for arm in ("base", "base_few_shot") if arm in arms)
        if after != before:
            kinds["put right" if after else "broken"].append(arms)
        elif not after:
            kinds["still wrong"].append(arms)
    return [(kind, arms) for kind, found in kinds.items() for arms in found[:each]]


def examples(predictions: list[dict]) -> str:
    cases = []
    for kind, arms in chosen_examples(predictions):
        line = arms["tuned"]
        columns = "".join(
            f"<div><h4>{report_charts.ARM_NAMES[arm]}</h4>"
            f"<pre>{marked(arms[arm]['answer'], line['expected'])}</pre></div>"
            for arm in report_charts.ARM_NAMES
            if arm in arms
        )
        cases.append(
            f"<div class=case><p class=note>{escape(', '.join(filter(None, (line.get('set'), kind))))}</p>"
            f"<blockquote>{escape(line['prompt'])}</blockquote><p class=note>expected</p>"
            f"<pre>{escape(line['expected'])}</pre><div class=pair style='margin-top:10px'>{columns}</div></div>"
        )
    if not cases:
        return ""
    note = "<p class=note>What differs from the expected answer is marked.</p>"
    return f"<h2>Answers side by side</h2>{note}{''.join(cases)}"


def mask(events: list[dict]) -> str:
    example = next((event for event in events if event.get("event") == "example"), None)
    if example is None:
        return ""
    parts, inside = [], False
    for token, on in zip(example["tokens"], example["supervised"], strict=True):
        if bool(on) != inside:
            parts.append("<b>" if on else "</b>")
            inside = bool(on)
        parts.append(escape(token))
    share = sum(map(bool, example["supervised"])) / max(1, len(example["supervised"]))
    return (
        f"<h2>What is trained on</h2><p class=note>One training row as the model sees it; only the marked tokens "
        f"({share:.0%}) carry a loss.</p><div class=mask>{''.join(parts)}{'</b>' if inside else ''}</div>"
    )


def samples(report: dict[str, Any]) -> str:
    shown = (report.get("regression") or {}).get("samples") or []
    rows = "".join(f"<tr><td>{escape(s['question'])}<td>{escape(s['base'])}<td>{escape(s['tuned'])}" for s in shown)
    if not rows:
        return ""
    return (
        "<h2>Ordinary questions, before and after</h2><p class=note>Figures can look fine while text rots: read a few."
        f"</p><div class=wide><table><tr><th>question<th>base<th>tuned{rows}</table></div>"
    )
