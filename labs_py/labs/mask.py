"""What is trained on: a chat written out by its template with the loss mask, and a file of rows checked by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py.core import chat_data, chat_template
from labs_py.labs import _mask_read, _mask_spec, _mask_tasks
from labs_py.spec import LabSpec, Result

MOST_FINDINGS = 200

SPEC = LabSpec(
    "mask",
    "Mask inspector",
    "A chat as the model reads it, the part of it that is trained on, and a linter for the whole file.",
    "1",
    _mask_spec.PARAMS,
    _mask_spec.OUTPUTS,
    _mask_spec.CHARTS,
    _mask_spec.SECTIONS,
    _mask_spec.PRESETS,
    _mask_spec.PREDICTIONS,
    _mask_tasks.CHALLENGES,
    code=(
        "labs_py.core.chat_template:trained",
        "labs_py.core.chat_data:check_turns",
        "labs_py.core.chat_data:signature",
        "labs_py.core.chat_data:leak",
    ),
    training_command="python -m training data check FILE",
    view="mask",
    pinned=("template", "rule"),
)


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """The one frame: the chat with its mask, the file with its faults."""
    rows = params["rows_file"] or params["rows"]
    parts = (_chat(params), _lint(rows, params["held_out"], params["longest"], params["template"]))
    scalars, arrays, texts = ({k: v for part in parts for k, v in part[i].items()} for i in range(3))
    texts["status"] = f"{texts['summary:turns']} {texts['summary:faults']}"
    yield Result(scalars, arrays, texts)


def forget() -> None:
    """Drop remembered files."""
    _lint.cache_clear()


def _written(params: dict[str, Any]) -> tuple[list[chat_template.Piece], int, str]:
    """Pieces of the pasted chat (of the example where it cannot be written), its turns, and a fault."""
    turns, tools, fault = _mask_read.read_chat(params["chat"])
    if not fault:
        try:
            written = chat_template.pieces(params["template"], turns, params["ask"], tools)
            unused = tools and params["template"] != "qwen2_5"
            return written, len(turns), "This template writes no tools; they are left out." if unused else ""
        except chat_template.Refused as refused:
            fault = f"The template refuses this chat: {refused}. The example without its system turn is used."
    turns = _mask_read.read_chat(_mask_spec.CHAT)[0][1:]
    return chat_template.pieces(params["template"], turns, params["ask"]), len(turns), fault


def _cut(written: list[chat_template.Piece], limit: int) -> list[int]:
    """Characters of each piece that lie before the cut."""
    ends = np.cumsum([len(piece.text) for piece in written])
    return [int(min(len(piece.text), max(0, limit - (end - len(piece.text)))))
            for piece, end in zip(written, ends, strict=True)]  # fmt: skip


def _chat(params: dict[str, Any]) -> tuple[dict, dict, dict]:
    written, turns, fault = _written(params)
    counts, kept = chat_template.trained(written, params["rule"]), _cut(written, params["limit"])
    total, learnt = sum(kept), sum(n for n, counted in zip(kept, counts, strict=True) if counted)
    stops = [k == len(p.text) for p, c, k in zip(written, counts, kept, strict=True)
             if c and p.part == "stop" and p.role == "assistant"]  # fmt: skip
    answers = {piece.turn for piece in written if piece.role == "assistant" and piece.turn >= 0}
    spread = np.zeros((2, turns + 1))
    for piece, counted, n in zip(written, counts, kept, strict=True):
        spread[int(counted), piece.turn + 1] += n
    held = [p for p in written if p.part == "content" and any(c in p.text for c in chat_template.CONTROL)]
    scalars = {
        "characters": total,
        "trained_characters": learnt,
        "trained_share": learnt / max(total, 1),
        "answers": len(answers),
        "stops_trained": sum(stops),
        "lost_characters": sum(len(piece.text) for piece in written) - total,
        "injected": len(held),
    }
    arrays = {"turn_numbers": np.arange(turns + 1.0), "turn_trained": spread[1], "turn_read": spread[0]}
    texts = {
        "pieces": json.dumps([[p.text, p.part, p.role, bool(c), k]
                              for p, c, k in zip(written, counts, kept, strict=True)], ensure_ascii=False),
        "summary:turns": f"{learnt:,} of {total:,} characters are trained on; {sum(stops)} of {len(answers)} answers "
        "teach the model to stop." + (" A turn holds a control token in its words." if held else ""),
    }  # fmt: skip
    return scalars, arrays, {**texts, "error:chat": fault} if fault else texts


def _template_rules(template: str, longest: int):
    """The two rules that need the template; in characters here, in tokens in ``training.data_check``."""

    def faults(turns: list[dict[str, Any]]) -> list[chat_data.Fault]:
        try:
            written = chat_template.pieces(template, turns)
        except chat_template.Refused as refused:
            return [chat_data.Fault("role-order", f"the template refuses it: {refused}")]
        length, found = sum(len(piece.text) for piece in written), []
        if length > longest:
            found.append(chat_data.Fault("too-long", f"{length:,} characters, at most {longest:,}"))
        if not any(piece.part == "stop" and piece.turn == len(turns) - 1 for piece in written):
            found.append(chat_data.Fault("no-stop-token", "the template writes no stop token after the last answer"))
        return found

    return faults


@lru_cache(maxsize=2)
def _lint(rows: str, held_out: str, longest: int, template: str) -> tuple[dict, dict, dict]:
    lines = list(_mask_read.read_lines(rows))
    keys = _mask_read.questions(held_out)
    found = list(chat_data.check_lines(lines, keys, more=_template_rules(template, longest)))
    counts = Counter(fault.code for _, fault in found)
    lengths = np.array([length for _, _, length in lines] or [0])
    bad = len({number for number, _ in found})
    scalars = {
        "lines": len(lines),
        "bad_lines": bad,
        "faults": len(found),
        "median_bytes": np.median(lengths),
        "p95_bytes": np.quantile(lengths, 0.95),
        "longest_bytes": lengths.max(),
    }
    listed = [[number, fault.code, fault.message] for number, fault in found[:MOST_FINDINGS]]
    texts = {
        "findings": json.dumps({"total": len(found), "listed": listed}, ensure_ascii=False),
        "codes": json.dumps(list(chat_data.CODES)),
        "summary:faults": f"{len(lines):,} lines read, {len(found):,} faults in {bad:,} of them"
        + (": " + ", ".join(f"{code} {n:,}" for code, n in counts.most_common(12)) + "." if found else "."),
    }
    return scalars, {"fault_counts": np.array([counts[code] for code in chat_data.CODES], dtype=float)}, texts
