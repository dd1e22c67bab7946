"""One run on one page: a self-contained HTML from report.json, predictions.jsonl, log.jsonl and config.yaml."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from training.run import jsonl, report_charts, report_examples

STYLE = Path(__file__).with_name("report_style.css")
TONES = {"ship": "good", "gain with regression": "bad", "no gain": "bad", "inconclusive": "warn"}

NO_EXAMPLES = "There is no few-shot control: the task has no examples (<code>task.shots_file</code>)."

METRIC_NAMES = {
    "exact": "everything right, strict form",
    "field": "fields right, form forgiven",
    "valid": "strict form kept",
    "content": "everything right, form forgiven",
    "next_token": "next token right",
    "agreement": "same first choice as the teacher",
    "pair_accuracy": "held-out pairs told right",
    "mrr": "mean reciprocal rank, in hundredths",
    "recall_at_1": "right passage first",
    "recall_at_10": "right passage among the first ten",
    "ndcg_at_10": "nDCG at 10, in hundredths",
    "stopped": "ended by itself",
    "answer_tokens": "tokens per answer",
}


def write(folder: Any) -> None:
    """Write ``report.html`` of a RunFolder.

    Raises:
        BadInput: there is no readable report.json.
    """
    report = folder.open()
    predictions = jsonl.read(folder.predictions, skip_broken=True) if folder.predictions.is_file() else []
    page = render(report, predictions, folder.events(), folder.config.read_text(encoding="utf-8", errors="replace"))
    partial = folder.html.with_name(folder.html.name + ".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(folder.html)


def render(report: dict[str, Any], predictions: list[dict], events: list[dict], settings: str) -> str:
    """The whole page as text."""
    run = report.get("run", {})
    sections = [
        _head(report),
        _tiles(report),
        _scores(report),
        _tables(report),
        _regression(report),
        _curve(events),
        report_examples.examples(predictions),
        report_examples.mask(events),
        report_examples.samples(report),
        _phases(events),
        _settings(report, settings),
    ]
    title = f"Run {run.get('id', '')}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"<main>{''.join(section for section in sections if section)}</main></html>\n"
    )


def _head(report: dict[str, Any]) -> str:
    run, gate, probe = report.get("run", {}), report.get("gate"), report.get("probe")
    if gate:
        verdict, sentence, tone = gate["verdict"], gate["sentence"], TONES.get(gate["verdict"], "warn")
    elif probe and probe.get("verdict") != "train":
        verdict, sentence, tone = probe["verdict"].replace("-", " "), probe["sentence"], "warn"
    else:
        verdict, sentence, tone = run.get("status", "unfinished"), "This run has no verdict (yet).", "warn"
    sentence = re.sub(r"^[^:]{3,30}: ", "", sentence)
    status = run.get("status", "running")
    warning = "" if status == "main" else f"<p class=note>Status {escape(status)}: not a recorded main run.</p>"
    return (
        f"<h1>{escape(str(run.get('id', 'run')))}</h1><p class=sub><code>{escape(run.get('command', ''))}</code> · "
        f"{escape(str(run.get('started', '')))}</p>{warning}"
        f"<div class='verdict {tone}'><strong>{escape(verdict)}</strong>"
        f"{escape(sentence[:1].upper() + sentence[1:])}</div>"
    )


def duration(seconds: float) -> str:
    """Seconds as a reader says them."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _tiles(report: dict[str, Any]) -> str:
    train, run, data = report.get("train", {}), report.get("run", {}), report.get("data", {})
    tiles = []
    if run.get("seconds"):
        tiles.append((duration(run["seconds"]), "the whole run"))
    if train.get("peak_memory_bytes"):
        tiles.append((f"{train['peak_memory_bytes'] / 1e9:.1f} GB", "peak memory"))
    if train.get("steps"):
        tiles.append((f"{train['steps']:,}", "optimiser steps"))
    if train.get("tokens"):
        tiles.append((f"{train['tokens']:,}", "tokens trained on"))
    if train.get("trainable_parameters"):
        tiles.append((f"{train['trainable_parameters']:,}", "trainable parameters"))
    for name, count in (data.get("n") or {}).items():
        tiles.append((f"{count:,}", f"rows: {name}"))
    body = "".join(
        f"<div class=tile><b>{escape(str(value))}</b><span>{escape(text)}</span></div>" for value, text in tiles
    )
    return f"<div class=tiles>{body}</div>" if tiles else ""


def _scores(report: dict[str, Any]) -> str:
    block = report.get("eval")
    if not block:
        return ""
    rows = []
    shown = [arm for arm in report_charts.ARM_NAMES
             if arm != "warm_start" or any(arm in found.get("exact", {}) for found in block.values())]  # fmt: skip
    for name, found in block.items():
        for metric, entry in found.items():
            if metric == "seconds":
                continue
            label = METRIC_NAMES.get(metric, metric.replace("field:", "field "))
            same = report_charts.on_same_rows(entry)
            for one, what in ((same, label), *(((entry, f"{label}, all rows"),) if same is not entry else ())):
                cells = "".join(_score_cell(metric, one, arm) for arm in shown)
                rows.append(f"<tr><td>{escape(name)}<td>{escape(what)}{cells}<td class=n>{one['n']}")
        gained = found.get("exact", {}).get("gain")
        if gained:
            rows.append(f"<tr><td>{escape(name)}<td colspan={len(shown) + 2}>{_gain(gained)}")
        if found.get("exact", {}).get("base_few_shot", 0) is None:
            rows.append(f"<tr><td>{escape(name)}<td colspan={len(shown) + 2}>{NO_EXAMPLES}")
    heads = "".join(f"<th>{report_charts.ARM_NAMES[arm]}" for arm in shown)
    return (
        f"<h2>Before and after, on rows held out</h2>{report_charts.score_chart(block)}<details><summary>All scores"
        f"</summary><div class=wide><table><tr><th>set<th>score{heads}<th>n{''.join(rows)}</table></div></details>"
    )


def _gain(gained: dict[str, Any]) -> str:
    """The gain with the levels and the rows that it stands on."""
    low, high = gained["ci95"]
    control = report_charts.ARM_NAMES.get(gained["against"], gained["against"])
    levels = gained.get("levels")
    ends = f", from {levels[gained['against']]:.1%} to {levels['tuned']:.1%}" if levels else ""
    on = f"{ends} on the same {gained['n']} rows"
    return (f"<b>gain {gained['value'] * 100:+.1f} points</b> over {control}{on}, 95% interval {low * 100:+.1f} to"
            f" {high * 100:+.1f}")  # fmt: skip


def _tables(report: dict[str, Any]) -> str:
    """What a method besides the common scores has to show."""
    parts = []
    for table in (one for tables in report.get("tables", {}).values() for one in tables):
        head = "".join(f"<th>{escape(text)}" for text in table["head"])
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row) for row in table["rows"])
        note = f"<p class=note>{escape(table['note'])}</p>" if table["note"] else ""
        parts.append(f"<h2>{escape(table['title'])}</h2>{note}<div class=wide><table><tr>{head}{rows}</table></div>")
    return "".join(parts)


def _score_cell(metric: str, entry: dict[str, Any], arm: str) -> str:
    if entry.get(arm) is None:
        return "<td class=n>–"
    low, high = entry["ci95"][arm]
    count = entry.get("n_by_arm", {}).get(arm, entry["n"])
    of = f" of {count}" if count != entry["n"] else ""
    if metric == "answer_tokens":
        return f"<td class=n>{entry[arm]:.1f} <span class=note>{low:.1f}–{high:.1f}</span>"
    return f"<td class=n>{entry[arm] * 100:.1f}% <span class=note>{low * 100:.1f}–{high * 100:.1f}{of}</span>"


def _regression(report: dict[str, Any]) -> str:
    gate = report.get("gate")
    if not gate:
        return ""
    states = {"ok": "✓ kept", "worse": "✗ worse", "unclear": "? unclear"}
    rows = "".join(
        f"<tr><td class={check['state']}>{states[check['state']]}<td>{escape(check['name'])}<td>{escape(reason)}"
        for check, reason in zip(gate.get("checks", []), gate["reasons"], strict=False)
    )
    perplexity = (report.get("regression") or {}).get("perplexity")
    note = ""
    if perplexity and "ratio" in perplexity:
        note = (
            f"<p class=note>Perplexity of general text: {perplexity['base']:.2f} before, {perplexity['tuned']:.2f} "
            f"after ({(perplexity['ratio'] - 1) * 100:+.1f}%).</p>"
        )
    return (
        f"<h2>The gate: margins stated before the run</h2><div class=wide><table><tr><th>state<th>check<th>figures"
        f"{rows}</table></div>{note}"
    )


def _curve(events: list[dict]) -> str:
    steps = [event for event in events if event.get("event") == "step" and "loss" in event]
    if not steps:
        return ""
    chart = report_charts.loss_curve([event["step"] for event in steps], [float(event["loss"]) for event in steps])
    looks = [event for event in events if event.get("event") == "validation" and "loss" in event]
    note = ", ".join(f"{event['loss']:.3f} at step {event['step']}" for event in looks)
    return f"<h2>Training loss</h2>{chart}" + (f"<p class=note>Loss on held-out rows: {note}.</p>" if looks else "")


def _phases(events: list[dict]) -> str:
    phases = [event for event in events if event.get("event") == "phase"]
    if not phases:
        return ""
    entries = [
        (str(event["name"]).split(":")[0], float(event["seconds"]), duration(event["seconds"])) for event in phases
    ]
    memory = [
        (
            str(event["name"]).split(":")[0],
            event["peak_memory_bytes"] / 1e9,
            f"{event['peak_memory_bytes'] / 1e9:.1f} GB",
        )
        for event in phases
        if event.get("peak_memory_bytes")
    ]
    second = f"<p class=note>Peak memory up to the end of each phase</p>{report_charts.bars(memory, 'Peak memory')}"
    return f"<h2>Time and memory</h2>{report_charts.bars(entries, 'Seconds by phase')}{second if memory else ''}"


def _settings(report: dict[str, Any], settings: str) -> str:
    facts = {
        **report.get("environment", {}),
        **{f"seed: {name}": seed for name, seed in report.get("seeds", {}).items()},
        "commit": report.get("run", {}).get("commit"),
        "data sha256": report.get("data", {}).get("sha256"),
    }
    rows = "".join(f"<tr><td>{escape(str(name))}<td>{escape(str(value))}" for name, value in facts.items())
    return (
        f"<h2>How to get the same</h2><details open><summary>Machine, versions, seeds</summary><div class=wide><table>"
        f"{rows}"
        f"</table></div></details><details><summary>Settings</summary><pre>{escape(settings)}</pre></details>"
    )
