"""Score base and fine-tuned model on the same held-out rows, with n and 95% intervals."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np

from labs_py.core import evidence
from training.data import splits
from training.data.tasks import base as task_base
from training.models import chat_template
from training.models.generate import greedy
from training.models.rendering import thoughts

BOOTSTRAP = 2000
ARMS = ("base", "base_few_shot", "warm_start", "tuned")
NO_EXAMPLES = "there is no few-shot control: the task has no examples (task.shots_file names a file of them)"
CONTROLS = ("warm_start", "base_few_shot", "base")  # of equals the first is compared with


def measure(model: Any, tokenizer: Any, rows: splits.Splits, config: Any, arm: str, folder: Any = None,
            limit: int | None = None) -> dict[str, Any]:  # fmt: skip
    """Ask one model every held-out row and score the answers.

    Args:
        model, tokenizer: the model.
        rows: the run's data.
        config: for the task, the batch size, the answer's limit and the number of examples.
        arm: "base", "base_few_shot", "warm_start" or "tuned"; for those with examples see ``examples_of``.
        folder: a RunFolder; each answer becomes a line of its predictions.jsonl.
        limit: only the first so many rows of each set.

    Returns:
        {set: {metric: {"value", "n", "ci95"}, "items": {metric: [...]}, "seconds"}}.
    """
    task = splits.task_of(config)
    shots = examples_of(config, arm)
    stops = chat_template.stop_ids(tokenizer)
    result: dict[str, Any] = {}
    for name, kept in rows.heldout.items():
        kept = kept[:limit]
        asked = [task_base.few_shot(task, row, shots) if shots else task_base.prompt(row) for row in kept]
        prompts = [chat_template.prompt_ids(tokenizer, turns, row.get("tools"), chat_template.reading(config))
                   for turns, row in zip(asked, kept, strict=True)]  # fmt: skip
        started = time.perf_counter()
        answers = greedy(
            model, tokenizer, prompts, config.evaluate.max_new_tokens, stops, config.evaluate.per_device_eval_batch_size
        )
        seconds = time.perf_counter() - started
        # thoughts are no part of the answer, nor the empty block that some templates put before it
        scores = [task.score_row(thoughts.said(answer.text), _spoken(row))
                  for answer, row in zip(answers, kept, strict=True)]  # fmt: skip
        for score, answer in zip(scores, answers, strict=True):
            score.update(stopped=float(answer.stopped), answer_tokens=float(answer.tokens))
        result[name] = summary(scores)
        result[name]["seconds"] = seconds
        if folder is not None:
            _append_predictions(folder, name, arm, task, kept, answers, scores)
    return result


def controls(config: Any) -> tuple[str, ...]:
    """The prompts that the base model is asked with: without examples and, where the task has some, with them.

    Asked twice with the same prompt, it would only seem to have had a fair chance.
    """
    has_examples = bool(config.evaluate.num_fewshot and splits.task_of(config).shots)
    return ("base", "base_few_shot") if has_examples else ("base",)


def _spoken(row: task_base.Row) -> task_base.Row:
    """The row with an expected answer without thoughts."""
    *asked, expected = row["messages"]
    return {**row, "messages": [*asked, thoughts.without(expected)]}


def examples_of(config: Any, arm: str) -> int:
    """How many worked examples an arm's prompts hold: some for the fair baseline and a model fine-tuned with them."""
    tuned_with = arm == "tuned" and getattr(getattr(config, "dpo", None), "few_shot_prompt", False)
    return config.evaluate.num_fewshot if arm == "base_few_shot" or tuned_with else 0


def summary(scores: list[dict[str, float]]) -> dict[str, Any]:
    """Each metric's mean with n and interval, and the items that it stands on."""
    block: dict[str, Any] = {}
    for metric in scores[0] if scores else ():
        values = [score[metric] for score in scores]
        value, n = float(np.mean(values)), len(values)
        if metric == "answer_tokens":
            means = evidence.bootstrap_means(np.array(values), BOOTSTRAP, 0)
            interval = [float(bound) for bound in np.quantile(means, [0.025, 0.975])]
        else:
            interval = list(evidence.wilson(value * n, n))
        block[metric] = {"value": value, "n": n, "ci95": interval}
    block["items"] = {
        metric: [score[metric] for score in scores]
        for metric in (scores[0] if scores else ())
        if metric in ("exact", "content", "field")
    }
    return block


def _append_predictions(folder: Any, name: str, arm: str, task: task_base.Task, rows: list, answers: list,
                        scores: list) -> None:  # fmt: skip
    with open(folder.predictions, "a", encoding="utf-8") as stream:
        for row, answer, score in zip(rows, answers, scores, strict=True):
            line = {
                "set": name,
                "arm": arm,
                "id": row.get("id"),
                "prompt": row["messages"][-2]["content"],
                "answer": answer.text,
                "expected": task_base.target(row),
                "reason": task.extract(thoughts.said(answer.text)).reason,
                "tokens": answer.tokens,
                "stopped": answer.stopped,
                "scores": score,
            }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def combine(base: dict[str, Any], few: dict[str, Any] | None, tuned: dict[str, Any] | None,
            warm: dict[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """The ``eval`` block of a report.

    Args:
        base, few, tuned: what ``measure`` gave for each arm (few may be None: the task has no examples; tuned may be
            None: no adapter yet).
        warm: the same for the model as a supervised warm start left it, where there was one.

    Returns:
        {set: {metric: {"base", "base_few_shot", "tuned", "n", "ci95": {arm: [low, high]}}}}, with "warm_start" where
        there was one, and "base_few_shot" None where the task has no examples; the metrics ``exact`` and ``field`` also
        have ``gain``: {"against", "value", "ci95", "n", "levels": {arm: rate}}, paired by row, over the best of the
        others, on the rows that all answered.
    """
    found_arms = {"base": base, "base_few_shot": few, "warm_start": warm, "tuned": tuned}
    arms = {arm: measured for arm, measured in found_arms.items() if measured is not None}
    block: dict[str, Any] = {}
    for name in base:
        block[name] = {}
        for metric in (key for key in base[name] if key not in ("items", "seconds")):
            found = {arm: measured[name][metric] for arm, measured in arms.items()}
            entry: dict[str, Any] = {arm: figure["value"] for arm, figure in found.items()}
            entry.setdefault("base_few_shot", None)
            entry["n"] = max(figure["n"] for figure in found.values())
            entry["n_by_arm"] = {arm: figure["n"] for arm, figure in found.items()}
            entry["ci95"] = {arm: figure["ci95"] for arm, figure in found.items()}
            if tuned is not None and metric in base[name]["items"]:
                entry["gain"] = gain(metric, {arm: measured[name]["items"][metric] for arm, measured in arms.items()})
            block[name][metric] = entry
        block[name]["seconds"] = {arm: measured[name]["seconds"] for arm, measured in arms.items()}
    return block


def gain(metric: str, items: dict[str, list[float]]) -> dict[str, Any]:
    """The fine-tuned model's gain over the best of its controls on the rows that all answered.

    The controls are the two base prompts, and the warm start where there was one: what plain supervised rows bring is
    not the other method's merit.
    """
    n = min(len(values) for values in items.values())
    against = max((arm for arm in CONTROLS if arm in items), key=lambda arm: float(np.mean(items[arm][:n])))
    centre, low, high = evidence.paired_difference(
        np.array(items["tuned"][:n]), np.array(items[against][:n]), draws=BOOTSTRAP
    )
    return {"metric": metric, "against": against, "value": centre, "ci95": [low, high], "n": n,
            "levels": {arm: float(np.mean(values[:n])) for arm, values in items.items()}}  # fmt: skip


def lines(block: dict[str, Any], metrics: tuple[str, ...] = ("exact", "field", "valid", "stopped")) -> list[str]:
    """The ``eval`` block as text: a line per set and metric."""
    text = []
    for name, found in block.items():
        for metric in metrics:
            if metric not in found:
                continue
            entry = found[metric]
            parts = []
            counts = entry.get("n_by_arm", {})
            for arm in ARMS:
                if entry.get(arm) is not None:
                    low, high = entry["ci95"][arm]
                    of = f" of {counts[arm]}" if counts.get(arm, entry["n"]) != entry["n"] else ""
                    parts.append(f"{arm.replace('_', ' ')} {entry[arm]:.3f} [{low:.3f}, {high:.3f}]{of}")
            text.append(f"{name:<8} {metric:<8} n={entry['n']:<4} " + "  ".join(parts))
        if "gain" in found.get("exact", {}):
            gained = found["exact"]["gain"]
            low, high = gained["ci95"]
            before, after = gained["levels"][gained["against"]], gained["levels"]["tuned"]
            text.append(
                f"{name:<8} gain in exact over {gained['against'].replace('_', ' ')}: {gained['value']:+.3f} "
                f"[{low:+.3f}, {high:+.3f}], from {before:.3f} to {after:.3f} on the same {gained['n']} rows"
            )
        if found.get("exact", {}).get("base_few_shot", 0) is None:
            text.append(f"{name:<8} {NO_EXAMPLES}")
    return text
