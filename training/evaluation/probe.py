"""Does the base model need training at all? Asked before a step is spent."""

from __future__ import annotations

from typing import Any

from training.data import splits
from training.evaluation import score
from training.models.loading import LoadedModel
from training.run.errors import DO_NOT_TRAIN
from training.run.settings import Config


# fmt: off
# --8<-- [start:verdict]
def decide(
    base: dict[str, Any], few_shot: dict[str, Any] | None, threshold: float
) -> dict[str, Any]:
    """The verdict from the scores of one set.

    Args:
        base, few_shot: ``summary`` of the answers without and with examples;
            None where the task has no examples.
        threshold: rate of exact answers from which on training is refused.

    Returns:
        {"verdict", "sentence", "better", "exact", "content", "threshold", "exit_code"}.
    """
    asked = {"base_few_shot": few_shot, "base": base} if few_shot else {"base": base}
    better, found = max(asked.items(), key=lambda pair: pair[1]["exact"]["value"])
    exact, n = found["exact"]["value"], found["exact"]["n"]
    content = max(found["content"]["value"] for found in asked.values())
    low, high = found["exact"]["ci95"]
    shown = better == "base_few_shot"
    how = "with examples in the prompt" if shown else "without any examples"
    interval = f"95% interval {low:.0%} to {high:.0%}"
    figure = f"{exact:.0%} of {n} answers are exact {how} ({interval})"
    if exact >= threshold:
        verdict = "dont-train"
        sentence = (
            f"Don't train: {figure}, at or above the threshold of {threshold:.0%}. "
            "Use that prompt."
        )
    elif content >= threshold:
        verdict = "fix-the-prompt"
        sentence = (
            f"Fix the prompt first: {content:.0%} of the answers are right once their "
            f"form is forgiven, but only {exact:.0%} keep the form. Don't train what a "
            "clearer prompt or a parser gives for nothing."
        )
    else:
        verdict = "train"
        sentence = (
            f"Training is worth a try: {figure}, "
            f"below the threshold of {threshold:.0%}."
        )
    return {
        "verdict": verdict,
        "sentence": sentence,
        "better": better,
        "exact": exact,
        "content": content,
        "n": n,
        "threshold": threshold,
        "exit_code": 0 if verdict == "train" else DO_NOT_TRAIN,
    }


# --8<-- [end:verdict]
# fmt: on


def judge(loaded: LoadedModel, rows: splits.Splits, config: Config, folder: Any = None) -> dict[str, Any]:
    """Ask and decide: ``verdict`` of ``ask``, which keeps the answers in ``folder.predictions`` where one is given."""
    return verdict(*ask(loaded, rows, config, folder), config)


def ask(loaded: LoadedModel, rows: splits.Splits, config: Config, folder: Any = None) -> tuple[str, dict[str, Any]]:
    """The probe's questions, from the task's headline set (or the only one there is), without and with examples.

    Args:
        loaded: model with tokenizer.
        rows: the run's data.
        config: for n and the prompts.
        folder: what keeps the answers, by its file ``predictions``.

    Returns:
        The set's name, and ``evaluate.summary`` of the answers to each prompt.
    """
    task = splits.task_of(config)
    name = task.headline if task.headline in rows.heldout else next(iter(rows.heldout))
    asked = splits.Splits([], {name: rows.heldout[name][: config.probe.n]}, rows.sha256, {})
    return name, {arm: score.measure(loaded.model, loaded.tokenizer, asked, _with_shots(config), arm, folder)[name]
                  for arm in controls(config)}  # fmt: skip


def controls(config: Config) -> tuple[str, ...]:
    """The prompts that the base model is asked with: see ``score.controls``."""
    return score.controls(_with_shots(config))


def verdict(name: str, found: dict[str, Any], config: Config) -> dict[str, Any]:
    """``decide``'s verdict on what ``ask`` found, with the scores of both prompts and the set's name."""
    shown = {arm: {key: value for key, value in scores.items() if key != "items"} for arm, scores in found.items()}
    decided = decide(found["base"], found.get("base_few_shot"), config.probe.exact_threshold)
    return {**decided, "set": name, "base_few_shot": None, **shown}


def stands_for_evaluation(config: Config) -> bool:
    """Whether the evaluation would put the very questions of the probe to the base model once more."""
    return config.probe.n == config.evaluate.base_rows and config.probe.num_fewshot == config.evaluate.num_fewshot


def _with_shots(config: Config) -> Config:
    return config.replace(evaluate=config.evaluate.replace(num_fewshot=config.probe.num_fewshot))
