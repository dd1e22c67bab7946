"""What an embedding model finds: the place of each question's right passage before and after, and the verdict."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import evidence
from labs_py.core.contrastive import unit
from training.data.retrieval.pages import Passage
from training.data.retrieval.search import Index
from training.data.splits import Splits
from training.evaluation.gate import Check, by_bound, conclude
from training.methods.embed import mining, parts
from training.methods.embed import rows as embed_rows
from training.methods.embed.settings import EmbedConfig

GENERAL = "general"
DRAWS = 2000
SMOKE_GENERAL = 12  # questions of the general set on a tiny random model
Places = list[int]


def places(questions: np.ndarray, passages: np.ndarray, right: list[list[int]]) -> Places:
    """Place of each question's first right passage among all passages by cosine, 1 the best; a tie counts against it.

    Args:
        questions, passages: (Q, D) and (P, D).
        right: indices of each question's right passages; the others of them are not counted as wrong.
    """
    scores = unit(questions.astype(float)) @ unit(passages.astype(float)).T  # (Q, P)
    found = []
    for row, own in zip(scores, right, strict=True):
        best = row[own].max()
        found.append(int((np.delete(row, own) >= best).sum()) + 1)
    return found


def by_question(found: Places) -> dict[str, np.ndarray]:
    """Each metric, question by question; nDCG with one right passage is 1/log2(1 + place) within the first ten."""
    place = np.array(found, float)
    return {"mrr": 1 / place, "recall_at_1": (place <= 1).astype(float), "recall_at_10": (place <= 10).astype(float),
            "ndcg_at_10": np.where(place <= 10, 1 / np.log2(1 + place), 0.0)}  # fmt: skip


def corpus(rows: list[dict]) -> tuple[list[str], list[str], list[list[int]], list[str]]:
    """Questions, passages, right passages of each question, kinds: all passages of the set are candidates."""
    passages = list(dict.fromkeys(row[side] for row in rows for side in ("positive", "negative") if side in row))
    number = {passage: place for place, passage in enumerate(passages)}
    right: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for row in rows:
        own = right.setdefault(row["anchor"], [])
        if number[row["positive"]] not in own:
            own.append(number[row["positive"]])
        kinds.setdefault(row["anchor"], row.get("kind", "file"))
    return list(right), passages, list(right.values()), list(kinds.values())


def sets_of(config: EmbedConfig, rows: Splits) -> dict[str, list[dict]]:
    """The held-out sets and the general one."""
    few = SMOKE_GENERAL if config.model.source.startswith("tiny-random:") else 0
    return {**rows.heldout, GENERAL: embed_rows.general_rows(few)}


def measure(config: EmbedConfig, rows: Splits, embedder: Any) -> dict[str, Any]:
    """Places of every question of every set, at full width and cut to ``embed.truncate_dims``; and what stands first.

    Returns:
        set -> {"places": {width ("full" or a number as text): places}, "first": index of the first passage}.
    """
    found = {}
    for name, part in sets_of(config, rows).items():
        questions, passages, right, _ = corpus(part)
        q = mining.vectors(embedder, questions, config, parts.of_side(embedder, "anchor"))
        p = mining.vectors(embedder, passages, config, parts.of_side(embedder, "positive"))
        widths = {"full": q.shape[1], **{str(width): width for width in config.embed.truncate_dims}}
        found[name] = {"places": {text: places(q[:, :width], p[:, :width], right) for text, width in widths.items()},
                       "first": (unit(q) @ unit(p).T).argmax(1).tolist()}  # fmt: skip
    return found


def word_search(config: EmbedConfig, rows: Splits) -> dict[str, dict[str, Any]]:
    """The same sets by BM25, which counts words and learns nothing."""
    found = {}
    for name, part in sets_of(config, rows).items():
        questions, passages, right, _ = corpus(part)
        index = Index([Passage("", str(number), "", "", text) for number, text in enumerate(passages)])
        ranked = []
        for question, own in zip(questions, right, strict=True):
            order = [int(hit.passage.anchor) for hit in index.search(question, len(passages))]
            ranked.append(min((order.index(n) + 1 for n in own if n in order), default=len(passages)))
        found[name] = {metric: mean_of(values) for metric, values in by_question(ranked).items()}
    return found


def mean_of(values: np.ndarray) -> dict[str, Any]:
    """A mean over questions with n and its interval."""
    low, high = interval(values)
    return {"value": float(values.mean()), "n": len(values), "ci95": [low, high]}


def interval(values: np.ndarray) -> tuple[float, float]:
    """95% bounds of a mean of figures from 0 to 1: Wilson's for shares, by resampling otherwise."""
    if set(np.unique(values)) <= {0.0, 1.0}:
        return evidence.wilson(float(values.sum()), len(values))
    _, low, high = evidence.paired_difference(values, np.zeros(len(values)), draws=DRAWS)
    return low, high


def compare(before: Places, after: Places) -> dict[str, dict[str, Any]]:
    """Each metric before and after in the form of a report's ``eval``, with the paired gain."""
    base, tuned = by_question(before), by_question(after)
    found = {}
    for metric in base:
        value, low, high = evidence.paired_difference(tuned[metric], base[metric], draws=DRAWS)
        found[metric] = {"base": float(base[metric].mean()), "tuned": float(tuned[metric].mean()), "n": len(before),
                         "ci95": {"base": list(interval(base[metric])), "tuned": list(interval(tuned[metric]))},
                         "gain": {"metric": metric, "against": "base", "value": value, "ci95": [low, high],
                                  "n": len(before)}}  # fmt: skip
    return found


def by_kind(kinds: list[str], before: Places, after: Places) -> dict[str, dict[str, Any]]:
    """The comparison for each kind of question apart."""
    found = {}
    for kind in sorted(set(kinds)):
        chosen = [place for place, own in enumerate(kinds) if own == kind]
        found[kind] = compare([before[c] for c in chosen], [after[c] for c in chosen])
    return found


def gate(found: dict[str, dict], config: EmbedConfig) -> dict[str, Any]:
    """The verdict: the right passage higher on held-out questions, general retrieval not worse by its margin."""
    name = next(iter(found))
    gained, margin = found[name]["mrr"]["gain"], config.embed.general_margin
    change = found[GENERAL]["mrr"]["gain"]
    low, high = change["ci95"]
    other = by_bound("general retrieval (MRR)", -change["value"], (-high, -low), margin, change["n"], "in MRR")
    return {**conclude(gain_check(gained), [other]), "set": name, "margins": {"general_mrr": margin}}


def gain_check(gained: dict[str, Any]) -> Check:
    """Whether held-out questions find their passage higher than with the base model."""
    value, (low, high), n = gained["value"], gained["ci95"], gained["n"]
    figure = (f"MRR on held-out questions {value:+.3f} against the base model (95% interval {low:+.3f} to"
              f" {high:+.3f}, n={n})")  # fmt: skip
    if low > 0:
        return Check("gain", "ok", figure)
    if high <= 0 or value <= 0:
        return Check("gain", "worse", figure)
    needed = evidence.needed_items((high - low) / 2, n, value)
    return Check("gain", "unclear", f"{figure}; about {needed:,} questions would settle it", needed)


def lines(found: dict[str, dict], kinds: dict[str, dict]) -> list[str]:
    """The figures as text."""
    text = []
    for name, block in found.items():
        text.append(f"  {name}: " + ", ".join(f"{metric} {entry['base']:.3f} -> {entry['tuned']:.3f}"
                                              for metric, entry in block.items()))  # fmt: skip
    text += [f"    {kind}: mrr {b['mrr']['base']:.3f} -> {b['mrr']['tuned']:.3f} (n={b['mrr']['n']})"
             for kind, b in kinds.items()]  # fmt: skip
    return text


def tables(section: dict[str, Any], found: dict[str, dict]) -> list[dict[str, Any]]:
    """The same for the run's page."""
    rows = [[name, *(f"{v:.3f}" for v in (section["bm25"][name]["mrr"]["value"], b["mrr"]["base"], b["mrr"]["tuned"])),
             f"{b['mrr']['gain']['value']:+.3f} ({b['mrr']['gain']['ci95'][0]:+.3f} to"
             f" {b['mrr']['gain']['ci95'][1]:+.3f})", str(b["mrr"]["n"])] for name, b in found.items()]  # fmt: skip
    head = ["", "before", "after", "n"]
    apart = [[kind, f"{b['mrr']['base']:.3f}", f"{b['mrr']['tuned']:.3f}", str(b["mrr"]["n"])]
             for kind, b in section["by_kind"].items()]  # fmt: skip
    cut = [[f"{width} numbers, {name}", *(f"{b['mrr'][arm]:.3f}" for arm in ("base", "tuned")), str(b["mrr"]["n"])]
           for width, sets in section["cut"].items() for name, b in sets.items()]  # fmt: skip
    made = [{"title": "Mean reciprocal rank of the right passage", "note": "The gain is paired by question, with its"
             " 95% interval. The general set is nothing that was trained for.", "rows": rows,
             "head": ["set", "BM25", "before", "after", "gain", "n"]},
            {"title": "By kind of question", "note": "MRR on the first set.", "rows": apart, "head": head}]  # fmt: skip
    if cut:
        made.append({"title": "Vectors cut short", "note": "MRR with the first numbers of each vector only.",
                     "rows": cut, "head": head})  # fmt: skip
    return made
