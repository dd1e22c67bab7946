"""Does the base model need training at all? Asked before a step is spent."""

from __future__ import annotations

from typing import Any

from training import data, evaluate
from training.errors import DO_NOT_TRAIN

HELP = "does the base model need training at all?"
ABOUT = """Ask the base model some held-out questions, plainly and with examples in the prompt, and judge:

  train            it does not do the task: go on
  fix-the-prompt   its answers are right but not in the form: mend the prompt or the parser first (exit code 13)
  dont-train       with a few examples it does the task well enough already (exit code 13)

The threshold is probe.exact_threshold in the configuration; the better of the two prompts counts."""


# --8<-- [start:verdict]
def decide(base: dict[str, Any], few_shot: dict[str, Any], threshold: float) -> dict[str, Any]:
    """The verdict from the scores of one set.

    Args:
        base, few_shot: ``summary`` of the answers without and with examples.
        threshold: rate of exact answers from which on training is refused.

    Returns:
        {"verdict", "sentence", "better", "exact", "content", "threshold", "exit_code"}.
    """
    better, found = max((("base_few_shot", few_shot), ("base", base)), key=lambda pair: pair[1]["exact"]["value"])
    exact, n = found["exact"]["value"], found["exact"]["n"]
    content = max(found["content"]["value"] for found in (base, few_shot))
    low, high = found["exact"]["ci95"]
    how = "with examples in the prompt" if better == "base_few_shot" else "without any examples"
    figure = f"{exact:.0%} of {n} answers are exact {how} (95% interval {low:.0%} to {high:.0%})"
    if exact >= threshold:
        verdict = "dont-train"
        sentence = f"Don't train: {figure}, at or above the threshold of {threshold:.0%}. Use that prompt."
    elif content >= threshold:
        verdict = "fix-the-prompt"
        sentence = (
            f"Fix the prompt first: {content:.0%} of the answers are right once their form is forgiven, but "
            f"only {exact:.0%} keep the form. Don't train what a clearer prompt or a parser gives for nothing."
        )
    else:
        verdict = "train"
        sentence = f"Training is worth a try: {figure}, below the threshold of {threshold:.0%}."
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


def judge(loaded: Any, rows: data.Loaded, config: Any) -> dict[str, Any]:
    """Ask and decide: ``verdict`` of ``ask``."""
    return verdict(*ask(loaded, rows, config), config)


def ask(loaded: Any, rows: data.Loaded, config: Any, folder: Any = None) -> tuple[str, dict[str, Any]]:
    """The probe's questions, from the task's headline set (or the only one there is), without and with examples.

    Args:
        loaded: model with tokenizer.
        rows: the run's data.
        config: for n and the prompts.
        folder: a RunFolder that keeps the answers.

    Returns:
        The set's name, and ``evaluate.summary`` of the answers to each prompt.
    """
    task = data.task_of(config)
    name = task.headline if task.headline in rows.heldout else next(iter(rows.heldout))
    asked = data.Loaded([], {name: rows.heldout[name][: config.probe.n]}, rows.sha256, {})
    return name, {arm: evaluate.measure(loaded.model, loaded.tokenizer, asked, _with_shots(config), arm, folder)[name]
                  for arm in ("base", "base_few_shot")}  # fmt: skip


def verdict(name: str, found: dict[str, Any], config: Any) -> dict[str, Any]:
    """``decide``'s verdict on what ``ask`` found, with the scores of both prompts and the set's name."""
    shown = {arm: {key: value for key, value in scores.items() if key != "items"} for arm, scores in found.items()}
    return {**decide(found["base"], found["base_few_shot"], config.probe.exact_threshold), "set": name, **shown}


def stands_for_evaluation(config: Any) -> bool:
    """Whether the evaluation would put the very questions of the probe to the untrained model once more."""
    return config.probe.n == config.evaluate.base_rows and config.probe.few_shot == config.evaluate.few_shot


def _with_shots(config: Any) -> Any:
    from dataclasses import replace

    return replace(config, evaluate=replace(config.evaluate, few_shot=config.probe.few_shot))


def add_arguments(parser) -> None:
    """The common arguments."""
    from training import cli

    cli.add_common(parser)


def run(args) -> int:
    """Probe, print the verdict, and exit 13 when training is refused."""
    import json
    from pathlib import Path

    from training import cli
    from training.model import load_base

    config = cli.config_from(args)
    rows = data.load(config)
    data.need_held_out(rows.heldout)
    if args.dry_run:
        print(f"would ask {config.probe.n} questions twice, threshold {config.probe.exact_threshold:.0%}")
        return 0
    found = judge(load_base(config.model), rows, config)
    for arm in ("base", "base_few_shot"):
        exact, content = found[arm]["exact"], found[arm]["content"]
        print(
            f"{arm.replace('_', ' '):<14} exact {exact['value']:.3f} [{exact['ci95'][0]:.3f}, {exact['ci95'][1]:.3f}]"
            f"  content {content['value']:.3f}  n={exact['n']}"
        )
    print(found["sentence"])
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        (Path(args.out) / "probe.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found["exit_code"]
