"""How close each student came: next-token accuracy, cross-entropy, divergence from the teacher, the task's score."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import evidence
from training.data import splits
from training.evaluation.gate import Check, by_bound, conclude
from training.methods.distill import student
from training.methods.distill.loss import divergence
from training.methods.distill.rows import labels_of
from training.methods.distill.settings import DistillConfig
from training.models.chat_template import Encoded

DRAWS = 2000

METRICS = {"next_token": "next token right", "agreement": "same first choice as the teacher",
           "cross_entropy": "cross-entropy, nats per token",
           "kl": "KL of student from teacher, nats per token"}  # fmt: skip

SHARES = ("next_token", "agreement", "exact")


def by_row(model: Any, rows: list[Encoded], teacher_states: list[Any], head: Any, batch: int = 8) -> dict[str, list]:
    """Means over each row's labelled places.

    Args:
        model: a student (or the teacher itself).
        rows: held-out rows.
        teacher_states: ``student.states`` of the teacher on the same rows.
        head: the teacher's output layer.

    Returns:
        A list per metric, and ``tokens``.
    """
    import torch

    found: dict[str, list] = {name: [] for name in (*METRICS, "tokens")}
    own_head = model.get_output_embeddings()
    with torch.inference_mode():
        for row, own, other in zip(rows, student.states(model, rows, batch), teacher_states, strict=True):
            labels = torch.tensor(labels_of(row), device=own_head.weight.device)
            log_q = own_head(own.to(own_head.weight)).float().log_softmax(-1)
            log_p = head(other.to(head.weight)).float().log_softmax(-1)
            found["next_token"].append(float((log_q.argmax(-1) == labels).float().mean()))
            found["agreement"].append(float((log_q.argmax(-1) == log_p.argmax(-1)).float().mean()))
            found["cross_entropy"].append(float(-log_q.gather(-1, labels[:, None]).mean()))
            found["kl"].append(float(divergence(log_p, log_q, 0.0).mean()))
            found["tokens"].append(len(labels))
    return found


def compare(items: dict[str, dict[str, list]], control: str, judged: str) -> dict[str, Any]:
    """Each metric's mean by variant, and the judged variant's difference from the control, paired by row.

    Args:
        items: variant -> what ``by_row`` gave (``before`` is the student before training).

    Returns:
        {metric: {"base", "control", "tuned", "by_arm", "n", "gain": {...}}}.
    """
    weights = np.array(items[control]["tokens"])
    found = {}
    for metric in (name for name in items[control] if name != "tokens"):
        weigh = np.ones(len(items[control][metric])) if metric == "exact" else weights
        means = {arm: float(np.average(values[metric], weights=weigh)) for arm, values in items.items()}
        centre, low, high = evidence.paired_difference(
            np.array(items[judged][metric]), np.array(items[control][metric]), draws=DRAWS, weights=weigh
        )
        ci = {arm: _interval(items[place][metric], weigh)
              for arm, place in (("base", "before"), ("control", control), ("tuned", judged))}  # fmt: skip
        found[metric] = {"base": means["before"], "control": means[control], "tuned": means[judged], "ci95": ci,
                         "n": len(items[control][metric]), "by_arm": means,
                         "gain": {"metric": metric, "against": control, "value": centre, "ci95": [low, high],
                                  "n": len(items[control][metric])}}  # fmt: skip
    return found


def _interval(values: list[float], weights: np.ndarray) -> list[float]:
    """95% interval of a weighted mean over rows, by bootstrap."""
    rng, each = np.random.default_rng(0), np.array(values)
    draws = rng.integers(0, len(each), (DRAWS, len(each)))
    means = (each[draws] * weights[draws]).sum(1) / weights[draws].sum(1)
    return [float(x) for x in np.quantile(means, [0.025, 0.975])]


def gate(found: dict[str, dict], config: DistillConfig) -> dict[str, Any]:
    """The verdict: better than the control on the task (or on the next token), no further from the teacher."""
    name = splits.task_of(config).headline if config.distill.rows == "task" else "text"
    name = name if name in found else list(found)[-1]
    block = found[name]
    metric = "exact" if "exact" in block else "next_token"
    divergence, margin = block["kl"]["gain"], config.distill.kl_margin
    others = [by_bound("divergence from the teacher", divergence["value"], tuple(divergence["ci95"]), margin,
                       divergence["n"], "nats")]  # fmt: skip
    verdict = conclude(gain_check(block[metric]["gain"], config.distill.variants[-1]), others)
    return {**verdict, "set": name, "margins": {"kl_nats": margin}}


def gain_check(gained: dict[str, Any], judged: str) -> Check:
    """Whether the judged variant beats its matched control."""
    value, (low, high), n = gained["value"], gained["ci95"], gained["n"]
    name = {"exact": "exact answers", "next_token": "next tokens right"}[gained["metric"]]
    figure = (f"{name} {value * 100:+.1f} points, taught by {judged} instead of {gained['against']} labels on the same"
              f" rows for as many steps (95% interval {low * 100:+.1f} to {high * 100:+.1f}, n={n})")  # fmt: skip
    if low > 0:
        return Check("gain", "ok", figure)
    if high <= 0 or value <= 0:
        return Check("gain", "worse", figure)
    needed = evidence.needed_items((high - low) / 2, n, value)
    return Check("gain", "unclear", f"{figure}; about {needed:,} rows would settle it", needed)


def shown(metric: str, value: float) -> str:
    """A figure as a reader says it."""
    return f"{value:.1%}" if metric in SHARES else f"{value:.3f}"


def lines(found: dict[str, dict]) -> list[str]:
    """The figures as text."""
    text = []
    for name, block in found.items():
        for metric, entry in block.items():
            arms = ", ".join(f"{arm} {shown(metric, value)}" for arm, value in entry["by_arm"].items())
            text.append(f"  {name}, {METRICS.get(metric, metric)}: {arms} (n={entry['n']})")
    return text


def tables(found: dict[str, dict], seconds: dict[str, float]) -> list[dict[str, Any]]:
    """The same for the run's page."""
    result = []
    for name, block in found.items():
        arms = list(next(iter(block.values()))["by_arm"])
        rows = [[METRICS.get(metric, metric), *(shown(metric, entry["by_arm"][arm]) for arm in arms)]
                for metric, entry in block.items()]  # fmt: skip
        rows.append(["seconds of training", *(f"{seconds[arm]:.0f}" if arm in seconds else "–" for arm in arms)])
        result.append({"title": f"Ways of teaching, on held-out rows: {name}", "head": ["figure", *arms], "rows": rows,
                       "note": "Same start, rows and steps; 'before' is the student as it was cut."})  # fmt: skip
    return result
