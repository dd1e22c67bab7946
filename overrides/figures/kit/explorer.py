"""Every recorded run as the run explorer shows it: gain, regression, settings, loss and command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from overrides.figures.kit.sources import ROOT, RUNS, record, thinned, value

# What was asked first counts: path in the record, name, unit, factor from the record's unit to the shown one.
Wanted = tuple[str, str, str, float]
GAINS: tuple[Wanted, ...] = (
    ("eval.shifted.exact.gain", "exact answers", "points", 100),
    ("eval.sealed.exact.gain", "exact answers", "points", 100),
    ("eval.held_out.mrr.gain", "mean reciprocal rank", "MRR", 1),
    ("eval.text.next_token.gain", "next tokens right", "points", 100),
    ("eval.shifted.pair_accuracy.gain", "pairs ranked right", "points", 100),
)
# Positive is worse. A gain of the general questions' rank is turned round for that.
REGRESSIONS: tuple[Wanted, ...] = (
    ("regression.cross_entropy.change", "general cross-entropy", "nats", 1),
    ("eval.general.mrr.gain", "rank lost on general questions", "MRR", -1),
    ("distill.nats.text.kl.gain", "divergence from the teacher", "nats", 1),
    ("distill.nats.shifted.kl.gain", "divergence from the teacher", "nats", 1),
    ("reward.shifted.calibration.error", "stated from found probability", "probability", 1),
)
METHODS = {"sft": "SFT", "dpo": "DPO", "grpo": "GRPO", "distill": "Distillation", "embed": "Embedding",
           "reward": "Reward model", "distill-stack": "Distillation"}  # fmt: skip
SIZES = {"bundled:smollm2-135m-instruct": "SmolLM2, 135M", "bundled:all-minilm-l6-v2": "MiniLM, 23M"}
PROGRAMS = {"training.stack.distill": "training/stack/configs/distill-smollm2.yaml"}  # its file when none is named
NO_METHOD, NO_SIZE, STUDENT = "No training method", "Other", "Student with fewer layers"
MOST_POINTS = 60  # of a loss curve


def names() -> list[str]:
    """All recorded runs, by name."""
    return sorted(file.stem for file in RUNS.glob("*.json"))


def settings(command: str) -> dict[str, str]:
    """What the command's file says and the command lays over it, by ``section.key``; empty where it names no file.

    A setting that neither names has its default and is left out.
    """
    words = shlex.split(command)
    file = words[words.index("--config") + 1] if "--config" in words else PROGRAMS.get(words[2])
    if not file or not (ROOT / file).is_file():
        return {}
    found = dict(_flat(yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))))
    for word in words:
        if re.fullmatch(r"[\w.]+=.*", word):
            key, _, said = word.partition("=")
            found[key] = _said(yaml.safe_load(said))
    if "--seed" in words:
        seed = words[words.index("--seed") + 1]
        found |= {key: seed for key in ("data.seed", "train.seed") if key in found}
    return found


def _flat(tree: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, said in tree.items():
        if isinstance(said, dict):
            yield from _flat(said, f"{before}{key}.")
        else:
            yield before + key, _said(said)


def _said(value: Any) -> str:
    """A setting as a YAML file would write it, on one line; ``5e-4`` and ``0.0005`` become the same."""
    if isinstance(value, list):
        return f"[{', '.join(_said(part) for part in value)}]"
    try:
        return f"{float(value):g}" if not isinstance(value, bool) else str(value).lower()
    except (TypeError, ValueError):
        return "null" if value is None else str(value)


def figure_of(run: str, wanted: tuple[Wanted, ...]) -> dict[str, Any] | None:
    """The first of the wanted figures that the run has, in the unit shown; None when it has none."""
    for path, label, unit, factor in wanted:
        try:
            found = value(run, path)
        except ValueError:  # the record has no such figure
            continue
        ends = [None if end is None else factor * end for end in (found.low, found.high)]
        low, high = ends if factor > 0 else ends[::-1]
        return {"path": path, "label": label, "unit": unit, "value": factor * found.value, "low": low, "high": high,
                "n": found.n}  # fmt: skip
    return None


@lru_cache(maxsize=400)
def entry(run: str) -> dict[str, Any]:
    """One run: what is filtered by, what is drawn, and what stands beside other runs."""
    whole = record(run)
    command = whole["run"]["command"]
    found = settings(command)
    train = whole.get("train") or whole.get("training", {}).get("train", {})
    loss = train.get("loss") if isinstance(train.get("loss"), list) else None
    steps, means = thinned(loss, MOST_POINTS) if loss else ([], [])
    return {
        "name": run,
        "task": found.get("task", "other"),
        "method": METHODS.get(found.get("method", ""), NO_METHOD),
        "size": STUDENT if "distill.layers" in found else SIZES.get(found.get("model.source", ""), NO_SIZE),
        "gain": figure_of(run, GAINS),
        "regression": figure_of(run, REGRESSIONS),
        "verdict": whole.get("gate", {}).get("verdict", "no gate"),
        "sentence": whole.get("gate", {}).get("sentence", ""),
        "command": command,
        "started": str(whole["run"]["started"])[:10],
        "device": whole["environment"]["device"],
        "seconds": train.get("seconds"),
        "settings": found,
        "loss": {"step": steps, "nats": [round(mean, 4) for mean in means]},
        "answers": len(whole.get("regression", {}).get("samples", ())),
    }


def entries() -> list[dict[str, Any]]:
    """All recorded runs."""
    return [entry(run) for run in names()]
