"""What is trained on: a chat written out by its template with the loss mask, and a file of rows checked by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py import data
from labs_py.core import chat_data, chat_template, row_faults
from labs_py.labs.mask import examples, pasted, tokens
from labs_py.spec import Result

MOST_FINDINGS = 200

Part = tuple[dict[str, float], dict[str, np.ndarray], dict[str, str]]


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """The chat with its mask and the file with its faults; before the tokenizer is at hand, a frame without tokens."""
    rows = params["rows_file"] or params["rows"]
    lint = _lint(rows, params["held_out"], params["longest"], params["template"])
    written, turns, fault = _written(params)
    counts = chat_template.trained(written, params["rule"])
    pieces, named = _pieces(written, counts, fault), tokens.FILE.name
    if not data.at_hand(named):
        yield _joined([pieces, lint, _without_tokens(written, counts, "coming")], needs=(named,))
    try:
        row = tokens.cut(written, counts, params["limit"])
    except (LookupError, ValueError):
        yield _joined([pieces, lint, _without_tokens(written, counts, "missing")])
        return
    yield _joined([pieces, lint, _tokens(written, counts, turns, row)])


def forget() -> None:
    """Drop remembered files and tokens."""
    _lint.cache_clear()
    tokens.forget()


def _joined(parts: list[Part], needs: tuple[str, ...] = ()) -> Result:
    scalars: dict[str, float] = {}
    arrays: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    for part in parts:
        scalars |= part[0]
        arrays |= part[1]
        texts |= part[2]
    texts["status"] = f"{texts['summary:turns']} {texts['summary:faults']}"
    return Result(scalars, arrays, texts, needs=needs)


def _written(params: dict[str, Any]) -> tuple[list[chat_template.Piece], int, str]:
    """Pieces of the pasted chat (of the example where it cannot be written), its turns, and a fault."""
    turns, tools, fault = pasted.read_chat(params["chat"])
    if not fault:
        try:
            written = chat_template.pieces(params["template"], turns, params["ask"], tools)
            unused = tools and params["template"] not in chat_template.WITH_TOOLS
            return written, len(turns), "This template writes no tools; they are left out." if unused else ""
        except chat_template.Refused as refused:
            fault = f"The template refuses this chat: {refused}. The example without its system turn is used."
    turns = pasted.read_chat(examples.CHAT)[0][1:]
    return chat_template.pieces(params["template"], turns, params["ask"]), len(turns), fault


def _pieces(written: list[chat_template.Piece], counts: list[bool], fault: str) -> Part:
    """What needs no tokenizer."""
    held = [p for p in written if p.part == "content" and any(c in p.text for c in chat_template.CONTROL)]
    scalars: dict[str, float] = {
        "characters": sum(len(piece.text) for piece in written),
        "trained_characters": sum(len(p.text) for p, counted in zip(written, counts, strict=True) if counted),
        "answers": len({piece.turn for piece in written if piece.role == "assistant" and piece.turn >= 0}),
        "injected": len(held),
        "tokenizer_bytes": tokens.FILE.size,
    }
    return scalars, {}, {"error:chat": fault} if fault else {}


def _drawn(written: list[chat_template.Piece], counts: list[bool], kept: list[int]) -> str:
    return json.dumps([[p.text, p.part, p.role, bool(c), k] for p, c, k in zip(written, counts, kept, strict=True)],
                      ensure_ascii=False)  # fmt: skip


def _without_tokens(written: list[chat_template.Piece], counts: list[bool], state: str) -> Part:
    said, drawn = tokens.named(state), _drawn(written, counts, [len(piece.text) for piece in written])
    texts = {"pieces": drawn, "tokenizer": said, "summary:turns": said}
    return {}, {}, {**texts, "error:limit": said} if state == "missing" else texts


def _tokens(written: list[chat_template.Piece], counts: list[bool], turns: int, row: tokens.Row) -> Part:
    """Ids and labels as a trainer gets them, counts, and the tokens to draw."""
    scalars, said = tokens.summary(written, row)
    spread = np.zeros((2, turns + 1))
    whose = np.array([piece.turn for piece in written])[row.pieces[: row.kept, 1]]
    np.add.at(spread, (row.in_loss[: row.kept].astype(int), whose + 1), 1)
    arrays = {"token_ids": row.ids[: row.kept], "labels": row.labels, "turn_numbers": np.arange(turns + 1.0),
              "turn_trained": spread[1], "turn_read": spread[0]}  # fmt: skip
    held = " A turn holds a control token in its words." if _pieces(written, counts, "")[0]["injected"] else ""
    texts = {
        "pieces": _drawn(written, counts, tokens.characters_kept(written, row)),
        "tokens": tokens.shown(written, row),
        "tokenizer": tokens.named("loaded"),
        "stop": tokens.stop_sentence(written, row),
        "summary:turns": said + held,
    }
    return scalars, arrays, texts


Rules = Callable[[list[dict[str, Any]], dict[str, Any]], list[row_faults.Fault]]


def listed_tools(row: dict[str, Any]) -> list[Any] | None:
    """The row's tools, where they are a list."""
    return row["tools"] if isinstance(row.get("tools"), list) else None


def _template_rules(template: str, longest: int) -> Rules:
    """The two rules that need the template; in characters here, in tokens in ``python -m training data check``."""

    def faults(turns: list[dict[str, Any]], row: dict[str, Any]) -> list[row_faults.Fault]:
        try:
            written = chat_template.pieces(template, turns, tools=listed_tools(row))
        except chat_template.Refused as refused:
            return [row_faults.Fault("role-order", f"the template refuses it: {refused}")]
        length, found = sum(len(piece.text) for piece in written), []
        if length > longest:
            found.append(row_faults.Fault("too-long", f"{length:,} characters, at most {longest:,}"))
        if not any(piece.part == "stop" and piece.turn == len(turns) - 1 for piece in written):
            found.append(row_faults.Fault("no-stop-token", "the template writes no stop token after the last answer"))
        return found

    return faults


@lru_cache(maxsize=2)
def _lint(rows: str, held_out: str, longest: int, template: str) -> Part:
    lines = list(pasted.read_lines(rows))
    keys = pasted.questions(held_out)
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
        "codes": json.dumps(list(row_faults.CODES)),
        "summary:faults": f"{len(lines):,} lines read, {len(found):,} faults in {bad:,} of them"
        + (": " + ", ".join(f"{code} {n:,}" for code, n in counts.most_common(12)) + "." if found else "."),
    }
    return scalars, {"fault_counts": np.array([counts[code] for code in row_faults.CODES], dtype=float)}, texts
