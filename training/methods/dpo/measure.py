"""What preference optimisation did: how often the fine-tuned answer wins, its length, the KL divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import evidence
from training.data import splits
from training.data.tasks import base as task_base
from training.methods.distill import loss as distill_losses
from training.methods.dpo import pairs as dpo_pairs
from training.methods.dpo.settings import DpoConfig
from training.models import chat_template, guards
from training.models.loading import LoadedModel
from training.run import jsonl
from training.run.folder import RunFolder

KL_ROWS = 32
SHOWN = 5


def measure(
    config: DpoConfig, rows: splits.Splits, loaded: LoadedModel, tuned: Any, folder: RunFolder
) -> dict[str, Any]:
    """Figures on each held-out set, from the run's predictions and the two models.

    Returns:
        {set: {"win_rate", "mean_rule", "length", "kl", "samples"}}; a win is a better score by the run's rule than
        the base model's answer to the same prompt (with examples where the run is with them), a tie counts half.
    """
    found, opponent = {}, "base_few_shot" if config.dpo.few_shot_prompt else "base"
    for name, kept in rows.heldout.items():
        answers = _answers(folder, name, opponent)
        shared = [row for row in kept if row.get("id") in answers["base"] and row.get("id") in answers["tuned"]]
        if not shared:
            continue
        pairs = [(answers["base"][row["id"]], answers["tuned"][row["id"]], task_base.target(row)) for row in shared]
        found[name] = {**wins(config, pairs), "length": lengths(pairs),
                       "kl": divergence_from_base(config, loaded.tokenizer, tuned, shared[:KL_ROWS], pairs),
                       "samples": [{"base": b, "tuned": t, "expected": e} for b, t, e in pairs[:SHOWN]]}  # fmt: skip
    return found


def _answers(folder: RunFolder, name: str, opponent: str) -> dict[str, dict[Any, str]]:
    """Answers to a set's questions by their id, those of the variant ``opponent`` under "base"."""
    sides = {opponent: "base", "tuned": "tuned"}
    found: dict[str, dict[Any, str]] = {side: {} for side in sides.values()}
    for entry in jsonl.read(folder.predictions):
        if entry["set"] == name and entry["arm"] in sides:
            found[sides[entry["arm"]]][entry["id"]] = entry["answer"]
    return found


def wins(config: DpoConfig, pairs: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Win rate of the fine-tuned answers with its interval, by the run's own rule and by the task's score.

    Args:
        pairs: (base's answer, fine-tuned answer, reference).
    """
    task = splits.task_of(config)

    def by_task(text: str, reference: str) -> float:
        scores = task.score(text, reference)
        return scores.get("rule", scores["exact"])

    judges = {"win_rate": lambda t, e: dpo_pairs.preferred(config, t, e), "win_rate_by_task": by_task}
    found: dict[str, Any] = {}
    for name, judge in judges.items():
        points = [0.5 + 0.5 * np.sign(judge(t, e) - judge(b, e)) for b, t, e in pairs]
        means = evidence.bootstrap_means(np.array(points), 2000, 0)
        found[name] = {"value": float(np.mean(points)), "n": len(points),
                       "ci95": [float(x) for x in np.quantile(means, [0.025, 0.975])]}  # fmt: skip
    found["mean_rule"] = {"base": float(np.mean([by_task(b, e) for b, _, e in pairs])),
                          "tuned": float(np.mean([by_task(t, e) for _, t, e in pairs])), "n": len(pairs)}  # fmt: skip
    return found


def lengths(pairs: list[tuple[str, str, str]]) -> dict[str, float]:
    """Mean words of the base's, the fine-tuned and the reference answers."""
    return {name: float(np.mean([len(pair[place].split()) for pair in pairs]))
            for place, name in enumerate(("base", "tuned", "reference"))}  # fmt: skip


def divergence_from_base(config: DpoConfig, tokenizer: Any, tuned: Any, rows: list[dict],
                         pairs: list[tuple[str, str, str]]) -> dict[str, Any]:  # fmt: skip
    """KL(fine-tuned || base) in nats per token, over the whole vocabulary, along the fine-tuned model's own answers.

    Args:
        tuned: a PEFT model; without its adapter it is the base.
        rows: the questions.
        pairs: whose second entry is the fine-tuned answer.
    """
    import torch

    each = []
    device = next(tuned.parameters()).device
    with torch.inference_mode():
        for row, (_, answer, _) in zip(rows, pairs, strict=False):
            if not answer.strip():
                continue
            said = {"messages": [*dpo_pairs.asked_of(config, row), {"role": "assistant", "content": answer}]}
            encoded = chat_template.encode(tokenizer, said, 10**9, how=chat_template.reading(config))
            ids = torch.tensor([encoded.ids], device=device)
            at = torch.tensor([i - 1 for i, label in enumerate(encoded.labels) if label != guards.IGNORED])
            now = tuned(input_ids=ids).logits[0, at].float().log_softmax(-1)
            with tuned.disable_adapter():
                before = tuned(input_ids=ids).logits[0, at].float().log_softmax(-1)
            each += distill_losses.divergence(before, now, 1.0).tolist()
    return {"value": float(np.mean(each)) if each else None, "tokens": len(each), "unit": "nats per token"}


def lines(found: dict[str, Any]) -> list[str]:
    """The figures as text, with answers to look at: numbers alone have hidden broken text before."""
    text = []
    for name, block in found.items():
        win, length = block["win_rate"], block["length"]
        kl = block["kl"]["value"]
        low, high = win["ci95"]
        text.append(f"  {name}: fine-tuned wins {win['value']:.0%} [{low:.0%}, {high:.0%}], n={win['n']};"
                    f" words {length['base']:.1f} -> {length['tuned']:.1f} (reference {length['reference']:.1f});"
                    f" KL {'-' if kl is None else f'{kl:.3f}'} nats per token")  # fmt: skip
        text += [f"    now: {sample['tuned'][:100]!r}" for sample in block["samples"][:2]]
    return text
